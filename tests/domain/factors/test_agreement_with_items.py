"""The tables fit the item catalogue: same fuels, same units, a factor for every process item."""

from __future__ import annotations

from tanma.domain.factors.tables import Row, rows
from tanma.domain.items import Item, items


def catalogue(group: str) -> list[Item]:
    return [i for i in items().values() if i.item.startswith(f"{group}.")]


def by_key(name: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows(name):
        found.setdefault(row["key"], []).append(row)
    return found


def test_every_fuel_item_has_a_calorific_value_in_its_unit():
    fuels = by_key("fuels")
    for item in catalogue("fuel"):
        units = {r["unit"] for r in fuels[item.item.split(".")[1]] if r["parameter"] == "ncv"}
        assert {f"GJ/{item.unit}"} == units, item.item


def test_every_measured_item_carries_the_unit_of_the_default():
    fuels = by_key("fuels")
    for item in catalogue("measured"):
        _, key, parameter = item.item.split(".")
        units = {r["unit"] for r in fuels[key] if r["parameter"] == parameter}
        assert units <= {item.unit}, item.item


def test_every_process_item_has_a_factor():
    keys = by_key("process")
    assert not [i.item for i in catalogue("process") if i.item.split(".")[1] not in keys]


def test_standard_coal_is_per_unit_of_the_item():
    coal = by_key("standard_coal")
    for item in catalogue("fuel"):
        for row in coal.get(item.item.split(".")[1], []):
            assert f"tce/{item.unit}" == row["unit"], item.item


def test_electricity_and_heat_factors_fit_their_items():
    """kWh counts are divided by the formula (kWh per MWh); heat is GJ as it stands."""
    assert {"kWh"} == {i.unit for i in catalogue("electricity") if i.kind == "amount"}
    assert {"GJ"} == {i.unit for i in catalogue("heat")}
    assert {"tCO2/MWh", "tCO2e/MWh"} == {r["unit"] for r in rows("grid")}
    assert {"tCO2/GJ"} == {r["unit"] for r in rows("heat")}
