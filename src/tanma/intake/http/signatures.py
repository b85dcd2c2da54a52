"""Signed requests: Content-Digest (RFC 9530) and HTTP Message Signatures (RFC 9421).

A gateway that was given a signing key must sign each batch. The signature covers the digest of the
body as it was sent, its type and coding, and the Idempotency-Key where there is one, so that none
of them can be put to another body. A message sent again by somebody else is no new reading: it is
known by its key and content.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from tanma.domain.messages import Problem
from tanma.intake.live import Scope, Signed, SigningKey, digest_field

WITHIN_S = 300
"""How far `created` may lie from this machine's clock, either way."""
_NEEDED = ("content-digest", "content-type")
_NEEDED_IF_SENT = ("content-encoding", "idempotency-key")
_NAME = r"[a-z*][a-z0-9_\-.*]*"
_PARAMETERS = rf'(?:;{_NAME}=(?:"[^"\\]*"|-?\d{{1,15}}))*'
_MEMBER = re.compile(rf'({_NAME})=(\(((?:"[^"\\ ]+"(?: "[^"\\ ]+")*)?)\)({_PARAMETERS}))')
_BYTES = re.compile(rf"({_NAME})=:([A-Za-z0-9+/=]*):")
_PARAMETER = re.compile(rf';({_NAME})=(?:"([^"\\]*)"|(-?\d+))')


class Sent(Protocol):
    """The parts of a request that a signature may cover."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def header(self) -> Callable[[str], str | None]: ...


@dataclass(frozen=True)
class _Claim:
    """One member of Signature-Input: its value as written, what it covers, its parameters."""

    label: str
    value: str
    covered: tuple[str, ...]
    said: dict[str, str]


def signature(
    request: Sent, body: bytes, scope: Scope, now: Callable[[], float] = time.time
) -> Signed | None:
    """The signature of a request whose gateway must sign; a Problem where it does not hold.

    None for a gateway without a signing key. A Content-Digest that was sent must always be right.
    """
    _check_digest(request, body)
    if not scope.keys:
        return None
    claim, key = _claimed(request, scope)
    _check_covered(request, claim)
    _check_created(claim, now())
    base = _base(request, claim)
    given = _signature_of(request, claim.label)
    if claim.said.get("alg", key.algorithm) != key.algorithm or not key.verifies(base, given):
        raise Problem("http_signature_wrong", key=key.uid, algorithm=key.algorithm)
    return Signed(base, given)


def _check_digest(request: Sent, body: bytes) -> None:
    """Hold a body against its Content-Digest; digests of other kinds than SHA-256 are passed by."""
    said = request.header("content-digest")
    found = None if said is None else re.search(r"sha-256=:[^:]*:", said)
    if found is not None and found[0] != digest_field(body):
        raise Problem("http_digest_wrong", said=found[0], found=digest_field(body))


def _claimed(request: Sent, scope: Scope) -> tuple[_Claim, SigningKey]:
    """The first claim that names a key of the gateway, and that key."""
    said = request.header("signature-input")
    if not said or not request.header("signature"):
        raise Problem("http_signature_missing", source=scope.source, key=scope.keys[0].uid)
    keys = {key.uid: key for key in scope.keys}
    for claim in _claims(said):
        if key := keys.get(claim.said.get("keyid", "")):
            return claim, key
    raise Problem("http_signature_key", source=scope.source, key=scope.keys[0].uid)


def _claims(text: str) -> Iterator[_Claim]:
    """The members of Signature-Input, in the canonical form of structured fields."""
    for hit in _members(text, _MEMBER, "Signature-Input"):
        covered = tuple(name.strip('"') for name in hit[3].split(" ")) if hit[3] else ()
        said = {name: quoted or number for name, quoted, number in _PARAMETER.findall(hit[4])}
        yield _Claim(hit[1], hit[2], covered, said)


def _members(text: str, form: re.Pattern[str], field: str) -> Iterator[re.Match[str]]:
    """Members of a dictionary of one form; anything else is a Problem."""
    place = 0
    while hit := form.match(text, place):
        yield hit
        if hit.end() == len(text):
            return
        between = re.compile(r"[ \t]*,[ \t]*").match(text, hit.end())
        place = between.end() if between else len(text)
    raise Problem("http_signature_form", field=field, said=text[:200])


def _check_covered(request: Sent, claim: _Claim) -> None:
    needed = [*_NEEDED, *(n for n in _NEEDED_IF_SENT if request.header(n) is not None)]
    missing = [name for name in needed if name not in claim.covered]
    if missing:
        raise Problem("http_signature_covers", missing=" ".join(missing))


def _check_created(claim: _Claim, now_s: float) -> None:
    created = claim.said.get("created", "")
    if not created.lstrip("-").isdecimal() or abs(now_s - int(created)) > WITHIN_S:
        created = created or "–"
        raise Problem("http_signature_time", created=created, now=int(now_s), within=WITHIN_S)


def _base(request: Sent, claim: _Claim) -> str:
    """The text that was signed (RFC 9421 §2.5)."""
    lines = [f'"{name}": {_component(request, name)}' for name in claim.covered]
    return "\n".join([*lines, f'"@signature-params": {claim.value}'])


def _component(request: Sent, name: str) -> str:
    derived = {"@method": request.method, "@path": request.path}
    value = derived.get(name) if name.startswith("@") else request.header(name)
    if value is None:
        raise Problem("http_signature_component", name=name[:80], known=", ".join(derived))
    return value.strip()


def _signature_of(request: Sent, label: str) -> bytes:
    """The signature under a label."""
    text = request.header("signature") or ""
    for hit in _members(text, _BYTES, "Signature"):
        if hit[1] == label:
            try:
                return base64.b64decode(hit[2], validate=True)
            except binascii.Error:
                break
    raise Problem("http_signature_form", field="Signature", said=text[:200])
