"""How what lives in the demo sends: one message to the door that real gateways use."""

from __future__ import annotations

import urllib.error
import urllib.request

from tanma.client import Signer


def post(address: str, token: str, key: str, body: bytes, form: str, signing_key: str = "") -> bool:
    """Send one message, signed where a key is given; False where it is not taken now."""
    headers = {
        "Authorization": f"Bearer {token}", "Content-Type": form, "Idempotency-Key": key,
    }  # fmt: skip
    if signing_key:
        headers |= Signer(signing_key).headers("POST", body, headers)
    request = urllib.request.Request(f"{address}/v1/readings", body, headers)
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
    return True
