"""Units convert by exact fractions and only inside their dimension."""

from fractions import Fraction

import pytest

from tanma.domain.items import items
from tanma.intake.units import dimensions, find, fold, ratio, spellings, units


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("kWh", "kWh"),
        ("千瓦时", "kWh"),
        ("万千瓦时", "10^4 kWh"),
        ("ｋＷｈ", "kWh"),
        (" 万 立方米 ", "10^4 m3"),
        ("m³", "m3"),
        ("百万千焦", "GJ"),
        ("亿元", "10^8 yuan"),
        ("t/万元", "tCO2/10^4 yuan"),
    ],
)
def test_a_spelling_names_its_unit(text, unit):
    assert unit == find(text).unit


def test_an_unknown_spelling_names_nothing():
    assert find("斤斤") is None
    assert find("") is None


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("MWh", "kWh", Fraction(1000)),
        ("GJ", "kWh", Fraction(2500, 9)),
        ("kWh", "MJ", Fraction(18, 5)),
        ("kg", "t", Fraction(1, 1000)),
        ("m3", "10^4 m3", Fraction(1, 10000)),
        ("亿元", "yuan", Fraction(10**8)),
    ],
)
def test_ratios_are_exact(source, target, expected):
    assert expected == ratio(find(source), find(target))


def test_other_dimensions_do_not_convert():
    assert ratio(find("t"), find("m3")) is None


def test_every_unit_of_an_amount_item_that_intake_fills_is_known():
    measured = {i.unit for i in items().values() if i.kind != "attribute" and i.group != "measured"}
    assert set() == measured - set(units())


def test_a_template_offers_the_chinese_names_of_a_dimension():
    assert ["元", "千元", "万元", "亿元"] == spellings("money")
    assert "energy" in dimensions()


def test_case_counts_because_a_prefix_hangs_on_it():
    assert "MJ" == fold("MJ")
    assert find("Mj") is None
