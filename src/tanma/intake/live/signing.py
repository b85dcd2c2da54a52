"""Keys by which a gateway signs what it sends, and what is kept of a signature.

Signatures follow RFC 9421: a short text, the signature base, names the digest of the body and what
else was covered, and is signed with HMAC-SHA256 or Ed25519. Base and signature are kept together,
so that they can be checked again at any time, also when the body has become its digest alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field

HMAC, ED25519 = "hmac-sha256", "ed25519"
"""Names of the algorithms in RFC 9421."""
_DIGEST = re.compile(r'^"content-digest": (?:.*, ?)?sha-256=:([A-Za-z0-9+/]{43}=):', re.MULTILINE)


@dataclass(frozen=True)
class SigningKey:
    """A key: the shared secret of HMAC, or the 32 bytes of an Ed25519 public key."""

    uid: str
    """Its `keyid`."""
    algorithm: str
    key: bytes = field(repr=False)

    def verifies(self, base: str, signature: bytes) -> bool:
        """Whether the holder of this key signed a signature base."""
        if self.algorithm == HMAC:
            own = hmac.digest(self.key, base.encode(), "sha256")
            return hmac.compare_digest(own, signature)
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, base.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signed:
    """What is kept of a signature beside the body that it covers."""

    base: str
    signature: bytes

    def as_text(self) -> str:
        signature = base64.b64encode(self.signature).decode()
        return json.dumps({"base": self.base, "signature": signature}, ensure_ascii=False)

    @classmethod
    def of_text(cls, text: str) -> Signed:
        kept = json.loads(text)
        return cls(kept["base"], base64.b64decode(kept["signature"]))

    @property
    def key_uid(self) -> str:
        """Which key it names."""
        found = re.search(r';keyid="([^"]*)"', self.base.rpartition("\n")[2])
        return found[1] if found else ""

    def covers(self, digest: bytes) -> bool:
        """Whether the base names this SHA-256 as the one of the body."""
        found = _DIGEST.search(self.base)
        return found is not None and base64.b64decode(found[1]) == digest


def digest_field(body: bytes) -> str:
    """Content-Digest of a body (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
