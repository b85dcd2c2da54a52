"""Steam in tonnes: heat by the enthalpy stated beside it, never by an assumed one."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tanma.domain.items import items
from tanma.intake import amounts, units
from tanma.intake.tables import check, read_bytes, steam

HEAD = "统一社会信用代码,期间,项目,流向,数量,单位,蒸汽焓值,来源\n"


def checked(known, *rows, head=HEAD):
    text = head + "".join(f"91990101MA0DEM001L,2026-0{n},{r}\n" for n, r in enumerate(rows, 1))
    return check(read_bytes(text.encode(), "energy.csv", "energy"), known)


def test_a_thousand_tonnes_of_saturated_steam(known):
    """1,000 t at 2,777 kJ/kg: 1000 · (2777 − 83.74) / 1000 = 2,693.26 GJ."""
    found = checked(known, "热力,购入,1000,t,2777,申报", "热力,购入,2693.26,GJ,,申报")
    assert [2_693_260_000] * 2 == found.facts["value"].to_pylist()
    assert ["1000 t, 2777 kJ/kg", "2693.26 GJ"] == found.facts["reported"].to_pylist()
    assert {"heat.purchased"} == set(found.facts["item"].to_pylist())


def test_other_units_of_mass_and_many_digits_are_rounded_once_half_even(known):
    found = checked(known, "热力,购入,1234567,kg,2777.5,申报", "热力,售出,0.0012345,t,2777,申报")
    exact = [
        Fraction("1234.567") * Fraction("2693.76"),
        Fraction("0.0012345") * Fraction("2693.26"),
    ]
    assert [round(e * 1000) for e in exact] == found.facts["value"].to_pylist()


@pytest.mark.parametrize(
    ("row", "code", "zh", "en"),
    [
        ("热力,购入,10,t,,申报", "steam_enthalpy_missing", "没有填写「蒸汽焓值」", "without an"),
        ("热力,购入,10,t,2.7,申报", "steam_enthalpy_wrong", "应大于 83.74", "above 83.74"),
        ("热力,购入,10,t,2777000,申报", "steam_enthalpy_wrong", "不超过 4000", "at most 4000"),
        ("热力,购入,10,t,很热,申报", "steam_enthalpy_wrong", "“很热”", "'很热'"),
        ("热力,购入,约十,t,2777,申报", "number_not_decimal", "不是十进制数", "not a decimal"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_refused_and_the_rest_kept(known, line, row, code, zh, en):
    found = checked(known, row, "热力,购入,1,GJ,,申报")
    said = line(found)
    assert (2, code, "error") == (said.row, said.code, said.severity)
    assert zh in said.zh
    assert en in said.en
    assert [1_000_000] == found.facts["value"].to_pylist()


def test_a_sheet_without_the_column_says_which_one_is_needed(known, line):
    head = HEAD.replace("蒸汽焓值,", "")
    found = checked(known, "热力,购入,10,t,申报", head=head)
    assert "steam_enthalpy_missing" == line(found).code
    assert "「蒸汽焓值」" in line(found).zh


def test_coal_in_tonnes_needs_no_enthalpy(known):
    found = checked(known, "烟煤,燃烧,5,t,,申报")
    assert [5_000_000] == found.facts["value"].to_pylist()


def test_a_mass_beyond_any_enterprise_is_too_large():
    item, tonne = items()["heat.purchased"], units.units()["t"]
    _, state, _ = steam.heat_count("1e30", tonne, Fraction(2777), item)
    assert amounts.TOO_LARGE == state
