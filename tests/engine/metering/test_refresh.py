"""A refresh derives exactly what changed, tells what it restated, and survives being killed."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest

from tanma.domain.messages import Problem
from tanma.engine.metering import bucket as buckets
from tanma.engine.metering import refresh as module
from tanma.engine.metering.refresh import refresh
from tanma.engine.metering.run import run
from tests.engine.metering.lake import Lake, content
from tests.engine.metering.meters import MIDNIGHT, QUARTER, Meters, meter_id, one, registers, utc
from tests.lake.killed import trials

DAY = dt.timedelta(days=1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Three days of one register, ten counts a quarter-hour, derived."""
    meters = one()
    meters.own(1, "freeze_count", "1000")
    made = Lake(tmp_path, meters)
    made.read(registers(1, MIDNIGHT, [n * 10 for n in range(3 * 96 + 1)]))
    refresh(made.root)
    return made


def test_the_first_refresh_derives_everything(lake: Lake) -> None:
    assert {(1, f"09-0{n}"): 960_000 for n in (1, 2, 3)} == lake.days()
    assert [] == lake.restated()


def test_a_refresh_again_does_nothing(lake: Lake) -> None:
    log = lake.root / "activity_day" / "_delta_log"
    before = sorted(log.iterdir())
    again = refresh(lake.root)
    assert (0, 0, 0) == (again.dirty, again.changed, again.restated)
    assert before == sorted(log.iterdir())


def test_readings_that_go_on_restate_nothing(lake: Lake) -> None:
    lake.read(registers(1, MIDNIGHT + 3 * DAY + QUARTER, [2890, 2900]))
    done = refresh(lake.root)
    assert (1, 0) == (done.changed, done.restated)
    assert 20_000 == lake.days()[1, "09-04"]


def test_a_correction_restates_its_day_alone(lake: Lake) -> None:
    noon = MIDNIGHT + DAY + 48 * QUARTER
    lake.read([(1, noon, 96 * 10 + 48 * 10 + 3)])
    done = refresh(lake.root)
    # three counts more at noon leave the amount of the day as it was, and are told all the same
    assert (1, 1, 1) == (done.dirty, done.changed, done.restated)
    assert [(1, "09-02", 960_000, 960_000, "correction")] == lake.restated()
    lake.read([(1, MIDNIGHT + DAY, 955)])
    assert 2 == refresh(lake.root).restated
    assert [
        (1, "09-01", 960_000, 955_000, "correction"), (1, "09-02", 960_000, 960_000, "correction"),
        (1, "09-02", 960_000, 965_000, "correction"),
    ] == lake.restated()  # fmt: skip


def test_a_late_reading_restates_from_the_reading_before_to_the_one_after(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one())
    lake.read([(1, MIDNIGHT, 0), (1, MIDNIGHT + 4 * DAY, 4000)])
    refresh(lake.root)
    assert {1_000_000} == set(lake.days().values())
    lake.read([(1, MIDNIGHT + 2 * DAY, 3000)])
    refresh(lake.root)
    assert [1_500_000, 1_500_000, 500_000, 500_000] == [v for _, v in sorted(lake.days().items())]
    assert {"late"} == {cause for *_, cause in lake.restated()}
    assert 4 == len(lake.restated())


def test_withdrawn_readings_leave_a_day_of_which_nothing_is_known(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one(kind="interval"))
    lake.read([(1, MIDNIGHT, 5)], QUARTER)
    refresh(lake.root)
    lake.read([(1, MIDNIGHT, None)], QUARTER)  # type: ignore[list-item]
    refresh(lake.root)
    assert ({(1, "09-01"): None}, {(1, "09-01"): 0}) == (lake.days(), lake.days("n"))
    assert [(1, "09-01", 5_000, None, "correction")] == lake.restated()


