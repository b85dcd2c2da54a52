"""Eight situations in which a well-known open system answers wrongly; here each is true.

Services in any order; six hours back-filled; a coal figure that is not declared; a factor changed
half-way while jobs lag; a plausible hourly limit during back-fill; two workers; an exchanged meter;
the reading of midnight.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from tanma.engine import regions
from tanma.engine.activity import attributes
from tanma.engine.evaluate import evaluate
from tanma.engine.metering import bucket, months
from tanma.engine.metering.post import of_lake
from tanma.engine.metering.refresh import refresh
from tanma.engine.metering.run import run
from tanma.engine.population import enterprises
from tanma.lake.derived import ActivityDays
from tanma.lake.settle import Settler
from tests.engine.metering.lake import Lake, content
from tests.engine.metering.meters import (
    FIRST,
    MIDNIGHT,
    POWER,
    QUARTER,
    Meters,
    flag_names,
    one,
    registers,
)
from tests.engine.metering.test_post import append
from tests.engine.region import COAL, OUTPUT, VALUE
from tests.engine.test_evaluate import PLAN

DAY = 96
TRUE = registers(1, MIDNIGHT, [n * 13 for n in range(2 * DAY + 1)])
"""Two days of a register that counts thirteen a quarter-hour."""


def days(lake: Lake) -> dict[tuple[int, str], int]:
    return {key: value for key, value in sorted(lake.days().items())}


EXPECTED = {(1, "09-01"): DAY * 13_000, (1, "09-02"): DAY * 13_000}


def areas(lake: Lake) -> dict[tuple[str, str], tuple[int, int]]:
    """(area, item) → (sum in counts of the item, enterprises that lack a part) of September."""
    with bucket.connection() as con:
        con.register("known", lake.meters.table())
        bucket.of_facts(con, "known").install(con)
        ActivityDays(lake.root).view(con, ["2026-09"], "days")
        months.build(con)
        attributes(con, "2026-09-30")
        enterprises(con)
        regions.closure(con)
        regions.memberships(con)
        months.by_area(con)
        rows = con.execute(
            """SELECT area_code, item, value, incomplete FROM metered_areas
               WHERE hierarchy = 'statutory'"""
        ).fetchall()
    return {(area, item): (value, incomplete) for area, item, value, incomplete in rows}


@pytest.mark.parametrize("order", list(itertools.permutations(("settle", "refresh", "sync"))))
def test_services_may_start_in_any_order(tmp_path: Path, order: tuple[str, ...]) -> None:
    lake = Lake(tmp_path, Meters())
    lake.read(TRUE)
    lake.meters = one()
    steps: dict[str, Callable[[], object]] = {
        "settle": Settler(lake.root, lambda: lake.at).settle,
        "refresh": lambda: refresh(lake.root),
        "sync": lake.sync,
    }
    for name in order:
        steps[name]()
    refresh(lake.root)
    assert EXPECTED == days(lake)


def test_six_hours_without_a_network_are_back_filled(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one())
    outage = range(40, 64)
    lake.read([row for n, row in enumerate(TRUE) if n not in outage])
    refresh(lake.root)
    # the register tells the amount at once; where it lies is known later
    assert EXPECTED == days(lake)
    lake.read([row for n, row in enumerate(TRUE) if n in outage])
    refresh(lake.root)
    assert EXPECTED == days(lake)
    assert {96} == set(lake.days("n").values())
    assert {"late"} == {cause for *_, cause in lake.restated()}


def test_six_hours_of_interval_readings_are_back_filled(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one(kind="interval"))
    rows = [(1, MIDNIGHT + n * QUARTER, 13) for n in range(2 * DAY)]
    lake.read(rows[:40] + rows[64:], QUARTER)
    refresh(lake.root)
    assert (DAY - 24) * 13_000 == lake.days()[1, "09-01"]
    assert (DAY - 24) * 900 == lake.days("covered_s")[1, "09-01"]
    lake.read(rows[40:64], QUARTER)
    refresh(lake.root)
    assert EXPECTED == days(lake)
    assert [(1, "09-01", (DAY - 24) * 13_000, DAY * 13_000, "late")] == lake.restated()


def test_a_coal_figure_that_is_not_declared_leaves_the_known_parts(tmp_path: Path) -> None:
    """Both firms burn coal, one has not declared September's: its power counts, its coal lacks."""
    meters = one()
    meters.enterprise(2, "3011", "33")
    meters.meter(2, 2)
    meters.channel(2)
    for subject, month in itertools.product((1, 2), ("2026-07", "2026-08", "2026-09")):
        meters.month(subject, month, {OUTPUT: 10**8, VALUE: 10**7})
        if (subject, month) != (2, "2026-09"):
            meters.month(subject, month, {COAL: 10**6})
        if month != "2026-09":
            meters.month(subject, month, {POWER: 10**6})
    lake = Lake(tmp_path, meters)
    lake.read(registers(1, MIDNIGHT, list(range(30 * DAY + 1))))
    lake.read(registers(2, MIDNIGHT, list(range(0, 2 * 30 * DAY + 1, 2))))
    refresh(lake.root)
    assert (3 * 30 * DAY * 10, 0) == areas(lake)["33", POWER]
    append(lake, of_lake(lake.root))
    con = meters.connection()
    evaluate(con, PLAN)
    power, known_mg, missing = con.execute(
        """SELECT sum(power_bought_mg), sum(net_mg), sum(missing_enterprises) FROM area_results
           WHERE hierarchy = 'statutory' AND area_code = '33'"""
    ).fetchall()[0]
    lacking = "SELECT natural_key, missing_months FROM results WHERE missing > 0"
    assert [("uscc:U2", f"{COAL}:2026-09")] == con.execute(lacking).fetchall()
    assert (1, True) == (missing, power > 0 and known_mg > power)


