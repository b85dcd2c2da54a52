"""A whole run over buckets: the same rows here and on a cluster, whoever dies meanwhile."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tanma.domain.messages import Problem
from tanma.engine.metering import bucket, months
from tanma.engine.metering import run as of_run
from tanma.engine.metering.refresh import refresh
from tanma.engine.metering.run import run, span_of
from tanma.lake.derived import ActivityDays, Validated
from tests.engine.metering.lake import Lake, content
from tests.engine.metering.meters import MIDNIGHT, QUARTER, Meters, one, registers, utc


def two_buckets() -> Meters:
    made = one()
    made.meter(2, 1)
    made.channel(5000, meter=2, kind="interval", item="electricity.consumed")
    return made


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path, two_buckets())
    made.read(registers(1, MIDNIGHT - 4 * QUARTER, [n * 10 for n in range(110)]))
    made.read([(5000, MIDNIGHT + n * QUARTER, 7) for n in range(96)], QUARTER)
    return made


def test_a_run_derives_days_and_validated_of_every_bucket(lake: Lake) -> None:
    ran = run(lake.root, ["2026-09"])
    assert (2, 3) == (ran.tasks, ran.days)
    assert {(1, "09-01"): 960_000, (1, "09-02"): 90_000, (5000, "09-01"): 672_000} == lake.days()
    september = Validated(lake.root).files("2026-09")
    rows = [r for f in september for r in pq.ParquetFile(f).read().to_pylist()]
    assert 2 == len(september)
    # September of UTC begins eight hours after that of Shanghai
    begins = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
    assert {True} == {r["start_utc"] >= begins for r in rows}
    assert (109 - 4 - 32) + (96 - 32) == len(rows)


def test_the_reading_before_is_found_however_long_ago_it_was(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one())
    lake.read([(1, utc("06-30 12:00"), 0), (1, utc("10-05 12:00"), 97 * 24)])
    run(lake.root, ["2026-09"])
    assert 30 == len(lake.days())
    assert {24_000} == set(lake.days().values())


def test_a_run_as_known_before_a_correction_gives_the_days_of_then(lake: Lake) -> None:
    before = lake.readings.watermark
    lake.read([(5000, MIDNIGHT, 1_000_007)], QUARTER)
    run(lake.root, ["2026-09"], known_at=before)
    assert 672_000 == lake.days()[5000, "09-01"]
    run(lake.root, ["2026-09"])
    assert 1_000_672_000 == lake.days()[5000, "09-01"]


def test_buckets_of_more_than_one_group_give_the_same_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of a sum whose parts lie in buckets of different groups."""
    made = two_buckets()
    made.meter(3, 1, formula="[M1] + [M2]")
    made.channel(9000, meter=3, kind="interval")
    found = []
    for group in (16, 1):
        monkeypatch.setattr(of_run, "GROUP", group)
        lake = Lake(tmp_path / str(group), made)
        lake.read(registers(1, MIDNIGHT - 4 * QUARTER, [n * 10 for n in range(110)]))
        lake.read([(5000, MIDNIGHT + n * QUARTER, 7) for n in range(96)], QUARTER)
        run(lake.root, ["2026-09"])
        found.append(lake.days())
    assert found[0] == found[1]
    assert 960_000 + 672_000 == found[0][9000, "09-01"]


def test_progress_is_told_bucket_by_bucket(lake: Lake) -> None:
    told: list[tuple[int, int]] = []
    run(lake.root, ["2026-09"], progress=lambda n, of, _: told.append((n, of)))
    assert [(1, 2), (2, 2)] == told


def test_a_time_that_is_not_known_yet_and_a_wrong_month_are_refused(lake: Lake) -> None:
    with pytest.raises(Problem) as late:
        run(lake.root, ["2026-09"], known_at=2**60)
    assert "metering_known_too_late" == late.value.code
    assert "封存读数" in late.value.text("zh")
    with pytest.raises(Problem) as month:
        span_of("2026-9", 0)
    assert ("metering_months", True) == (month.value.code, "2026-09" in month.value.text("en"))


