"""The status says what waits; what nobody knows is not zero."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tanma.lake import held, tables
from tanma.lake.check import check, set_aside
from tanma.lake.derived import ActivityDays
from tanma.lake.inbox import Inbox
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tanma.lake.status import DERIVED_UPTO, metrics, status
from tests.lake.reading_model import OCTOBER_US, Clock, table
from tests.lake.test_derived import day, days


def test_an_empty_lake_knows_nothing(tmp_path: Path) -> None:
    found = status(tmp_path, Clock())
    assert (0, 0, {}, []) == tuple(
        found[k] for k in ("watermark_us", "backlog_rows", "tables", "writers")
    )
    unknown = ("freshness_s", "settled_age_s", "completeness", "bytes_per_reading")
    assert {None} == {found[k] for k in unknown}
    text = metrics(found)
    assert "tanma_lake_backlog_rows 0\n" in text
    assert "freshness" not in text
    assert "completeness" not in text


def test_the_status_follows_a_reading_through_the_lake(tmp_path: Path) -> None:
    clock = Clock()
    lake = Readings(tmp_path, clock)
    lake.append(table([(1, 0, 1, None), (1, 30, 2, None), (2, 0, 3, None)]), writer="a")
    clock.at += 5_000_000
    found = status(tmp_path, clock)
    assert [{"writer": "a", "backlog_rows": 3, "aside": False}] == found["writers"]
    assert (3, 0) == (found["backlog_rows"], found["dirty_keys"])
    lake.seal()
    clock.at += 2_000_000
    found = status(tmp_path, clock)
    assert (0, 3, 2.0) == (found["backlog_rows"], found["dirty_keys"], found["freshness_s"])
    assert 3 == found["tables"]["landing"]["rows"]
    assert found["settled_age_s"] is None
    Settler(tmp_path, clock).settle()
    found = status(tmp_path, clock)
    assert (0, 3) == (found["tables"]["landing"]["rows"], found["tables"]["tail"]["rows"])
    assert found["bytes_per_reading"] > 0
    assert 2.0 == found["settled_age_s"]
    ActivityDays(tmp_path).put(days(), {DERIVED_UPTO: lake.watermark})
    assert 0 == status(tmp_path, clock)["dirty_keys"]


def test_a_damaged_file_is_named_and_counted(tmp_path: Path) -> None:
    clock = Clock()
    lake = Readings(tmp_path, clock)
    lake.append(table([(1, 0, 1, None)]), writer="a")
    lake.seal()
    [file] = tables.landing(tmp_path).files()
    Path(file.uri).write_bytes(b"no")
    # nobody has noted it yet: how much waits is unknown, and the rest is told
    found = status(tmp_path, clock)
    assert (None, 0, []) == tuple(found[k] for k in ("dirty_keys", "held_keys", "damaged"))
    assert "tanma_lake_dirty_keys" not in metrics(found)
    [noted] = held.search(tmp_path)
    held.hold(tmp_path, [noted], [], (1, 1, 1), 3)
    found = status(tmp_path, clock)
    assert (0, 3) == (found["dirty_keys"], found["held_keys"])
    assert [(file.uri, 1)] == [(one["file"], one["rows"]) for one in found["damaged"]]
    assert file.uri in found["damaged"][0]["zh"]
    text = metrics(found)
    assert 'tanma_lake_damaged_files{table="landing"} 1\n' in text
    assert 'tanma_lake_damaged_files{table="tail"} 0\n' in text
    assert "tanma_lake_held_keys 3\n" in text
    set_aside(tmp_path, check(tmp_path).damages)
    assert [] == status(tmp_path, clock)["damaged"]


def test_a_damaged_file_of_days_leaves_the_completeness_unknown(tmp_path: Path) -> None:
    days_kept = ActivityDays(tmp_path)
    days_kept.put(days(day(1, 9, 1, 1, n=90, expected=96)))
    Path(days_kept.table.files()[0].uri).write_bytes(b"no")
    clock = Clock(int(dt.datetime(2026, 9, 10, 5, tzinfo=dt.UTC).timestamp()) * 10**6)
    assert status(tmp_path, clock)["completeness"] is None


def test_completeness_counts_whole_days_and_no_more_than_expected(tmp_path: Path) -> None:
    clock = Clock(int(dt.datetime(2026, 9, 10, 5, tzinfo=dt.UTC).timestamp()) * 10**6)
    rows = [
        day(1, 9, 1, 1, n=90, expected=96),
        day(2, 9, 1, 1, n=200, expected=96),
        day(3, 9, 1, 1, n=5, expected=None),
        day(1, 10, 1, 1, n=1, expected=96),
        day(1, 2, 1, 1, n=0, expected=96),
    ]
    ActivityDays(tmp_path).put(days(*rows))
    assert round(186 / 192, 6) == status(tmp_path, clock)["completeness"]


def test_a_writer_set_aside_is_told(tmp_path: Path) -> None:
    lake = Readings(tmp_path, Clock())
    lake.append(table([(1, 0, 1, None)]), writer="a")
    Inbox(tmp_path, "a", Clock()).set_aside("test")
    found = status(tmp_path, Clock())
    assert [{"writer": "a", "backlog_rows": None, "aside": True}] == found["writers"]
    text = metrics(found)
    assert 'tanma_lake_writer_aside{writer="a"} 1' in text
    assert "writer_backlog_rows{" not in text


def test_metrics_are_lines_that_prometheus_reads(tmp_path: Path) -> None:
    lake = Readings(tmp_path, Clock())
    lake.append(table([(1, 0, 1, None)]), writer="a")
    lake.seal()
    lines = metrics(status(tmp_path, Clock())).splitlines()
    names = [line.split()[0].split("{")[0] for line in lines if not line.startswith("#")]
    helped = {line.split()[2] for line in lines if line.startswith("# HELP")}
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert helped == typed >= set(names)
    assert f"tanma_lake_watermark_seconds {OCTOBER_US // 10**6}" in lines
    assert 'tanma_lake_table_rows{table="landing"} 1' in lines
