"""Decimal texts become exact counts or say why not; never a float in between."""

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.intake.amounts import (
    MISSING,
    NOT_DECIMAL,
    OK,
    TOO_FINE,
    TOO_LARGE,
    counts,
    exact_count,
)

KWH = Fraction(1000)


def one(text, ratio=KWH):
    result = counts(pa.array([text], pa.string()), [ratio])
    return int(result.count[0]), int(result.state[0])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("12.5", 12500),
        ("-0.001", -1),
        ("12.5000000", 12500),
        ("7.", 7000),
        (".5", 500),
        ("+3", 3000),
        ("1,234.5", 1234500),
        ("1.2e3", 1200000),
        ("１２．５", 12500),
        ("9223372036854775.807", 2**63 - 1),
        ("-9223372036854775.807", -(2**63) + 1),
        ("00000000000000000012.5", 12500),
    ],
)
def test_a_decimal_text_gives_its_exact_count(text, count):
    assert (count, OK) == one(text)


@pytest.mark.parametrize(
    "text", ["abc", "12,34", "=1+1", "1.2.3", "--1", "1e9999", "12 kWh", "NaN", "9" * 5_000]
)
def test_what_is_not_a_number_is_said_so(text):
    assert NOT_DECIMAL == one(text)[1]


def test_missing_is_not_zero():
    assert MISSING == one("")[1]
    assert MISSING == one(None)[1]
    assert (0, OK) == one("0")


def test_too_many_decimals_are_refused_not_rounded():
    result = counts(pa.array(["0.0001", "0.12345678901234567890"]), [KWH])
    assert [TOO_FINE, TOO_FINE] == result.state.tolist()
    assert [4, 20] == result.digits.tolist()


def test_out_of_range_is_refused():
    assert TOO_LARGE == one("9223372036854775.808")[1]
    assert TOO_LARGE == one("1e30")[1]


def test_a_ratio_that_is_no_decimal_still_converts_exactly():
    gj_to_kwh = Fraction(2500, 9) * 1000
    assert (2500, OK) == one("0.009", gj_to_kwh)
    assert TOO_FINE == one("0.01", gj_to_kwh)[1]


def test_each_row_has_its_own_unit():
    which = np.array([0, 1, 0])
    result = counts(pa.array(["1", "1", "2"]), [Fraction(1000), Fraction(10**6)], which)
    assert [1000, 1000000, 2000] == result.count.tolist()


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12),
    st.sampled_from([Fraction(1), Fraction(1, 1000), Fraction(10**8), Fraction(2500, 9)]),
)
def test_columns_and_fractions_agree(number, ratio):
    """The fast way over columns never differs from the plain definition."""
    text = format(number, "f")
    expected = exact_count(text, ratio)
    result = counts(pa.array([text]), [ratio])
    assert expected[1] == result.state[0]
    if expected[1] == OK:
        assert expected[0] == result.count[0]
