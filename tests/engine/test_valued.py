"""Amounts valued beside the accounts: the same digits where an account counts, a value beyond."""

import datetime as dt

import duckdb
import pyarrow as pa

from tanma.engine import accounts, activity, population, valued
from tests.engine.region import Region

MONTH = dt.date(2026, 1, 1)
BASIS = valued.Basis(dt.date(2026, 11, 30), "330000")
AMOUNTS = {
    "electricity.purchased": 1_234_567_891, "heat.purchased": 98_765_432,
    "fuel.bituminous.burnt": 123_456_789, "fuel.natural_gas.burnt": 4_567_891_234,
    "fuel.coke.feedstock": 5_000_000, "fuel.bituminous.transformed": 77_000_001,
}  # fmt: skip
LINES = pa.schema(
    [("subject", pa.int64()), ("item", pa.string()), ("month", pa.date32()), ("value", pa.int64())]
)


def told(*rows):
    con = duckdb.connect()
    con.register("given", pa.Table.from_pylist(list(rows), schema=LINES))
    valued.build(con, "given", BASIS)
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
