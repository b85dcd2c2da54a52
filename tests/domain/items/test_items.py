"""The item catalogue is complete, consistent and refuses broken tables by line."""

import pytest

from tanma.domain import items as catalogue
from tanma.domain.items import Item, Source, by_flow, card, carriers, items, read_table, sources
from tanma.domain.messages import Problem

HEADER = "item,name_zh,name_en,group,kind,unit,scale,carrier,flow,data_class,note\n"


def test_units_and_scales_are_those_of_the_contract():
    expected = {
        "electricity.purchased": ("kWh", 3),
        "heat.purchased": ("GJ", 6),
        "fuel.bituminous.burnt": ("t", 6),
        "fuel.natural_gas.burnt": ("10^4 m3", 8),
        "economy.value_added": ("yuan", 2),
        "water.total": ("m3", 3),
    }
    assert expected == {name: (items()[name].unit, items()[name].scale) for name in expected}


def test_every_flow_of_every_fuel_has_an_item():
    fuels = [c for c in carriers() if c.startswith("fuel.")]
    assert 29 == len(fuels)
    for fuel in fuels:
        for flow in ("burnt", "transformed", "produced", "feedstock"):
            assert f"{fuel}.{flow}" == by_flow()[fuel, flow]


def test_every_carrier_of_an_item_is_in_the_carrier_table():
    assert set() == {i.carrier for i in items().values() if i.carrier} - set(carriers())


def test_economic_figures_of_enterprises_are_for_statistics_only():
    assert "statistical_only" == items()["economy.value_added"].data_class
    assert "public" == items()["economy.gdp"].data_class


def test_a_carrier_is_found_under_id_bare_id_both_names_and_aliases():
    names = carriers()["fuel.lng"].names
    assert ["fuel.lng", "lng", "液化天然气", "LNG"] == names


def test_sources_tell_who_owns_the_data():
    assert "供电企业" == sources()["grid"].owner
    assert {"tax", "stat.205-1", "stat.finance", "declared", "meter"} <= set(sources())


def test_the_card_names_issuer_and_licence():
    assert ("Tanma", "Apache-2.0") == (card()["issuer"], card()["licence"])


def test_the_tables_cannot_be_changed_by_a_reader():
    with pytest.raises(TypeError):
        items()["electricity.purchased"] = None


@pytest.mark.parametrize(
    ("body", "code", "zh", "en"),
    [
        (
            "a,甲,A,g,amount,,3,,,internal,\n",
            "items_unit",
            "t.csv 第 2 行：“a” 缺少单位或小数位数",
            "t.csv line 2: 'a' lacks a unit",
        ),
        (
            "a,甲,A,g,amount,t,3,,,internal,\na,乙,B,g,amount,t,3,,,internal,\n",
            "items_duplicate",
            "t.csv 第 3 行：编号 “a” 重复",
            "t.csv line 3: id 'a' is there twice",
        ),
        (
            "a,甲,A,g,total,t,3,,,internal,\n",
            "items_value",
            "kind 的值 “total” 不在允许范围",
            "kind is 'total', allowed are amount",
        ),
        (
            "a,甲,A,g,amount,t,3,,,secret,\n",
            "items_value",
            "data_class 的值 “secret”",
            "data_class is 'secret'",
        ),
    ],
)
def test_a_broken_item_table_is_refused_with_its_line(body, code, zh, en):
    with pytest.raises(Problem) as caught:
        read_table(Item, "t.csv", HEADER + body)
    assert code == caught.value.code
    assert zh in caught.value.text("zh")
    assert en in caught.value.text("en")


def test_a_wrong_header_is_refused():
    with pytest.raises(Problem) as caught:
        read_table(Source, "s.csv", "source,name\nx,y\n")
    assert "items_header" == caught.value.code
    assert "s.csv 的表头是 “source, name”" in caught.value.text("zh")
    assert "expected 'source, name_zh, name_en, owner'" in caught.value.text("en")


def test_loading_twice_gives_the_same_object():
    assert items() is catalogue.items()