def test_an_event_and_a_parameter_restate_what_they_touch(lake: Lake) -> None:
    at = MIDNIGHT + DAY + 10 * QUARTER + dt.timedelta(minutes=5)
    lake.meters.event(1, "exchange", at, final=96 * 10 + 105, first=1060)
    lake.sync()
    refresh(lake.root)
    # final 1065 after 1060, then 1070 after a first of 1060: fifteen counts instead of ten
    assert [(1, "09-02", 960_000, 965_000, "event")] == lake.restated()
    lake.meters.tell(1, "channel.multiplier", "2", dt.date(2026, 9, 3))
    lake.sync()
    refresh(lake.root)
    assert (1, "09-03", 960_000, 1_920_000, "parameter") == lake.restated()[-1]
    assert 965_000 == lake.days()[1, "09-02"]


def test_a_channel_that_becomes_known_after_its_readings_is_derived(tmp_path: Path) -> None:
    lake = Lake(tmp_path, Meters())
    lake.read(registers(1, MIDNIGHT, [0, 10]))
    assert 0 == refresh(lake.root).changed
    lake.meters = one()
    lake.sync()
    refresh(lake.root)
    assert {(1, "09-01"): 10_000} == lake.days()


def test_a_virtual_meter_follows_its_parts(lake: Lake) -> None:
    lake.meters.meter(2, 1)
    lake.meters.channel(2, item="electricity.pv.exported")
    lake.meters.meter(3, 1, formula="[M1] - 0.5 * [M2]")
    lake.meters.channel(3, kind="interval", item="electricity.consumed")
    lake.sync()
    lake.read(registers(2, MIDNIGHT, [n * 4 for n in range(97)]))
    refresh(lake.root)
    assert 960_000 - 192_000 == lake.days()[3, "09-01"]
    lake.read([(2, MIDNIGHT + DAY, 484)])
    refresh(lake.root)
    assert 960_000 - 242_000 == lake.days()[3, "09-01"]
    assert (3, "09-01", 768_000, 718_000, "correction") in lake.restated()


