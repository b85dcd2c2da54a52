"""Values to counts: exact or refused, whatever the device's number format."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.intake.live import counts as counting
from tanma.intake.live.counts import (
    MISSING,
    NOT_NUMBER,
    OK,
    TOO_COARSE,
    TOO_FINE,
    TOO_LARGE,
    counts,
)


def one(value, scale, kind=None):
    """(count, state) of one value, as a list or as a column of a type."""
    said = [value] if kind is None else pa.array([value], kind)
    count, state = counts(said, np.array([scale]))
    return int(count[0]), int(state[0])


@pytest.mark.parametrize(
    ("value", "scale", "kind", "expected"),
    [
        (12, 2, None, (1200, OK)),
        (-12, 0, pa.int8(), (-12, OK)),
        (12.34, 2, None, (1234, OK)),
        (12.34, 2, pa.float64(), (1234, OK)),
        (12.34, 2, pa.float32(), (1234, OK)),
        (0.1 + 0.2, 1, pa.float64(), (3, OK)),
        (-0.07, 2, pa.float64(), (-7, OK)),
        (12.345, 2, None, (0, TOO_FINE)),
        (12.340001, 2, pa.float64(), (0, TOO_FINE)),
        (123456.78, 2, pa.float32(), (12345678, OK)),
        (123456.789, 3, pa.float32(), (0, TOO_COARSE)),
        (16777215.0, 0, pa.float32(), (16777215, OK)),
        (16777216.0, 0, pa.float32(), (0, TOO_COARSE)),
        (2.0**53 - 1, 0, pa.float64(), (2**53 - 1, OK)),
        (2.0**53, 0, pa.float64(), (0, TOO_COARSE)),
        (1e300, 15, pa.float64(), (0, TOO_COARSE)),
        (1.5, 1, pa.float16(), (15, OK)),
        (float("nan"), 2, pa.float64(), (0, NOT_NUMBER)),
        (float("inf"), 2, None, (0, NOT_NUMBER)),
        ("12.34", 2, None, (1234, OK)),
        ("12.340", 2, pa.string(), (1234, OK)),
        ("1.2e3", 0, pa.large_string(), (1200, OK)),
        ("12.345", 2, None, (0, TOO_FINE)),
        ("", 2, None, (0, NOT_NUMBER)),
        ("abc", 2, None, (0, NOT_NUMBER)),
        ("NaN", 2, None, (0, NOT_NUMBER)),
        ("9223372036854775807", 0, None, (2**63 - 1, OK)),
        (Decimal("12.34"), 2, pa.decimal128(10, 2), (1234, OK)),
        (Decimal("12.345"), 2, pa.decimal128(10, 3), (0, TOO_FINE)),
        (2**62, 1, None, (0, TOO_LARGE)),
        (2**63, 0, None, (0, TOO_LARGE)),
        (2**64 - 1, 0, pa.uint64(), (0, TOO_LARGE)),
        (7, 1, pa.uint64(), (70, OK)),
        ("92233720368547758.08", 2, None, (0, TOO_LARGE)),
        (None, 2, None, (0, MISSING)),
        (None, 2, pa.int64(), (0, MISSING)),
        (None, 2, pa.float32(), (0, MISSING)),
        (None, 2, pa.string(), (0, MISSING)),
        (None, 2, pa.null(), (0, MISSING)),
        (True, 0, None, (0, NOT_NUMBER)),
        (True, 0, pa.bool_(), (0, NOT_NUMBER)),
        ({"a": 1}, 0, None, (0, NOT_NUMBER)),
    ],
)
def test_a_value_is_exact_or_refused(value, scale, kind, expected):
    count, state = one(value, scale, kind)
    assert expected[1] == state
    if state == OK:
        assert expected[0] == count


@given(st.integers(-(10**14), 10**14), st.integers(0, 6))
def test_every_decimal_comes_back_from_its_double(count, scale):
    value = float(Decimal(count).scaleb(-scale))
    assert (count, OK) == one(value, scale, pa.float64())


@given(st.integers(-(2**21), 2**21), st.integers(0, 6))
def test_every_short_decimal_comes_back_from_its_float32(count, scale):
    value = float(np.float32(Decimal(count).scaleb(-scale)))
    assert (count, OK) == one(value, scale, pa.float32())


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_a_float_that_is_taken_differs_by_less_than_its_precision(value, scale):
    count, state = one(value, scale, pa.float64())
    if state == OK:
        exact = Decimal(count).scaleb(-scale)
        assert abs(Decimal(value) - exact) <= Decimal("2.5") * Decimal(
            float(np.spacing(abs(value)))
        )


@given(st.decimals(-(10**9), 10**9, places=4), st.integers(0, 6))
def test_text_agrees_with_decimals(value, scale):
    count, state = one(str(value), scale)
    exact = value.scaleb(scale)
    assert (exact == exact.to_integral_value()) == (state == OK)
    if state == OK:
        assert int(exact) == count


def test_a_mixed_list_reads_every_value_by_its_own_kind():
    said = [1, "2.5", 0.25, None, True, 2**70, "x", 2**62, [1]]
    count, state = counts(said, np.full(len(said), 2))
    expected = [OK, OK, OK, MISSING, NOT_NUMBER, TOO_LARGE, NOT_NUMBER, TOO_LARGE, NOT_NUMBER]
    assert expected == state.tolist()
    assert [100, 250, 25] == count[:3].tolist()


def test_scales_differ_row_by_row():
    count, state = counts(pa.array([1.5, 1.5, 1.5]), np.array([0, 1, 2]))
    assert [TOO_FINE, OK, OK] == state.tolist()
    assert [15, 150] == count[1:].tolist()


def test_no_rows():
    for said in ([], pa.array([], pa.float64()), pa.array([], pa.string())):
        count, state = counts(said, np.array([], np.int64))
        assert ([], []) == (count.tolist(), state.tolist())


def test_every_fault_has_a_code():
    assert {NOT_NUMBER, TOO_FINE, TOO_COARSE, TOO_LARGE} == set(counting.CODES)
