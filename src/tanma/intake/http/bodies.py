"""Bodies of requests, expanded within a limit: a small one must not become a large one."""

from __future__ import annotations

import zlib

import pyarrow as pa

from tanma.domain.messages import Problem

MOST_BYTES = 16 * 2**20
"""Of a body, as sent and expanded: 50,000 JSON rows of 300 bytes."""
ENCODINGS = ("identity", "gzip", "zstd")


def expand(body: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding."""
    if encoding in ("", "identity"):
        return body
    try:
        plain = _gunzip(body) if encoding == "gzip" else _unzstd(body)
    except (zlib.error, pa.ArrowException, OSError, EOFError) as error:
        raise Problem("http_encoding_broken", encoding=encoding, reason=str(error)) from None
    if len(plain) > MOST_BYTES:
        raise too_large(len(plain))
    return plain


def too_large(size: int) -> Problem:
    return Problem("http_too_large", size=size, most=MOST_BYTES)


def _gunzip(body: bytes) -> bytes:
    expander = zlib.decompressobj(wbits=31)
    plain = expander.decompress(body, MOST_BYTES + 1)
    if len(plain) <= MOST_BYTES and not expander.eof:
        raise EOFError("the gzip stream ends too early")
    return plain


def _unzstd(body: bytes) -> bytes:
    with pa.input_stream(pa.BufferReader(body), compression="zstd") as stream:
        return bytes(stream.read(MOST_BYTES + 1))
