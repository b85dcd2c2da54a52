"""Keys and what is kept of signatures; test vectors of RFC 9421 appendix B."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from tanma.intake.live import ED25519, HMAC, Signed, SigningKey, digest_field

SHARED = base64.b64decode(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)
B25 = (
    '"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@authority": example.com\n'
    '"content-type": application/json\n"@signature-params": ("date" "@authority" "content-type")'
    ';created=1618884473;keyid="test-shared-secret"'
)
PUBLIC = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""
B26 = (
    '"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n'
    '"@authority": example.com\n"content-type": application/json\n"content-length": 18\n'
    '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)


def public() -> bytes:
    return load_pem_public_key(PUBLIC.encode()).public_bytes(Encoding.Raw, PublicFormat.Raw)


VECTORS = [
    (SigningKey("k", HMAC, SHARED), B25, "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="),
    (SigningKey("k", ED25519, public()), B26,
     "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="),
]  # fmt: skip


@pytest.mark.parametrize(("key", "base", "signature"), VECTORS, ids=["B.2.5", "B.2.6"])
def test_the_vectors_of_the_standard_hold_and_nothing_beside_them(key, base, signature):
    raw = base64.b64decode(signature)
    assert key.verifies(base, raw)
    assert not key.verifies(base.replace("2021", "2022"), raw)
    assert not key.verifies(base, raw[:-1] + bytes([raw[-1] ^ 1]))
    assert not key.verifies(base, b"")
    assert not SigningKey("k", key.algorithm, key.key[::-1]).verifies(base, raw)


def test_a_digest_as_the_standard_writes_it():
    body = b'{"hello": "world"}'
    assert "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:" == digest_field(body)


def test_what_is_kept_tells_its_key_and_its_digest():
    digest = hashlib.sha256(b"body").digest()
    base = (
        f'"@method": POST\n"content-digest": sha-512=:YQ==:, {digest_field(b"body")}\n'
        '"@signature-params": ("@method" "content-digest");created=1;keyid="0ABC"'
    )
    signed = Signed(base, b"\x00\xff")
    assert signed == Signed.of_text(signed.as_text())
    assert "0ABC" == signed.key_uid
    assert signed.covers(digest)
    assert not signed.covers(hashlib.sha256(b"other").digest())
    assert not Signed(base.replace("content-digest", "x-digest"), b"").covers(digest)
    assert "" == Signed('"@signature-params": ()', b"").key_uid


def test_a_key_is_never_printed():
    assert "secret" not in repr(SigningKey("k", HMAC, b"secret"))
