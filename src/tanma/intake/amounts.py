"""Decimal texts to exact integer counts, a column at a time.

A text `12.50` is a mantissa 1250 and two digits after the point; the count at scale s in a unit
that is r of the item's units is 1250 · r · 10^(s−2). All of it runs in int64; rows that could
overflow, or that are not plainly written, go through fractions, one by one and just as exact.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

OK, MISSING, NOT_DECIMAL, TOO_FINE, TOO_LARGE = range(5)
LIMIT = 2**63
"""A count must stay below it in magnitude."""
_SAFE_FLOAT = 9.2e18
_PLAIN = r"^-?[0-9]{1,17}(\.[0-9]*)?$"
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_MOST_CHARACTERS = 1_000
"""Of a number: Python refuses to read integers of some thousand digits."""


@dataclass(frozen=True)
class Counts:
    """Counts per row, with a state per row; a count means something only where state is OK."""

    count: NDArray[np.int64]
    state: NDArray[np.int8]
    digits: NDArray[np.int64]
    """Digits after the decimal point as written, for the message about too many."""


def counts(
    text: pa.Array, ratios: list[Fraction], which: NDArray[np.int64] | None = None
) -> Counts:
    """Counts of decimal texts: text × ratios[which], which must come out whole.

    A ratio carries unit and scale together: 1 MWh at item kWh, scale 3 is 1000 · 10³.
    """
    index = np.zeros(len(text), np.int64) if which is None else which
    plain = _flags(pc.match_substring_regex(text, _PLAIN))
    mantissa, digits = _mantissa(text, plain)
    count, state = _scaled(mantissa, digits, ratios, index)
    state[~plain] = NOT_DECIMAL
    state[_flags(pc.equal(text, "")) | _flags(pc.is_null(text))] = MISSING
    result = Counts(count, state, digits)
    _slow_rows(result, text, ratios, index)
    return result


def _flags(mask: pa.Array) -> NDArray[np.bool_]:
    filled = pc.fill_null(mask, False)
    array = filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled
    return np.asarray(array.to_numpy(zero_copy_only=False)).astype(bool)


def _mantissa(
    text: pa.Array, plain: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    point = _integers(pc.find_substring(text, "."))
    length = _integers(pc.utf8_length(text))
    digits = np.where(point >= 0, length - point - 1, 0)
    small = plain & (length <= 18)
    figures = pc.if_else(pa.array(small), pc.replace_substring(text, ".", ""), "0")
    # What does not fit the fast way is marked by a state of its own and looked at again.
    digits[plain & ~small] = 99
    return _integers(pc.cast(figures, pa.int64())), digits


def _integers(array: pa.Array) -> NDArray[np.int64]:
    filled = pc.fill_null(array, 0)
    flat = filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled
    return np.array(flat.to_numpy(zero_copy_only=False), dtype=np.int64)


def _split(ratio: Fraction) -> tuple[int, int, int]:
    """A ratio as numerator · 10^power ÷ denominator, the tens taken out of both."""
    numerator, denominator, power = ratio.numerator, ratio.denominator, 0
    while numerator % 10 == 0 and numerator:
        numerator, power = numerator // 10, power + 1
    while denominator % 10 == 0:
        denominator, power = denominator // 10, power - 1
    return numerator, denominator, power


def _scaled(
    mantissa: NDArray[np.int64],
    digits: NDArray[np.int64],
    ratios: list[Fraction],
    index: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    parts = np.array([_split(r) for r in ratios] or [(1, 1, 0)], dtype=np.int64)
    numerator, denominator, power = (parts[index, i] for i in range(3))
    exponent = power - digits
    up, down = np.clip(exponent, 0, 18), np.clip(-exponent, 0, 18)
    tens = 10 ** np.arange(19, dtype=np.int64)
    size = np.abs(mantissa.astype(np.float64)) * numerator * 10.0**up
    divisor_size = denominator.astype(np.float64) * 10.0**down
    hard = (size > _SAFE_FLOAT) | (np.abs(exponent) > 18) | (divisor_size > _SAFE_FLOAT)
    raised = np.where(hard, 0, mantissa) * numerator * np.where(hard, 1, tens[up])
    divisor = np.where(hard, 1, denominator * tens[down])
    state = np.where(hard, TOO_LARGE, np.where(raised % divisor != 0, TOO_FINE, OK))
    return raised // divisor, state.astype(np.int8)


def _slow_rows(
    result: Counts, text: pa.Array, ratios: list[Fraction], index: NDArray[np.int64]
) -> None:
    """Rows that the columns could not settle, through exact fractions."""
    rows = np.flatnonzero((result.state == NOT_DECIMAL) | (result.state == TOO_LARGE))
    seen: dict[tuple[str, int], tuple[int, int, int]] = {}
    for row, value in zip(rows.tolist(), text.take(pa.array(rows)).to_pylist(), strict=True):
        key = (value, int(index[row]))
        if key not in seen:
            seen[key] = exact_count(value, ratios[key[1]])
        result.count[row], result.state[row], result.digits[row] = seen[key]


def exact_count(text: str, ratio: Fraction) -> tuple[int, int, int]:
    """(count, state, digits) of one text; reads full-width digits, 1,234.5 and 1.2e3 as well."""
    number, state, digits = exact_number(text)
    if state != OK:
        return 0, state, digits
    count = number * ratio
    if count.denominator != 1:
        return 0, TOO_FINE, digits
    if abs(count.numerator) >= LIMIT:
        return 0, TOO_LARGE, digits
    return count.numerator, OK, digits


def exact_number(text: str) -> tuple[Fraction, int, int]:
    """(number, OK, MISSING or NOT_DECIMAL, decimals) of one text, nothing rounded."""
    clean = unicodedata.normalize("NFKC", text).strip()
    if len(clean) > _MOST_CHARACTERS:
        return Fraction(0), NOT_DECIMAL, 0
    if _GROUPED.fullmatch(clean):
        clean = clean.replace(",", "")
    if not clean:
        return Fraction(0), MISSING, 0
    if not _DECIMAL.fullmatch(clean):
        return Fraction(0), NOT_DECIMAL, 0
    exponent = Decimal(clean).as_tuple().exponent
    return Fraction(clean), OK, max(0, -exponent) if isinstance(exponent, int) else 0
