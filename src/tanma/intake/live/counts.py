"""Values as devices say them to exact counts of a channel's resolution, never rounded.

A count n at scale s stands for n · 10⁻ˢ. Integers and decimal texts must come out whole. A binary
float is taken when one such number, and no other, lies within two and a half units in its last
place: 12.34 and 3 × 0.1 are, 12.345 at scale 2 is not, and neither is 12345678.9 in 32 bits, where
hundredths are already lost.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tanma.intake import amounts

OK, MISSING, NOT_NUMBER, TOO_FINE, TOO_COARSE, TOO_LARGE = range(6)
CODES = {
    NOT_NUMBER: "reading_value_not_number",
    TOO_FINE: "reading_value_too_fine",
    TOO_COARSE: "reading_value_too_coarse",
    TOO_LARGE: "reading_value_too_large",
}
_TENS = 10 ** np.arange(19, dtype=np.int64)
_TENS_FLOAT = 10.0 ** np.arange(19)
_MOST = np.iinfo(np.int64).max
_OF_AMOUNTS = np.array([OK, MISSING, NOT_NUMBER, TOO_FINE, TOO_LARGE], np.int8)
_ULPS = 2

Counted = tuple[NDArray[np.int64], NDArray[np.int8]]
"""Counts and a state per row; a count means something only where the state is OK."""


def counts(said: pa.Array | list[Any], scale: NDArray[np.int64]) -> Counted:
    """Counts of values at the scale of their channel (decimals, 0 to 15)."""
    if isinstance(said, list):
        return _of_list(said, scale)
    kind = said.type
    if pa.types.is_integer(kind):
        return _of_integers(said, scale)
    if pa.types.is_floating(kind):
        return _of_floats(said, scale)
    if pa.types.is_decimal(kind):
        return _of_text(pc.cast(said, pa.string()), scale)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _of_text(pc.cast(said, pa.string()), scale)
    state = np.where(_null(said), MISSING, NOT_NUMBER).astype(np.int8)
    return np.zeros(len(said), np.int64), state


def _null(said: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.is_null(said).to_numpy(zero_copy_only=False))


def _filled(said: pa.Array, missing: float) -> NDArray[Any]:
    """The values, with something where there is none; mostly there is nothing to fill."""
    whole = pc.fill_null(said, missing) if said.null_count else said
    return np.asarray(whole.to_numpy(zero_copy_only=False))


def _of_integers(said: pa.Array, scale: NDArray[np.int64]) -> Counted:
    if pa.types.is_uint64(said.type):
        return _of_text(pc.cast(said, pa.string()), scale)
    values = _filled(said if pa.types.is_int64(said.type) else pc.cast(said, pa.int64()), 0)
    tens = _TENS[scale]
    limit = _MOST // tens
    large = (values > limit) | (values < -limit)
    count = np.where(large, 0, values) * tens
    state = np.where(large, TOO_LARGE, OK).astype(np.int8)
    if said.null_count:
        state[_null(said)] = MISSING
    return count, state


def _of_floats(said: pa.Array, scale: NDArray[np.int64]) -> Counted:
    said = (
        said
        if pa.types.is_float32(said.type) or pa.types.is_float64(said.type)
        else pc.cast(said, pa.float32())
    )
    null = _null(said) if said.null_count else None
    value = _filled(said, 0.0)
    finite = np.isfinite(value)
    value = np.where(finite, value, 0)
    tens = _TENS_FLOAT[scale]
    wide = value.astype(np.float64)
    ulp = np.spacing(np.abs(value)).astype(np.float64)
    with np.errstate(over="ignore"):  # what overflows is far too coarse
        nearest = np.rint(wide * tens)
    # A whole number of counts, said as the nearest float there is, or within the tolerance.
    exact = (nearest / tens).astype(value.dtype) == value
    near = np.abs(wide - nearest / tens) <= _ULPS * ulp
    step = ulp * tens
    fits = (exact & (step <= 1)) | (near & (step * 2 * _ULPS <= 1))
    state = np.where(fits, OK, np.where(step * 2 * _ULPS <= 1, TOO_FINE, TOO_COARSE))
    state = np.where(finite, state, NOT_NUMBER).astype(np.int8)
    if null is not None:
        state[null] = MISSING
    return np.where(state == OK, nearest, 0).astype(np.int64), state


def _of_text(said: pa.Array, scale: NDArray[np.int64]) -> Counted:
    ratios = [Fraction(10**s) for s in range(int(scale.max(initial=0)) + 1)]
    found = amounts.counts(said, ratios, scale)
    state = _OF_AMOUNTS[found.state]
    # An empty text says nothing; only null withdraws.
    state[(state == MISSING) & ~_null(said)] = NOT_NUMBER
    return found.count, state


def _of_list(said: list[Any], scale: NDArray[np.int64]) -> Counted:
    """Python values as JSON gives them, of one kind or mixed."""
    kinds = set(map(type, said)) - {type(None)}
    if kinds == {int, float} and (array := _array(said, pa.float64())) is not None:
        return _of_numbers(said, array, scale)
    if len(kinds) > 1:
        return _of_mixed(said, scale)
    kind = next(iter(kinds), int)
    if kind in _ARROW and (array := _array(said, _ARROW[kind])) is not None:
        return counts(array, scale)
    if kind is int:
        return _of_mixed(said, scale)
    state = [MISSING if s is None else NOT_NUMBER for s in said]
    return np.zeros(len(said), np.int64), np.array(state, np.int8)


def _of_numbers(said: list[Any], array: pa.Array, scale: NDArray[np.int64]) -> Counted:
    """Integers beside floats: all as floats, and those that are too coarse each by its kind."""
    count, state = _of_floats(array, scale)
    rows = np.flatnonzero(state > MISSING)
    if len(rows):
        count[rows], state[rows] = _of_mixed([said[row] for row in rows], scale[rows])
    return count, state


_ARROW = {int: pa.int64(), float: pa.float64(), str: pa.string()}


def _array(said: list[Any], kind: pa.DataType) -> pa.Array | None:
    try:
        return pa.array(said, kind)
    except (OverflowError, pa.ArrowInvalid):  # an integer that the type cannot hold
        return None


def _of_mixed(said: list[Any], scale: NDArray[np.int64]) -> Counted:
    """Each kind for itself, so that a float beside a text does not change what either says."""
    count, state = np.zeros(len(said), np.int64), np.full(len(said), NOT_NUMBER, np.int8)
    kinds = [_kind(s) for s in said]
    for kind, arrow in _ARROW.items():
        rows = np.array([n for n, k in enumerate(kinds) if k is kind], np.int64)
        if len(rows):
            values = pa.array([said[n] for n in rows], arrow)
            count[rows], state[rows] = counts(values, scale[rows])
    for n, value in enumerate(said):
        if value is None:
            state[n] = MISSING
        elif type(value) is int and kinds[n] is None:
            state[n] = TOO_LARGE
    return count, state


def _kind(value: object) -> type | None:
    if type(value) is int and not -_MOST <= value <= _MOST:
        return None
    return type(value)
