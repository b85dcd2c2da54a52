"""Keys by which gateways sign their batches: made or taken, shown once, found again by number.

A shared secret is written down nowhere: it follows from the secret of this home and the key's
number, so whoever reads the database alone cannot sign. Of an Ed25519 pair the public half is kept;
the private one never leaves the gateway.
"""

from __future__ import annotations

import base64
import hmac

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tanma.apps.metering.models import Gateway, GatewayKey
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem
from tanma.intake.live import ED25519, HMAC, SigningKey


def sign_by_secret(gateway: Gateway, *, author: str) -> str:
    """From now on batches are signed with HMAC; the key as the client takes it, told this once."""
    row = _replace(gateway, algorithm=HMAC, made_by=author)
    secret = base64.urlsafe_b64encode(_secret(row)).decode().rstrip("=")
    return f"{row.uid}.{secret}"


def sign_by_public_key(gateway: Gateway, pem: str, *, author: str) -> str:
    """From now on batches are signed with the private half of this key; the key's number."""
    return _replace(gateway, algorithm=ED25519, public=_public(pem), made_by=author).uid


def end_signing(gateway: Gateway) -> None:
    """Batches need no signature any more; what was signed can be checked as before."""
    gateway.keys.filter(ended_at=None).update(ended_at=timezone.now())


def live_keys() -> dict[int, tuple[SigningKey, ...]]:
    """Gateway → the key by which it must sign."""
    rows = GatewayKey.objects.filter(ended_at=None)
    return {row.gateway_id: (verifier(row),) for row in rows}


def find_key(uid: str) -> GatewayKey | None:
    """A key by its number, also one that has ended."""
    try:
        number = id_from_text(uid)
    except Problem:
        return None
    return GatewayKey.objects.select_related("gateway").filter(pk=number).first()


def verifier(row: GatewayKey) -> SigningKey:
    """What checks the signatures of a key."""
    key = _secret(row) if row.algorithm == HMAC else base64.b64decode(row.public)
    return SigningKey(row.uid, row.algorithm, key)


@transaction.atomic
def _replace(gateway: Gateway, **said: str) -> GatewayKey:
    """A new key; the one before ends at once, as a token does."""
    end_signing(gateway)
    return GatewayKey.objects.create(gateway=gateway, **said)


def _secret(row: GatewayKey) -> bytes:
    about = f"signing key of a gateway\x1f{row.uid}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), about, "sha256")


def _public(pem: str) -> str:
    try:
        key = load_pem_public_key(pem.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Problem("gateway_public_key")
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
