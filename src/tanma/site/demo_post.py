"""How what lives in the demo sends: one message to the door that real gateways use."""

from __future__ import annotations

import urllib.error
import urllib.request


def post(address: str, token: str, key: str, body: bytes, form: str) -> bool:
    """Send one message; False where the intake does not take it now."""
    headers = {
        "Authorization": f"Bearer {token}", "Content-Type": form, "Idempotency-Key": key,
    }  # fmt: skip
    request = urllib.request.Request(f"{address}/v1/readings", body, headers)
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
    return True
