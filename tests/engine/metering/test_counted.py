"""A virtual meter is never added beside its own parts, in enterprises and in areas."""

from __future__ import annotations

import datetime as dt

import pytest

from tanma.engine import regions
from tanma.engine.metering import bucket, days, intervals, months, parameters, virtual
from tests.engine.metering.meters import FIRST, MIDNIGHT, POWER, QUARTER, Meters, known

TEN, HALF = 10_000, 5_000
"""Thousandths of a kWh: what each real meter counts a day, what half of it is."""


def region() -> Meters:
    """Two enterprises of one county; the first has two meters that count ten kWh a day each."""
    made = Meters()
    made.area(900, "33")
    made.enterprise(1, "3011", "33")
    made.enterprise(2, "3011", "33")
    for number, owner in ((1, 1), (2, 1), (3, 2)):
        made.meter(number, owner)
        made.channel(number, kind="interval")
    return made


def totals(made: Meters, month: int = 9) -> tuple[dict[tuple[int, str], int], dict[str, int]]:
    """(enterprise, item) → value and item → value of the area, for a day of readings a month."""
    con = made.connection()
    meters = bucket.of_facts(con, "known")
    starts = [MIDNIGHT, MIDNIGHT + dt.timedelta(days=30)]
    con.register("readings", known([(c, s, 1000) for c in (1, 2, 3) for s in starts], QUARTER))
    end = FIRST + dt.timedelta(days=60)
    parameters.build(con, FIRST, end)
    con.execute(f"CREATE TEMP TABLE spans AS {intervals.sql_of(con, 'readings')}")
    days.build(con, "spans", FIRST, end, 7)
    expanded, wrong = virtual.of_meters(meters.channels, meters.names())
    assert {} == wrong
    virtual.terms(con, expanded)
    virtual.days(con, "days", 7)
    con.execute("INSERT INTO days BY NAME FROM virtual_days")
    months.build(con)
    con.execute(
        """CREATE TEMP TABLE enterprises AS
        SELECT unnest([1, 2])::BIGINT AS subject, '33' AS area_code, '' AS management_code"""
    )
    regions.closure(con, "known")
    regions.memberships(con)
    months.by_area(con)
    where = f"month = DATE '2026-{month:02}-01'"
    own = con.execute(f"SELECT subject, item, value FROM metered WHERE {where}").fetchall()
    area = con.execute(
        f"""SELECT item, value FROM metered_areas WHERE {where} AND area_code = '33'
            AND hierarchy = 'statutory'"""
    ).fetchall()
    return {(s, i): v for s, i, v in own}, dict(area)


def test_without_virtual_meters() -> None:
    assert ({(1, POWER): 2 * TEN, (2, POWER): TEN}, {POWER: 3 * TEN}) == totals(region())


@pytest.mark.parametrize("formula", ["[M1] + [M2]", "[M1] - 0.5 * [M2]", "#3"])
def test_a_virtual_meter_of_the_item_of_its_parts_is_a_view(formula: str) -> None:
    made = region()
    made.meter(9, 1, formula=formula)
    made.channel(9, kind="interval")
    assert ({(1, POWER): 2 * TEN, (2, POWER): TEN}, {POWER: 3 * TEN}) == totals(made)


def test_one_that_says_so_stands_for_its_parts() -> None:
    made = region()
    made.meter(9, 1, formula="[M1] - 0.5 * [M2]", counts="yes")
    made.channel(9, kind="interval")
    assert ({(1, POWER): HALF, (2, POWER): TEN}, {POWER: HALF + TEN}) == totals(made)


def test_it_stands_for_them_from_the_day_that_is_stated() -> None:
    made = region()
    made.meter(9, 1, formula="[M1] - 0.5 * [M2]")
    made.tell(10_009, "meter.counts", "yes", dt.date(2026, 10, 1))
    made.channel(9, kind="interval")
    assert {(1, POWER): 2 * TEN, (2, POWER): TEN} == totals(made)[0]
    assert {(1, POWER): HALF, (2, POWER): TEN} == totals(made, 10)[0]


def test_one_of_another_item_counts_like_any_meter() -> None:
    made = region()
    made.meter(9, 1, formula="[M1] - 0.5 * [M2]")
    made.channel(9, kind="interval", item="electricity.consumed")
    own, area = totals(made)
    assert (2 * TEN, HALF) == (own[1, POWER], own[1, "electricity.consumed"])
    assert {POWER: 3 * TEN, "electricity.consumed": HALF} == area


def test_a_view_through_another_item_is_one_too() -> None:
    made = region()
    made.meter(8, 1, formula="0.5 * [M1]")
    made.channel(8, kind="interval", item="electricity.consumed")
    made.meter(9, 1, formula="2 * [M8]")
    made.channel(9, kind="interval")
    assert {POWER: 3 * TEN, "electricity.consumed": HALF} == totals(made)[1]


def test_stacked_ones_are_added_once() -> None:
    made = region()
    made.meter(8, 1, formula="[M1] + [M2]", counts="yes")
    made.channel(8, kind="interval")
    made.meter(9, 1, formula="0.5 * [M8]", counts="yes")
    made.channel(9, kind="interval")
    assert {POWER: 2 * TEN} == totals(made)[1]
