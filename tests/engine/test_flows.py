"""Stated flows over months: the choice of a run, exact sums, the digits of the account."""

import datetime as dt

import pyarrow as pa

from tanma.domain.balances import roles
from tanma.engine import flows, valued
from tests.engine.region import Region

BASIS = valued.Basis(dt.date(2026, 11, 30), "330000")
SPAN = dt.date(2026, 1, 1), dt.date(2026, 4, 1)
POWER = "electricity.purchased"


def stated(region, span=SPAN):
    found = flows.stated(region.connection(), "known", list(roles()), span, BASIS)
    return {(s.subject, s.item): s for s in found}


def test_months_are_added_exactly_and_told_with_their_sources():
    region = Region()
    for month, value in (("2026-01", 7), ("2026-02", 11), ("2026-05", 1000)):
        region.say(1, POWER, month, value * 10**6)
    found = stated(region)[1, POWER]
    assert (2, 18 * 10**6, 18 * 122_900, ("grid",)) == (
        found.months, found.count, found.gce, found.sources)  # fmt: skip


def test_the_source_that_a_run_prefers_is_taken():
    region = Region()
    region.say(1, POWER, "2026-01", 5, source="declared")
    region.say(1, POWER, "2026-01", 7)
    assert 7 == stated(region)[1, POWER].count


def test_a_quarter_on_a_month_is_its_part_and_marked():
    region = Region()
    region.say(1, "fuel.coke.burnt", "2026Q1", 90)
    found = stated(region, (dt.date(2026, 1, 1), dt.date(2026, 2, 1)))
    assert (31, True) == (found[1, "fuel.coke.burnt"].count, found[1, "fuel.coke.burnt"].split)
    assert not stated(region, (dt.date(2026, 4, 1), dt.date(2026, 5, 1)))


def test_a_measured_heating_value_counts_as_in_the_account():
    region = Region()
    region.say(1, "fuel.bituminous.burnt", "2026-01", 10**6)
    default = stated(region)[1, "fuel.bituminous.burnt"].gce
    region.say(1, "measured.bituminous.ncv", "2026-01", 293_076)
    assert 1_000_000 == stated(region)[1, "fuel.bituminous.burnt"].gce
    assert 1_000_000 != default


def test_what_stands_in_no_balance_is_left_out():
    region = Region()
    region.say(1, "electricity.consumed", "2026-01", 5)
    region.say(1, "electricity.green.contract", "2026-01", 5)
    assert {} == stated(region)


def test_metered_amounts_are_worth_what_stated_ones_are():
    lines = [{"subject": 5, "item": POWER, "month": SPAN[0], "value": 7 * 10**6},
             {"subject": 5, "item": POWER, "month": dt.date(2026, 2, 1), "value": 11 * 10**6},
             {"subject": 6, "item": "steam.mass", "month": SPAN[0], "value": 1}]  # fmt: skip
    made = flows.worth(
        Region().connection(), pa.Table.from_pylist(lines, schema=flows.LINES), BASIS
    )
    assert 18 * 122_900 == made[5, POWER][0]
    assert (None, None) == made[6, "steam.mass"]