def test_a_run_of_all_months_goes_over_into_refreshes(lake: Lake) -> None:
    ran = run(lake.root)
    # September of Shanghai begins in August of UTC
    assert (6, 4) == (ran.tasks, ran.days)
    assert 0 == refresh(lake.root).dirty
    lake.read([(5000, MIDNIGHT, 8)], QUARTER)
    assert (1, 1) == (refresh(lake.root).changed, len(lake.restated()))


def test_a_run_again_changes_nothing(lake: Lake) -> None:
    run(lake.root, ["2026-09"])
    first = content(lake)
    run(lake.root, ["2026-09"])
    assert first == content(lake)


def test_months_from_the_kept_intervals_are_those_of_the_days(lake: Lake) -> None:
    lake.meters.tell(5000, "channel.multiplier", "3", dt.date(2026, 9, 2))
    lake.sync()
    run(lake.root)
    known, kept = bucket.meters(lake.root), Validated(lake.root)
    files = {month: kept.files(month) for month in ("2026-08", "2026-09")}
    with bucket.connection() as con:
        known.install(con)
        ActivityDays(lake.root).view(con, ["2026-09"], "days")
        months.build(con, into="by_days")
        months.of_validated(con, files, [dt.date(2026, 9, 1)])
        columns = "SELECT subject, item, month, value FROM"
        expected = con.execute(f"{columns} by_days ORDER BY ALL").fetchall()
        assert expected == con.execute(f"{columns} metered ORDER BY ALL").fetchall()
    assert 2 == len(expected)


def test_a_year_of_kept_intervals_is_that_of_the_days_also_over_the_ends_of_months(
    lake: Lake,
) -> None:
    # one register is silent all October, the other meter speaks at both ends of it
    turns = [utc(f"{day}:00") for day in ("09-30 22", "10-01 00", "10-31 23", "11-01 01")]
    lake.read([(1, utc("09-20 00:00"), 2000), (1, utc("11-02 00:00"), 9000)])
    lake.read([(5000, turn, 11) for turn in turns], QUARTER)
    run(lake.root)
    known, kept = bucket.meters(lake.root), Validated(lake.root)
    spoken = ("2026-08", "2026-09", "2026-10", "2026-11")
    with bucket.connection() as con:
        known.install(con)
        ActivityDays(lake.root).view(con, None, "days")
        months.build(con, into="all_days")
        con.execute("CREATE TEMP TABLE by_days AS FROM all_days WHERE month > DATE '2026-08-31'")
        wanted = [dt.date(2026, n, 1) for n in (9, 10, 11)]
        months.of_validated(con, {month: kept.files(month) for month in spoken}, wanted)
        columns = "SELECT subject, item, month, value FROM"
        expected = con.execute(f"{columns} by_days ORDER BY ALL").fetchall()
        assert expected == con.execute(f"{columns} metered ORDER BY ALL").fetchall()
        # October of the silent register: its days, since no interval lies within it
        quick = "SELECT channel FROM summed WHERE whole ORDER BY channel"
        con.execute(f"CREATE OR REPLACE TEMP TABLE summed AS {months._of_parts(wanted[1])}")
        assert [(5000,)] == con.execute(quick).fetchall()
    assert 6 == len(expected)


def test_the_month_that_begins_within_a_month_of_utc() -> None:
    assert (dt.date(2026, 10, 1), "2026-09-30 16:00:00") == turn("Asia/Shanghai")
    assert (dt.date(2026, 9, 1), "2026-09-01 04:00:00") == turn("America/New_York")
    assert (dt.date(2026, 9, 1), "2026-09-01 00:00:00") == turn("UTC")


def turn(zone: str) -> tuple[dt.date, str]:
    month, begin, _ = months._turn_in("2026-09", zone)
    return month, str(begin)