def test_a_multiplier_changed_half_way_holds_from_its_day_whatever_lags(tmp_path: Path) -> None:
    """The factor is known late, a day after its readings were derived, and holds from its day."""
    expected = {(1, "09-01"): DAY * 13_000, (1, "09-02"): DAY * 13_000 * 60}
    told: list[dict[tuple[int, str], int]] = []
    for early in (True, False):
        lake = Lake(tmp_path / str(early), one())
        if not early:
            lake.read(TRUE)
            refresh(lake.root)
        lake.meters.tell(1, "channel.multiplier", "60", FIRST + dt.timedelta(days=1))
        lake.sync()
        if early:
            lake.read(TRUE)
        refresh(lake.root)
        told.append(days(lake))
    assert [expected, expected] == told


def test_a_plausible_hourly_limit_does_not_cut_a_back_fill(tmp_path: Path) -> None:
    """52 counts an hour are true, 70 are the limit: six hours in one difference are 312."""
    meters = one(rated="0.7")
    meters.own(1, "range_percent", "100")
    lake = Lake(tmp_path, meters)
    lake.read([row for n, row in enumerate(TRUE) if n not in range(40, 64)])
    refresh(lake.root)
    assert EXPECTED == days(lake)
    assert {"gap"} == flag_names(lake.days("flags")[1, "09-01"]) - {"freeze"}


def test_two_workers_may_derive_the_same_at_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one())
    lake.read(TRUE)
    refresh(lake.root)
    run(lake.root)
    refresh(lake.root)
    once = content(lake)
    run(lake.root)
    assert (EXPECTED, once) == (days(lake), content(lake))


def test_an_exchanged_meter_goes_on_where_the_old_one_ended(tmp_path: Path) -> None:
    """The new meter begins at 5; nobody sees a step back by a thousand counts, nor a jump."""
    at = 100
    meters = one()
    meters.event(1, "exchange", MIDNIGHT + at * QUARTER, final=at * 13, first=5)
    after = [(1, MIDNIGHT + n * QUARTER, (n - at) * 13 + 5) for n in range(at + 1, 2 * DAY + 1)]
    lake = Lake(tmp_path, meters)
    lake.read(TRUE[:at] + after)
    refresh(lake.root)
    assert EXPECTED == days(lake)


def test_the_reading_of_midnight_belongs_to_the_day_that_it_ends(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one())
    for start in range(0, len(TRUE), 24):
        lake.read(TRUE[start : start + 24])
        refresh(lake.root)
    assert EXPECTED == days(lake)
    assert [] == lake.restated()
