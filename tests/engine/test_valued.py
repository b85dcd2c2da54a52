"""Amounts valued beside the accounts: the same digits where an account counts, a value beyond."""

import datetime as dt
from dataclasses import replace
from fnmatch import fnmatch
from importlib import resources

import duckdb
import pyarrow as pa

from tanma.domain.items import items as catalogue
from tanma.domain.methods import read_edition
from tanma.engine import accounts, activity, population, valued
from tests.apps.rules.conftest import national
from tests.engine.region import Region

MONTH = dt.date(2026, 1, 1)
BASIS = valued.Basis(dt.date(2026, 11, 30), "330000")
TEXT = resources.files("tanma.domain.methods").joinpath("editions/zj-code-account.toml")
NATIONAL = read_edition(national(TEXT.read_text(encoding="utf-8")), "zj-code-account.toml")
AMOUNTS = {
    "electricity.purchased": 1_234_567_891, "heat.purchased": 98_765_432,
    "fuel.bituminous.burnt": 123_456_789, "fuel.natural_gas.burnt": 4_567_891_234,
    "fuel.coke.feedstock": 5_000_000, "fuel.bituminous.transformed": 77_000_001,
}  # fmt: skip
LINES = pa.schema(
    [("subject", pa.int64()), ("item", pa.string()), ("month", pa.date32()), ("value", pa.int64())]
)


def told(*rows, basis=BASIS):
    con = duckdb.connect()
    con.register("given", pa.Table.from_pylist(list(rows), schema=LINES))
    valued.build(con, "given", basis)
    return con.sql("FROM valued ORDER BY item").to_arrow_table().to_pylist()


def line(item, value):
    return {"subject": 1, "item": item, "month": MONTH, "value": value}


def test_what_an_account_counts_has_the_digits_of_the_account():
    region = Region()
    region.area(900, "33")
    region.enterprise(1, "3011", "33")
    region.month(1, "2026-01", AMOUNTS)
    con = region.connection()
    window = ("2026-01-01", "2026-02-01")
    activity.build(con, accounts.items(), since=window[0], until=window[1])
    activity.attributes(con, "2026-01-31", since=window[0])
    population.enterprises(con)
    accounts.build(con, accounts.of_package(), "330000", "2026-11-30", window)
    counted = con.execute("SELECT item, gce_province_average, mg_province_average FROM lines")
    expected = {item: (gce, mg) for item, gce, mg in counted.fetchall()}
    valued.build(con, "(SELECT subject, item, month, value FROM activity)", BASIS)
    made = con.execute("SELECT item, gce, mg FROM valued").fetchall()
    assert set(AMOUNTS) == set(expected)
    expected["fuel.coke.feedstock"] = (expected["fuel.coke.feedstock"][0], None)
    assert expected == {item: (gce, mg) for item, gce, mg in made}


def test_an_edition_of_the_region_brings_its_own_order_of_preference():
    """Power by the nation's factor as its account takes it; coal and heat stay what they were."""
    made = (NATIONAL, *(e for e in accounts.of_package() if e.id != NATIONAL.id))
    basis = replace(BASIS, editions=made)
    given = [line(item, value) for item, value in AMOUNTS.items()]
    before, after = told(*given), told(*given, basis=basis)
    changed = [b["item"] for b, a in zip(before, after, strict=True) if b != a]
    assert ["electricity.purchased"] == changed
    (power,) = [r for r in after if r["item"] == "electricity.purchased"]
    assert "/CN/" in power["carbon_rows"]
    assert round(1_234_567.891 * 0.5306 * 10**6) == power["mg"]


def test_signs_are_those_of_the_net_emission_of_the_code():
    found = BASIS.signs()
    expected = {"electricity.purchased": 1, "electricity.sold": -1, "heat.purchased": 1,
                "heat.sold": -1, "electricity.green.contract": -1,
                "electricity.green.certificate": -1}  # fmt: skip
    fuels = {item for item in catalogue() if fnmatch(item, "fuel.*.burnt")}
    assert expected | dict.fromkeys(fuels, 1) == found


def test_power_is_valued_at_its_heat_content_and_names_its_factors():
    (row,) = told(line("electricity.purchased", 1_000_000_000))
    assert 122_900_000 == row["gce"]
    assert row["coal_rows"]
    assert "330000" in row["carbon_rows"]


def test_what_comes_out_of_transformation_is_valued_too():
    rows = told(line("electricity.produced", 1_000_000_000), line("heat.produced", 10**9))
    assert [122_900_000, 34_120_000] == [r["gce"] for r in rows]


def test_fuel_that_does_not_burn_here_emits_nothing_here():
    burnt, fed = told(line("fuel.coke.burnt", 10**6), line("fuel.coke.feedstock", 10**6))
    assert burnt["gce"] == fed["gce"] > 0
    assert burnt["mg"] > 0
    assert (None, None) == (fed["mg"], fed["carbon_rows"])


def test_what_has_no_factor_has_no_value():
    (row,) = told(line("steam.mass", 1_000_000))
    assert (None, None, 1_000_000) == (row["gce"], row["mg"], row["value"])
