"""The night keeps every version and every kept body, and frees what nobody names."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from tanma.lake import raw
from tanma.lake.derived import RESTATEMENT, ActivityDays, Restatements
from tanma.lake.facts import FactsMirror
from tanma.lake.landing import Landing, entry
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tanma.lake.upkeep import FRESH_FACT_FILES, lake_tables, night, sweep
from tests.lake.lake_store import Store, said
from tests.lake.reading_model import OCTOBER_US, Clock, known, settled_rows, table
from tests.lake.test_derived import day, days, note

DAY_US = 86_400 * 10**6


def files_on_disk(root: Path) -> set[str]:
    return {str(p) for p in root.rglob("*.parquet") if "_delta_log" not in str(p)}


def files_named(root: Path) -> set[str]:
    return {f.uri for kept in lake_tables(root) if kept.exists for f in kept.table.files()}


def test_the_night_settles_compacts_and_sweeps(tmp_path: Path) -> None:
    clock = Clock()
    lake = Readings(tmp_path, clock)
    for hour in range(3):
        lake.append(table([(1, hour, hour, None), (1, 0, 90 + hour, None)]), writer="a")
        lake.seal()
        Settler(tmp_path, clock).settle()
        ActivityDays(tmp_path).put(days(day(1, 1, hour, hour)))
    store = Store()
    for n in range(FRESH_FACT_FILES):
        store.append([said(n, n)], OCTOBER_US)
        FactsMirror(tmp_path).sync(store.fetch, OCTOBER_US + n)
    before = known(tmp_path)
    done = night(tmp_path, clock, keep_hours=0)
    assert (6, 1, True) == (done.moved.rows, done.months_compacted, done.facts_compacted)
    assert before == known(tmp_path)
    assert 6 == len(settled_rows(tmp_path))
    assert files_named(tmp_path) == files_on_disk(tmp_path)
    assert done.swept["tail"] > 0
    again = night(tmp_path, clock, keep_hours=0)
    assert (0, 0, False) == (again.moved.rows, again.months_compacted, again.facts_compacted)
    assert before == known(tmp_path)


def test_the_night_goes_around_what_is_damaged(tmp_path: Path) -> None:
    """Each table does what it can; what is damaged is neither rewritten nor dropped."""
    clock = Clock()
    lake, store = Landing(tmp_path, clock), Store()
    lake.take([entry(table([(1, 0, 1, None)]), body=b"sent")], writer="a")
    lake.seal()
    Settler(tmp_path, clock).settle()
    for number in range(16):
        ActivityDays(tmp_path).put(days(day(1, 1, number, number)))
        notes = pa.Table.from_pylist([note(1, number)], schema=RESTATEMENT)
        Restatements(tmp_path).append(notes)
    for number in range(FRESH_FACT_FILES):
        store.append([said(number, number)], OCTOBER_US)
        FactsMirror(tmp_path).sync(store.fetch, OCTOBER_US + number)
    broken = [k.table.files()[0] for k in lake_tables(tmp_path) if k.exists and k.table.files()]
    assert 6 <= len(broken)
    for file in broken:
        Path(file.uri).write_bytes(b"no")
    clock.at += 100 * DAY_US
    done = night(tmp_path, clock, keep_hours=0)
    assert (0, 1, 0, False, 0) == (
        done.moved.rows, done.moved.left, done.months_compacted, done.facts_compacted,
        done.bodies_dropped,
    )  # fmt: skip
    assert {f.uri for f in broken} <= files_named(tmp_path)
    assert {f.uri for f in broken} <= files_on_disk(tmp_path)


def test_nothing_young_is_swept(tmp_path: Path) -> None:
    clock = Clock()
    lake = Readings(tmp_path, clock)
    for value in (1, 2):
        lake.append(table([(1, 0, value, None)]), writer="a")
        lake.seal()
        Settler(tmp_path, clock).settle()
    before = files_on_disk(tmp_path)
    assert {0} == set(sweep(tmp_path, 1).values())
    assert before == files_on_disk(tmp_path)
    assert before > files_named(tmp_path)


def test_a_sweep_of_an_empty_lake_finds_nothing(tmp_path: Path) -> None:
    assert {} == sweep(tmp_path)


def test_kept_bodies_survive_the_night_others_go_after_their_days(tmp_path: Path) -> None:
    clock = Clock()
    landing = Landing(tmp_path, clock)
    for n in range(2):
        landing.take([entry(table([(1, n, n, None)]), body=b"as sent")], writer="a")
    landing.seal()
    clock.at += 91 * DAY_US
    raw.keep(tmp_path, [("a", 2)], "dispute 7")
    done = night(tmp_path, clock, keep_hours=0)
    assert 1 == done.bodies_dropped
    assert [None, b"as sent"] == [body.body for body in raw.bodies(tmp_path)]
    assert {(1, 0): 0, (1, 1): 1} == known(tmp_path)
    assert landing.take([entry(table([(1, 0, 0, None)]))], writer="a")[0].duplicate is False


def test_receipts_are_joined_when_there_are_many_small_files(tmp_path: Path) -> None:
    clock = Clock()
    lake, settler = Readings(tmp_path, clock), Settler(tmp_path, clock)
    for hour in range(4):
        lake.append(table([(1, hour, hour, None)]), writer="a")
        lake.seal()
        settler.settle()
    assert not settler.join_receipts(files=5)
    rows = settled_rows(tmp_path)
    assert settler.join_receipts(files=4)
    assert 1 == len(settler.receipts.files())
    assert rows == settled_rows(tmp_path)
    lake.append(table([(1, 9, 9, None)]), writer="a")
    lake.seal()
    settler.settle()
    stamps = [row[0] for row in settled_rows(tmp_path)]
    assert [OCTOBER_US + n for n in range(5)] == stamps


def test_a_clock_that_steps_back_an_hour_takes_nothing_away(tmp_path: Path) -> None:
    clock = Clock()
    lake, settler = Readings(tmp_path, clock), Settler(tmp_path, clock)
    lake.append(table([(1, 0, 1, None)]), writer="a")
    lake.seal()
    settler.settle()
    settler.night()
    clock.at -= 3_600 * 10**6
    lake.append(table([(1, 0, 2, None), (1, 1, 3, None)]), writer="b")
    assert lake.seal().watermark > OCTOBER_US
    done = settler.settle()
    assert (2, 1) == (done.rows, done.partitions)
    clock.at -= 60 * DAY_US
    settler.night()
    assert {(1, 0): 2, (1, 1): 3} == known(tmp_path)
    assert {(1, 0): 1} == known(tmp_path, OCTOBER_US)


def test_what_was_swept_leaves_the_log_short(tmp_path: Path) -> None:
    """Entries of the log older than 30 days go with a sweep; the table stays whole."""
    notes = ActivityDays(tmp_path)
    for n in range(3):
        notes.put(days(day(1, n + 1, n, n)))
    sweep(tmp_path, 0)
    assert (notes.table.folder / "_delta_log" / "_last_checkpoint").exists()
    with duckdb.connect() as con:
        notes.view(con, None)
        assert [(3,)] == con.execute("SELECT count(*) FROM days").fetchall()
