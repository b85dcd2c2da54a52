"""What is usual is learned on an earlier window; spikes, units and balances are judged by it."""

from __future__ import annotations

import datetime as dt
import json

import duckdb
import pytest

from tanma.domain.facts import INPUT
from tanma.engine.metering import doubts, hampel
from tanma.engine.metering.profile import learn
from tests.engine.metering.meters import (
    MIDNIGHT,
    QUARTER,
    Derived,
    Meters,
    flag_names,
    known,
    meter_id,
    one,
    registers,
)

WEEK = 7 * 96
STEPS = [10, 11, 11, 12] * (WEEK // 4)


def rising(steps: list[int]) -> list[int]:
    values = [0]
    for step in steps:
        values.append(values[-1] + step)
    return values


@pytest.fixture
def learned() -> Meters:
    """A week's profile, told from 8 September on."""
    meters = one(multiplier="60")
    week = Derived(meters, known(registers(1, MIDNIGHT, rising(STEPS))))
    facts = learn(week.con, "FROM spans", dt.date(2026, 9, 8), "window:2026-09-01/2026-09-08")
    assert INPUT == facts.schema
    (fact,) = facts.to_pylist()
    meters.tell(1, fact["item"], fact["text"], fact["valid_from"])
    return meters


def second_week(meters: Meters, steps: list[int]) -> Derived:
    start = MIDNIGHT + dt.timedelta(days=7)
    made = Derived(meters, known(registers(1, start, rising(steps))))
    doubts.unit(made.con, "days")
    return made


def test_a_profile_has_the_median_and_the_limit_of_every_hour(learned: Meters) -> None:
    profile = json.loads(learned.facts[-1]["text"])
    assert (48, 48) == (len(profile["median"]), len(profile["limit"]))
    # ten, eleven and twelve counts a quarter-hour are 44 an hour in the middle; five times that
    assert {44} == set(profile["median"])
    assert {220} == set(profile["limit"])


def test_a_rate_above_the_limit_is_a_spike_and_counts_all_the_same(learned: Meters) -> None:
    made = second_week(learned, [11, 56, 11])
    assert [set(), {"spike"}, set()] == [s[2] for s in made.spans()]
    assert 78 * 60_000 == made.days()["09-08"]


def test_a_gap_over_the_same_amount_is_none(learned: Meters) -> None:
    start = MIDNIGHT + dt.timedelta(days=7)
    rows = [(1, start, 0), (1, start + 24 * QUARTER, 264)]
    assert [{"gap"}] == [s[2] for s in Derived(learned, known(rows)).spans()]


def test_before_its_day_a_profile_judges_nothing(learned: Meters) -> None:
    made = Derived(learned, known(registers(1, MIDNIGHT, rising([11, 56, 11]))))
    assert {()} == {tuple(s[2]) for s in made.spans()}


@pytest.mark.parametrize(("factor", "doubted"), [(1, False), (2, False), (10, True), (60, True)])
def test_a_day_that_is_a_suspect_factor_off_is_doubted(
    learned: Meters, factor: int, doubted: bool
) -> None:
    made = second_week(learned, [11 * factor] * 96)
    assert doubted == ("unit" in flag_names(made.days(column="flags")["09-08"]))


def test_spikes_are_replaced_by_the_same_hour_where_that_is_declared(learned: Meters) -> None:
    learned.own(1, "substitution", "slot")
    made = second_week(learned, [11, 56, 11])
    assert 33 * 60_000 == made.days()["09-08"]
    assert 11 * 60_000 == made.days(column="substituted_milli")["09-08"]
    assert "substituted" in flag_names(made.days(column="flags")["09-08"])


def tree(child: int) -> list[dict[str, object]]:
    meters = one()
    for number in (2, 3):
        meters.meter(number, 1, parent=meter_id(1))
        meters.channel(number)
    rows = registers(1, MIDNIGHT, [0, 1000]) + registers(2, MIDNIGHT, [0, 400])
    made = Derived(meters, known(rows + registers(3, MIDNIGHT, [0, child])))
    doubts.balance(made.con, "days")
    return made.table("balances")


@pytest.mark.parametrize(("child", "flagged"), [(600, False), (551, False), (500, True)])
def test_a_parent_is_compared_with_the_sum_of_its_children(child: int, flagged: bool) -> None:
    (row,) = tree(child)
    assert (1, 0, flagged) == (row["channel"], row["lacking"], row["flagged"])


def test_a_virtual_child_explains_nothing() -> None:
    meters = one()
    meters.meter(2, 1, parent=meter_id(1))
    meters.channel(2)
    meters.meter(3, 1, parent=meter_id(1), formula="[M1] - [M2]")
    meters.channel(3)
    rows = registers(1, MIDNIGHT, [0, 1000]) + registers(2, MIDNIGHT, [0, 400])
    made = Derived(meters, known(rows))
    doubts.balance(made.con, "days")
    (row,) = made.table("balances")
    assert (1, 0, True) == (row["channel"], row["lacking"], row["flagged"])


def test_with_a_child_lacking_nothing_is_judged() -> None:
    meters = one()
    for number in (2, 3):
        meters.meter(number, 1, parent=meter_id(1))
        meters.channel(number)
    rows = registers(1, MIDNIGHT, [0, 1000]) + registers(2, MIDNIGHT, [0, 400])
    made = Derived(meters, known(rows))
    doubts.balance(made.con, "days")
    (row,) = made.table("balances")
    assert (1, False) == (row["lacking"], row["flagged"])


def test_hampel_doubts_what_is_far_from_its_neighbours() -> None:
    with duckdb.connect() as con:
        con.execute(
            """CREATE TABLE spans AS SELECT 1 AS channel, 10 + i % 3 AS count,
            TIMESTAMP '2026-09-01' + to_minutes(15 * i) AS start_utc, start_utc AS end_utc
            FROM range(100) t(i)"""
        )
        con.execute("UPDATE spans SET count = 90 WHERE start_utc = '2026-09-01 12:30'")
        found = con.execute(f"SELECT count FROM ({hampel.sql_of('spans', 12, 6)})").fetchall()
    assert [(90,)] == found


def test_the_channels_own_percent_makes_its_limit() -> None:
    meters = one(multiplier="60")
    meters.own(1, "spike_percent", "300")
    week = Derived(meters, known(registers(1, MIDNIGHT, rising(STEPS))))
    (fact,) = learn(week.con, "FROM spans", dt.date(2026, 9, 8), "window").to_pylist()
    assert {132} == set(json.loads(fact["text"])["limit"])


def test_a_channel_that_spoke_on_too_few_days_has_no_profile() -> None:
    week = Derived(one(), known(registers(1, MIDNIGHT, rising(STEPS))))
    facts = learn(week.con, "FROM spans", dt.date(2026, 9, 8), "window", least_days=8)
    assert 0 == facts.num_rows
    assert 1 == learn(week.con, "FROM spans", dt.date(2026, 9, 8), "w", least_days=7).num_rows