def test_killed_between_note_and_days_it_tells_nothing_twice(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.read([(1, MIDNIGHT + DAY, 955)])

    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module.ActivityDays, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            refresh(lake.root)
    lake.read(registers(1, MIDNIGHT + 3 * DAY + QUARTER, [2890]))
    refresh(lake.root)
    refresh(lake.root)
    assert 2 == len(lake.restated())
    assert (955_000, 10_000) == (lake.days()[1, "09-01"], lake.days()[1, "09-04"])


def test_a_stamp_beyond_the_watermark_is_refused(lake: Lake) -> None:
    with pytest.raises(Problem) as problem:
        refresh(lake.root, upto=2**60)
    assert "metering_known_too_late" == problem.value.code


def test_any_order_of_delivery_gives_what_a_whole_run_gives(tmp_path: Path) -> None:
    rows = registers(1, MIDNIGHT - 20 * QUARTER, [n * 11 for n in range(60)])
    rows += [(1, utc("09-04 06:00"), 900), (1, utc("09-05 06:00"), 880)]
    whole = Lake(tmp_path / "whole", one(digits=6))
    whole.read(rows)
    run(whole.root, ["2026-08", "2026-09"])
    chance = random.Random(7)
    for trial in range(trials(3)):
        parts = Lake(tmp_path / str(trial), one(digits=6))
        shuffled = chance.sample(rows, len(rows))
        for start in range(0, len(shuffled), 13):
            parts.read(sorted(shuffled[start : start + 13]), writer=chance.choice("ab"))
            if chance.random() < 0.7:
                refresh(parts.root)
        refresh(parts.root)
        assert content(whole) == content(parts)


def test_months_below_a_new_parent_need_no_new_days(lake: Lake) -> None:
    lake.meters.tell(10_001, "meter.parent", meter_id(9))
    lake.sync()
    assert 0 == refresh(lake.root).changed


def with_half(lake: Lake) -> None:
    """A virtual meter of half of the first, and one of a tenth of that; both derived."""
    lake.meters.meter(3, 1, formula="0.5 * [M1]")
    lake.meters.channel(3, kind="interval", item="electricity.consumed")
    lake.meters.meter(4, 1, formula="0.1 * [M3]")
    lake.meters.channel(4, kind="interval", item="electricity.sold")
    lake.sync()
    refresh(lake.root)


def test_a_changed_formula_restates_all_that_stands_on_it(lake: Lake) -> None:
    with_half(lake)
    assert (480_000, 48_000) == (lake.days()[3, "09-01"], lake.days()[4, "09-01"])
    lake.meters.tell(10_003, "meter.formula", "0.25 * [M1]", dt.date(2026, 1, 1))
    lake.sync()
    refresh(lake.root)
    assert (240_000, 24_000) == (lake.days()[3, "09-01"], lake.days()[4, "09-01"])
    told = [r for r in lake.restated() if r[4] == "parameter"]
    days = [f"09-0{n}" for n in (1, 2, 3)]
    assert [(3, d, 480_000, 240_000, "parameter") for d in days] + [
        (4, d, 48_000, 24_000, "parameter") for d in days
    ] == told


@pytest.mark.parametrize("formula", [None, "[nobody]", "[M1] +"])
def test_a_withdrawn_or_broken_formula_leaves_days_of_which_nothing_is_known(
    lake: Lake, formula: str | None
) -> None:
    with_half(lake)
    if formula is None:
        lake.meters.withdraw(10_003, "meter.formula")
    else:
        lake.meters.tell(10_003, "meter.formula", formula, dt.date(2026, 1, 1))
    lake.sync()
    refresh(lake.root)
    days = [f"09-0{n}" for n in (1, 2, 3)]
    assert {None} == {lake.days()[c, d] for c in (3, 4) for d in days}
    assert {0} == {lake.days(column)[3, d] for column in ("n", "covered_s") for d in days}
    assert [(3, d, 480_000, None, "parameter") for d in days] + [
        (4, d, 48_000, None, "parameter") for d in days
    ] == lake.restated()
    assert {960_000} == {lake.days()[1, d] for d in days}
    again = refresh(lake.root)
    assert (0, 0) == (again.changed, again.restated)


def test_a_formula_over_fewer_days_gives_up_the_others(lake: Lake) -> None:
    with_half(lake)
    lake.meters.meter(2, 1)
    lake.meters.channel(2, kind="interval", item="electricity.pv.exported")
    lake.read([(2, MIDNIGHT, 4)], QUARTER)
    lake.meters.tell(10_003, "meter.formula", "[M1] - [M2]", dt.date(2026, 1, 1))
    lake.sync()
    refresh(lake.root)
    assert [956_000, None, None] == [lake.days()[3, f"09-0{n}"] for n in (1, 2, 3)]
    assert (3, "09-02", 480_000, None, "parameter") in lake.restated()


def test_a_meter_that_is_no_longer_virtual_has_its_own_readings(lake: Lake) -> None:
    with_half(lake)
    lake.read([(3, MIDNIGHT, 7)], QUARTER)
    refresh(lake.root)
    assert 480_000 == lake.days()[3, "09-01"]
    lake.meters.withdraw(10_003, "meter.formula")
    lake.sync()
    refresh(lake.root)
    assert [7_000, None] == [lake.days()[3, f"09-0{n}"] for n in (1, 2)]
    assert (3, "09-01", 480_000, 7_000, "parameter") in lake.restated()


def test_all_that_a_refresh_holds_is_bounded_together(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds, derive = [], buckets.derive

    def noted(con, *given, **more) -> None:
        bounds.append(con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])
        derive(con, *given, **more)

    monkeypatch.setattr(buckets, "derive", noted)
    opened, connection = [], buckets.connection

    def counted(*given, **more):
        opened.append(given)
        return connection(*given, **more)

    monkeypatch.setattr(buckets, "connection", counted)
    lake.read([(1, MIDNIGHT + 289 * QUARTER, 2890)])
    refresh(lake.root, memory="300MB")
    assert ["286.1 MiB"] == bounds
    assert [("300MB",), ("300MB",)] == opened  # one for the register, which is closed before
