"""The table of lines: in order, posted as the formulas say, the same whatever repeats."""

from datetime import date

import duckdb
import pytest

from tanma.domain.quantities import find
from tanma.engine import accounts, evaluate, lines
from tanma.engine.derived import DERIVED, MEASURED
from tanma.engine.lines import Grid
from tests.engine.region import COAL, HEAT, POWER, TONNE
from tests.engine.test_evaluate import MONTHS, PLAN, region

DIESEL = "fuel.diesel.burnt"
ORDERS = ("province-average", "national-average", "market-residual", "carbon-market")


@pytest.fixture(scope="module")
def con():
    made = region(9, 2, 3, 14, 5)
    for subject in (1, 3, 10):
        if subject == 10:
            made.enterprise(10, "1751", "9901")
        for month in MONTHS:
            made.month(subject, month, {COAL: subject * TONNE + 7, HEAT: 10**6, DIESEL: subject})
    made.say(2, "measured.bituminous.ncv", MONTHS[0], 250000, source="declared")
    made.say(2, COAL, MONTHS[0], 5 * TONNE)
    made.say(4, "fuel.coke.consumed", MONTHS[1], 3 * TONNE, source="stat.205-1")
    found = made.connection()
    evaluate.evaluate(found, PLAN)
    return found


def test_lines_lie_in_the_order_of_their_key(con):
    keys = con.execute("SELECT natural_key, item, month FROM lines").fetchall()
    assert len(keys) > 20
    assert sorted(keys) == keys


def test_every_fuel_and_power_line_is_what_the_formula_posts_in_python(con):
    rows = con.execute(
        """SELECT l.item, value, measured, subject, mg_province_average, mg_carbon_market, month
        FROM lines l WHERE item LIKE 'fuel.%.burnt'"""
    ).fetchall()
    assert len(rows) >= 11
    for item, value, measured, subject, province, market, month in rows:
        for order, posted in (("province_average", province), ("carbon_market", market)):
            names = "ncv_gj_per_unit, carbon_tc_per_gj, oxidation_fraction"
            table = f"own_{order}" if measured else f"need_{order}"
            own = "AND subject = ?" if measured else "AND ? > 0"
            factors = con.execute(
                f"SELECT {names} FROM {table} WHERE item = ? AND month = ? {own}",
                [item, month, subject],
            ).fetchall()[0]
            inputs = dict(zip(names.split(", "), factors, strict=True))
            amount = {"fuel_amount": value / 10**6}
            assert find("fuel_co2_t").posted(inputs | amount) == posted


def test_marks_say_measured_and_derived(con):
    found = con.execute(
        "SELECT subject, item, measured, derived FROM lines WHERE measured OR derived ORDER BY 1"
    ).fetchall()
    assert [(2, COAL, True, False), (4, "fuel.coke.burnt", False, True)] == found
    assert 0 == MEASURED & DERIVED


def test_orders_that_share_the_factors_of_a_fuel_post_it_once(con):
    posted = accounts._columns(accounts.of_package(), "330000")
    shared = lines._shared(con, posted, accounts.orders_of((), ORDERS, "province"))
    column, items = shared["mg_carbon_market"]
    assert "mg_province_average" == column
    assert DIESEL in items
    # the carbon market has its own default of coal, and no factor of power at all
    assert not {COAL, POWER} & items


def test_the_grid_numbers_items_and_months():
    grid = Grid(("a", "b"), date(2025, 10, 1), 24)
    assert (0, 3, 24) == tuple(grid.place(d) for d in ("2025-10-01", "2026-01-01", "2027-10-01"))
    assert [date(2025, 10, 1), date(2026, 1, 1)] == [grid.day(0), grid.day(3)]
    with duckdb.connect() as plain:
        month = grid.month_sql("DATE '2026-02-01'")
        found = plain.execute(f"SELECT {month}, {grid.item_of('25')}").fetchall()
    assert [(4, 1)] == found


def test_items_are_told_by_runs_of_their_numbers():
    grid = Grid(("a", "b", "c", "d"), date(2025, 10, 1), 12)
    assert "((no BETWEEN 0 AND 1) OR (no BETWEEN 3 AND 3))" == grid.among(["d", "b", "x", "a"])
    assert "((f BETWEEN 0 AND 23) OR (f BETWEEN 36 AND 47))" == grid.places(["d", "b", "a"])


def test_items_that_do_not_occur_are_nowhere():
    grid = Grid(("a",), date(2025, 10, 1), 12)
    assert [lines.NOWHERE] * 2 == [grid.among(["x"]), grid.places([])]
