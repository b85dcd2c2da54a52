"""Times as devices say them to µs since 1970 UTC: milliseconds, RFC 3339 text, or timestamps."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tanma.domain.readings import INSTANT

EARLIEST_US = 946_684_800_000_000
"""2000-01-01: earlier is a clock that was never set, or seconds sent as milliseconds."""
LATEST_US = 4_102_444_800_000_000
"""2100-01-01."""
NONE = np.iinfo(np.int64).min
"""Stands where no time could be read."""


def instants(said: pa.Array | list[Any]) -> NDArray[np.int64]:
    """µs since 1970 UTC; NONE where it is missing or not readable."""
    if isinstance(said, list):
        return _of_list(said)
    if pa.types.is_timestamp(said.type):
        return _integers(pc.cast(said, INSTANT, safe=False))
    if pa.types.is_integer(said.type):
        return _of_milliseconds(_integers(pc.cast(said, pa.int64(), safe=False)))
    if pa.types.is_string(said.type) or pa.types.is_large_string(said.type):
        return _of_text(said)
    return np.full(len(said), NONE)


def in_reach(us: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Times that a meter of this century can have said."""
    return (us >= EARLIEST_US) & (us < LATEST_US)


def _integers(array: pa.Array) -> NDArray[np.int64]:
    numbers = array.view(pa.int64())
    if not numbers.null_count:
        return np.asarray(numbers.to_numpy())
    return np.asarray(pc.fill_null(numbers, NONE).to_numpy(zero_copy_only=False))


def _of_milliseconds(ms: NDArray[np.int64]) -> NDArray[np.int64]:
    # Beyond these a product with 1000 would wrap around; they are out of reach either way.
    return np.where(ms == NONE, NONE, np.clip(ms, -(10**15), 10**15) * 1000)


def _of_list(said: list[Any]) -> NDArray[np.int64]:
    kinds = set(map(type, said))
    try:
        if kinds == {int}:
            return _of_milliseconds(np.array(said, np.int64))
        if kinds == {str}:
            return _of_text(pa.array(said, pa.string()))
    except OverflowError:
        pass
    return np.array([_one(s) for s in said], np.int64)


def _of_text(said: pa.Array) -> NDArray[np.int64]:
    try:
        return _integers(pc.cast(said, INSTANT))
    except pa.ArrowInvalid:
        return np.array([_one(s) for s in said.to_pylist()], np.int64)


def _one(said: object) -> int:
    """One time; NONE where it says none."""
    if isinstance(said, int) and not isinstance(said, bool):
        return min(max(said, -(10**15)), 10**15) * 1000
    if not isinstance(said, str) or len(said) < len("2026-09-01T00:00Z"):
        return int(NONE)
    try:
        moment = dt.datetime.fromisoformat(said.strip().upper())
    except ValueError:
        return int(NONE)
    if moment.tzinfo is None:
        return int(NONE)
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
