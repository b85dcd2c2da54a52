"""Display of numbers, periods and times: exact digits, missing stays missing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.apps.kit import formats

MG = 10**9


@pytest.mark.parametrize(
    ("mg", "digits", "text"),
    [
        (12_345_678_901_234, None, "12,346"),
        (12_345_678_901_234, 9, "12,345.678901234"),
        (123_456_000_000, None, "123.5"),
        (1_234_500_000, None, "1.234"),
        (-1_500_000_000, 0, "-2"),
        (2_500_000_000, 0, "2"),
        (0, None, "0.000"),
        (None, None, "—"),
    ],
)
def test_tonnes_come_from_integers_half_even(mg: int | None, digits: int | None, text: str) -> None:
    assert text == formats.tonnes(mg, digits)


def test_seventeen_digits_survive() -> None:
    assert "98,765,432.123456789" == formats.scaled(98_765_432_123_456_789, 9)


@given(st.integers(-(10**18), 10**18), st.integers(0, 9))
def test_all_digits_read_back_to_the_same_integer(count: int, scale: int) -> None:
    text = formats.scaled(count, scale).replace(",", "")
    assert count == int(Decimal(text).scaleb(scale))


@given(st.integers(-(10**15), 10**15), st.integers(0, 6))
def test_rounding_is_that_of_decimal_half_even(count: int, digits: int) -> None:
    wanted = Decimal(count).scaleb(-6).quantize(Decimal(1).scaleb(-digits), "ROUND_HALF_EVEN")
    assert wanted == Decimal(formats.scaled(count, 6, digits).replace(",", ""))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.58, "0.5800"),
        (Fraction(1, 3), "0.3333"),
        (1234.5, "1,234"),
        (99_999, "100,000"),
        (0.00012345, "0.0001234"),
        (0.99996, "1.000"),
        (123456, "123,500"),
        (-2.5, "-2.500"),
        (0, "0"),
        (None, "—"),
    ],
)
def test_four_significant_digits(value: float | None, text: str) -> None:
    assert text == formats.significant(value)


def test_intensity_is_tonnes_per_ten_thousand_yuan() -> None:
    assert "0.5800" == formats.intensity(5_800 * MG, 10_000 * 10_000 * 100)
    assert "—" == formats.intensity(5_800 * MG, 0)
    assert "—" == formats.intensity(None, 100)


def test_money_energy_and_shares() -> None:
    assert "123.46" == formats.wan_yuan(123_456_789)
    assert "4,568" == formats.tce(4_567_890_123)
    assert "8.4" == formats.percent(0.084)
    assert ["—"] * 3 == [formats.wan_yuan(None), formats.tce(None), formats.percent(None)]


def test_a_change_has_its_sign() -> None:
    assert ["+24", "−11", "0", "0.0", "—"] == [
        formats.signed(t) for t in ["24", "-11", "0", "0.0", "—"]
    ]


@pytest.mark.parametrize(
    ("mg", "zh", "en"),
    [
        (6_184_000 * MG, "618.4 万吨", "6.184 Mt"),
        (12_345 * MG, "1.234 万吨", "12.34 kt"),
        (999 * MG, "999.0 吨", "999.0 t"),
        (250_000_000 * MG, "2.500 亿吨", "250.0 Mt"),
        (None, "— 吨", "— t"),
    ],
)
def test_large_amounts_take_a_readable_unit(mg: int | None, zh: str, en: str) -> None:
    assert (zh, en) == (
        str(formats.big_tonnes(mg, "zh-hans")),
        str(formats.big_tonnes(mg, "en")),
    )


@pytest.mark.parametrize(
    ("text", "zh", "en", "short"),
    [
        ("2026-09", "2026年9月", "September 2026", "26-09"),
        ("2026Q3", "2026年三季度", "Q3 2026", "26Q3"),
        ("2026H2", "2026年下半年", "H2 2026", "26H2"),
        ("2026", "2026年", "2026", "2026"),
        ("2026Q3/r4", "截至2026年三季度的四个季度", "four quarters to Q3 2026", "26Q3"),
        ("2026-01/2026-09", "2026年1月至2026年9月", "Jan 2026 to Sep 2026", "2026-01/2026-09"),
        ("", "—", "—", "—"),
    ],
)
def test_periods_in_words(text: str, zh: str, en: str, short: str) -> None:
    assert (zh, en, short) == (
        formats.period_name(text, "zh-hans"),
        formats.period_name(text, "en"),
        formats.period_short(text),
    )


def test_known_time_is_local_to_the_minute() -> None:
    assert "2026-10-15 08:00" == formats.known_time(1_792_022_400_000_000, "Asia/Shanghai")
    assert "—" == formats.known_time(None, "Asia/Shanghai")


@pytest.mark.parametrize(
    ("written", "zh", "en"),
    [
        ("t/万元", "t/万元", "t/10⁴ yuan"),
        ("tce/10^4 yuan", "tce/万元", "tce/10⁴ yuan"),
        ("10^4 m3", "万m³", "10⁴ m³"),
        ("tCO2", "tCO₂", "tCO₂"),
        ("C", "°C", "°C"),
        ("tC/GJ", "tC/GJ", "tC/GJ"),
    ],
)
def test_units_are_written_for_the_reader(written: str, zh: str, en: str) -> None:
    assert (zh, en) == (formats.unit_name(written, "zh-hans"), formats.unit_name(written, "en"))
