"""Compressed bodies are expanded within a limit."""

import gzip

import pyarrow as pa
import pytest

from tanma.domain.messages import Problem
from tanma.intake.http.bodies import MOST_BYTES, expand


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "zstd"])
def test_every_encoding_gives_the_body_back(encoding):
    packed = {"gzip": gzip.compress, "zstd": lambda b: pa.compress(b, "zstd", asbytes=True)}
    assert b"body" * 99 == expand(packed.get(encoding, bytes)(b"body" * 99), encoding)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_small_body_that_becomes_a_large_one_is_refused(encoding):
    big = bytes(MOST_BYTES + 1)
    packed = gzip.compress(big) if encoding == "gzip" else pa.compress(big, "zstd", asbytes=True)
    assert len(packed) < 20_000
    with pytest.raises(Problem) as caught:
        expand(packed, encoding)
    assert "http_too_large" == caught.value.code
    for lang in ("zh", "en"):
        assert str(MOST_BYTES) in caught.value.text(lang)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("cut", [1, 9, -1])
def test_a_cut_body_is_refused(encoding, cut):
    body = bytes(range(256)) * 40
    packed = gzip.compress(body) if encoding == "gzip" else pa.compress(body, "zstd", asbytes=True)
    with pytest.raises(Problem) as caught:
        expand(packed[:cut], encoding)
    assert "http_encoding_broken" == caught.value.code
    for lang in ("zh", "en"):
        assert encoding in caught.value.text(lang)
