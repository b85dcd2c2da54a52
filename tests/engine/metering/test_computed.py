"""Working gas and steam, interval by interval, against numbers worked out by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tanma.domain.steam import saturated_kj_per_kg
from tanma.engine.metering.bucket import connection
from tanma.engine.metering.post import of_lake
from tanma.engine.metering.refresh import refresh
from tanma.engine.metering.run import run
from tests.engine.metering.lake import Lake, content
from tests.engine.metering.meters import MIDNIGHT, QUARTER, Meters, bit, one

GAS, PRESSURE, TEMPERATURE, STANDARD = 1, 2, 3, 4


def gas(formula: str = "standard_gas([M1], [M1], [M1])", **pressure: Any) -> Meters:
    """Working gas in litres, pressure in pascals, temperature in hundredths of a degree."""
    made = one(kind="interval", item="gas.working", unit="m3", scale=3)
    made.channel(PRESSURE, 1, **(
        {"kind": "gauge", "item": "state.pressure", "unit": "kPa", "scale": 3} | pressure
    ))  # fmt: skip
    made.channel(TEMPERATURE, 1, kind="gauge", item="state.temperature", unit="degC", scale=2)
    made.meter(STANDARD, 1, formula=formula)
    made.channel(STANDARD, kind="interval", item="gas.standard", unit="m3", scale=3)
    return made


def at(n: int) -> dt.datetime:
    return MIDNIGHT + n * QUARTER


def measured(
    lake: Lake, litres: list[int], states: dict[int, tuple[int | None, int | None]]
) -> None:
    """Volumes quarter by quarter from midnight; quarter → pressure and temperature read then."""
    lake.read([(GAS, at(n), v) for n, v in enumerate(litres)], QUARTER)
    lake.read([(PRESSURE, at(n), p) for n, (p, _) in states.items() if p is not None])
    lake.read([(TEMPERATURE, at(n), t) for n, (_, t) in states.items() if t is not None])


def test_gas_at_twice_the_pressure_is_twice_the_gas(tmp_path: Path) -> None:
    lake = Lake(tmp_path, gas())
    # 202.650 kPa and 20 °C: 10 m³ become 20; at 101.325 kPa and 313.15 K they become 9.361 328…
    measured(lake, [10_000, 10_000], {0: (202_650, 2000), 1: (101_325, 4000)})
    refresh(lake.root)
    assert (20_000 + 9_361) * 1000 == lake.days()[STANDARD, "09-01"]
    assert (2, 1800) == (
        lake.days("n")[STANDARD, "09-01"], lake.days("covered_s")[STANDARD, "09-01"]
    )  # fmt: skip
    assert 20_000 * 1000 == lake.days()[GAS, "09-01"]


def test_a_gauge_pressure_takes_the_stated_pressure_of_the_air(tmp_path: Path) -> None:
    formula = "standard_gas([M1], [M1] + 101.325, [M1], 0.98)"
    made = gas(formula, item="state.pressure.gauge", unit="MPa", scale=6)
    lake = Lake(tmp_path, made)
    # 0.101 325 MPa above the air, Z/Zₙ 0.98: 10 × 2 ÷ 0.98 = 20.408 163… m³
    measured(lake, [10_000], {0: (101_325, 2000)})
    refresh(lake.root)
    assert 20_408_000 == lake.days()[STANDARD, "09-01"]


def test_a_missing_state_is_missing_and_shown(tmp_path: Path) -> None:
    lake = Lake(tmp_path, gas())
    # pressure fails after the first quarter, and one value holds no longer than it is expected to
    measured(lake, [10_000, 10_000, 10_000],
             {0: (202_650, 2000), 1: (None, 2000), 2: (None, 2000)})  # fmt: skip
    refresh(lake.root)
    day = (STANDARD, "09-01")
    assert 20_000_000 == lake.days()[day]
    assert (900, 2) == (lake.days("covered_s")[day], lake.days("flagged")[day])
    assert bit("gap") & lake.days("flags")[day]


def test_without_any_state_nothing_is_known(tmp_path: Path) -> None:
    lake = Lake(tmp_path, gas())
    measured(lake, [10_000], {0: (202_650, None)})
    refresh(lake.root)
    assert (None, 0) == (
        lake.days()[STANDARD, "09-01"], lake.days("covered_s")[STANDARD, "09-01"]
    )  # fmt: skip
    held = of_lake(lake.root).held_back.to_pylist()
    assert [] == [r for r in held if r["item"] == "gas.standard" and r["value"] is not None]


def test_steam_becomes_heat(tmp_path: Path) -> None:
    made = gas("steam_heat([M1], [M1], [M1])")
    made.channel(1, kind="interval", item="steam.mass", unit="t", scale=3)
    made.channel(STANDARD, kind="interval", item="heat.purchased", unit="GJ", scale=6)
    lake = Lake(tmp_path, made)
    # IF97 at 0.0035 MPa and 300 K: 2549.911 45 kJ/kg; less 83.74 and times 2 t: 4.932 343 GJ
    measured(lake, [2_000], {0: (3_500, 2685)})
    # 2 MPa and 10 °C is water, 3000 MPa is outside: the one is heat all the same, the other nothing
    refresh(lake.root)
    assert 4_932_343_000 == lake.days()[STANDARD, "09-01"]
    lake.read([(PRESSURE, at(0), 3_000_000_000)])
    refresh(lake.root)
    assert lake.days()[STANDARD, "09-01"] is None
    assert (STANDARD, "09-01", 4_932_343_000, None, "correction") in lake.restated()


def test_saturated_steam_is_told_by_its_pressure_alone(tmp_path: Path) -> None:
    made = gas("steam_heat([M1], [M1])")
    made.channel(1, kind="interval", item="steam.mass", unit="t", scale=3)
    made.channel(STANDARD, kind="interval", item="heat.purchased", unit="GJ", scale=6)
    lake = Lake(tmp_path, made)
    # a thermometer that reads 1 °C too low would call it water; it is not asked
    measured(lake, [2_000, 2_000], {0: (1_000_000, 17888), 1: (17_000_000, None)})
    refresh(lake.root)
    heat_gj = 2 * (saturated_kj_per_kg(1) - 83.74) / 1000
    assert round(heat_gj * 1e6) * 1000 == lake.days()[STANDARD, "09-01"]
    assert 5.3 < heat_gj < 5.4
    assert 900 == lake.days("covered_s")[STANDARD, "09-01"]  # 17 MPa is not covered
    lake.read([(PRESSURE, at(1), 1_000_000)])
    refresh(lake.root)
    assert 2 * round(heat_gj * 1e6) * 1000 == lake.days()[STANDARD, "09-01"]


def test_a_late_state_and_a_new_formula_restate_the_day(tmp_path: Path) -> None:
    lake = Lake(tmp_path, gas())
    measured(lake, [10_000, 10_000], {0: (202_650, 2000)})
    lake.read([(TEMPERATURE, at(1), 2000)])
    refresh(lake.root)
    assert 20_000_000 == lake.days()[STANDARD, "09-01"]
    lake.read([(PRESSURE, at(1), 101_325)])
    refresh(lake.root)
    assert 30_000_000 == lake.days()[STANDARD, "09-01"]
    assert (STANDARD, "09-01", 20_000_000, 30_000_000, "late") in lake.restated()
    lake.meters.tell(10_004, "meter.formula", "standard_gas([M1], [M1], [M1], 2)",
                     dt.date(2026, 1, 1))  # fmt: skip
    lake.sync()
    refresh(lake.root)
    assert 15_000_000 == lake.days()[STANDARD, "09-01"]
    assert (STANDARD, "09-01", 30_000_000, 15_000_000, "parameter") in lake.restated()


def test_sums_stand_on_computed_channels(tmp_path: Path) -> None:
    made = gas()
    made.meter(5, 1, formula="0.5 * [M4]")
    made.channel(5, kind="interval", item="fuel.natural_gas.burnt", unit="10^4 m3", scale=8)
    lake = Lake(tmp_path, made)
    measured(lake, [10_000], {0: (202_650, 2000)})
    refresh(lake.root)
    # 10 m³ are 0.001 of ten thousand
    assert 100_000 * 1000 == lake.days()[5, "09-01"]


def test_a_whole_run_gives_what_refreshes_give(tmp_path: Path) -> None:
    lakes = []
    for name in ("whole", "parts"):
        made = Lake(tmp_path / name, gas())
        measured(made, [10_000], {0: (202_650, 2000), 1: (101_325, 4000)})
        if name == "parts":
            refresh(made.root)
        made.read([(GAS, at(1), 10_000)], QUARTER)
        lakes.append(made)
    run(lakes[0].root, ["2026-09"])
    refresh(lakes[1].root)
    assert 29_361_000 == lakes[0].days()[STANDARD, "09-01"]
    assert content(lakes[0]) == content(lakes[1])


@pytest.mark.parametrize("unit", ["t", "nobody knows"])
def test_units_that_do_not_agree_give_nothing(tmp_path: Path, unit: str) -> None:
    made = gas(unit=unit)
    lake = Lake(tmp_path, made)
    measured(lake, [10_000], {0: (202_650, 2000)})
    refresh(lake.root)
    assert (STANDARD, "09-01") not in lake.days()


def test_the_wrong_quantities_are_a_problem_of_the_channel(tmp_path: Path) -> None:
    lake = Lake(tmp_path, gas("standard_gas(#1, #3, #2)"))
    measured(lake, [10_000], {0: (202_650, 2000)})
    refresh(lake.root)
    assert (STANDARD, "09-01") not in lake.days()
    with connection() as con:
        con.register("known", lake.meters.table())
        from tanma.engine.metering import bucket

        found = bucket.of_facts(con, "known").channels.to_pylist()
    assert {1: None, 2: None, 3: None, 4: "formula"} == {r["channel"]: r["problem"] for r in found}
