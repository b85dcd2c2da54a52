"""Settled and derived tables in a bucket: the same answers as in a folder."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from tanma.domain.messages import Problem
from tanma.lake.check import check
from tanma.lake.delta import Table, sole_writer
from tanma.lake.derived import RESTATEMENT, ActivityDays, Part, Restatements, Validated
from tanma.lake.known import Snapshot, Span, dirty
from tanma.lake.known import known as view
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tanma.lake.storage import Bucket, attach, lock_path, settled_root, share
from tanma.lake.upkeep import lake_tables, night
from tests.lake.bucket import bucket, serving
from tests.lake.reading_model import BEGIN, FAR, OCTOBER_US, Clock, known, table
from tests.lake.test_derived import day, days, found, intervals, note, restated


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def shared(server: str, request: pytest.FixtureRequest) -> Bucket:
    return bucket(server, f"t{zlib.crc32(request.node.name.encode())}")


def read(con: duckdb.DuckDBPyConnection, place: Bucket, files: list[str]) -> list[Any]:
    attach(con, place)
    query = f"SELECT channel, count FROM read_parquet({files}) ORDER BY ALL"
    return con.execute(query).fetchall()


def test_a_bucket_can_be_named_sent_and_joined() -> None:
    place = Bucket("s3://name/prefix/", (("AWS_REGION", "x"),))
    assert "s3://name/prefix/tail" == str(place / "tail")
    assert "name/prefix/tail" == (place / "tail").key
    assert place == pickle.loads(pickle.dumps(place))
    options = Bucket("s3://n", (("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),)).storage_options
    assert ("true", "etag") == (options["AWS_ALLOW_HTTP"], options["AWS_CONDITIONAL_PUT"])


def test_locks_of_a_bucket_lie_on_this_machine(tmp_path: Path) -> None:
    one, other = Bucket("s3://one"), Bucket("s3://other")
    assert tmp_path / "x.lock" == lock_path(tmp_path, "x.lock")
    assert lock_path(one, "x.lock") == lock_path(Bucket("s3://one"), "x.lock")
    assert lock_path(one, "x.lock") != lock_path(other, "x.lock")
    with sole_writer(lock_path(one, "x.lock")):
        assert lock_path(one, "x.lock").exists()


def test_readings_settle_into_a_bucket(tmp_path: Path, shared: Bucket) -> None:
    clock = Clock()
    local, away = tmp_path / "local", tmp_path / "away"
    roots = {local: None, away: shared}
    for root, place in roots.items():
        clock.at = OCTOBER_US
        lake = Readings(root, clock)
        if place:
            share(root, place)
        settler = Settler(root, clock)
        rows = [(1, 0, 10, None), (1, 24 * 31, 5, None), (9000, 3, 7, None)]
        lake.append(table(rows), writer="a")
        lake.seal()
        settler.settle()
        settler.night()
        clock.at += 1
        lake.append(table([(1, 0, 11, None), (9000, 24 * 31, 8, None)]), writer="a")
        lake.seal()
        settler.settle()
    expected = known(local)
    assert {(1, 0): 11, (1, 744): 5, (9000, 3): 7, (9000, 744): 8} == expected
    assert not (away / "tail").exists()
    worker = Snapshot(shared)
    assert OCTOBER_US + 1 == worker.watermark
    assert values(worker, None) == sorted(expected.values())
    assert [7, 8] == values(worker, 2)
    assert [5, 7, 10] == values(worker, None, OCTOBER_US)
    with duckdb.connect() as con:
        dirty(con, worker, OCTOBER_US, OCTOBER_US + 1)
        assert [(1,), (9000,)] == con.execute("SELECT channel FROM dirty ORDER BY 1").fetchall()
    assert expected == known(away)
    other_machine = tmp_path / "other-machine"
    share(other_machine, shared)
    assert values(Snapshot(other_machine), None) == sorted(expected.values())
    ActivityDays(away).put(days(day(1, 1, 10, 100)))
    assert {(1, "2026-09-01"): 10} == found(ActivityDays(shared))
    seen = check(away)
    assert () == seen.damages
    filled = {kept.name for kept in lake_tables(away) if kept.table.files()}
    assert {"receipts", "tail", "readings", "activity_day"} == filled
    assert {"tail", "readings", "receipts"} <= set(night(away, clock, keep_hours=0).swept)
    assert expected == known(away)


def test_a_lake_is_shared_before_it_has_settled(tmp_path: Path) -> None:
    lake = Readings(tmp_path, Clock())
    lake.append(table([(1, 0, 10, None)]), writer="a")
    lake.seal()
    share(tmp_path / "other", Bucket("s3://n/p", (("AWS_REGION", "x"),)))
    assert Bucket("s3://n/p", (("AWS_REGION", "x"),)) == settled_root(tmp_path / "other")
    assert tmp_path == settled_root(tmp_path)
    Settler(tmp_path, Clock()).settle()
    with pytest.raises(Problem) as caught:
        share(tmp_path, Bucket("s3://n/p"))
    assert "lake_share_late" == caught.value.code
    for language in ("zh", "en"):
        assert "receipts, tail" in caught.value.text(language)
        assert "s3://n/p" in caught.value.text(language)


def values(snapshot: Snapshot, bucket: int | None, at: int | None = None) -> list[int]:
    with duckdb.connect() as con:
        span = Span(BEGIN, FAR, None, bucket)
        view(con, snapshot, span, snapshot.watermark if at is None else at, "seen")
        return [v for (v,) in con.execute("SELECT value FROM seen ORDER BY 1").fetchall()]


def _work(place: Bucket, number: int) -> Part:
    return Validated(place).write("2026-09", number, intervals((number * 4096, 0, number)), 9)


def test_workers_write_partitions_that_one_process_publishes(shared: Bucket) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(_work, [shared] * 3, range(3)))
    held = Validated(shared)
    assert [] == held.files("2026-09")
    assert 3 == held.publish(parts)
    assert held.replace("2026-09", 1, intervals((4096, 0, 5)), 10)
    assert not held.replace("2026-09", 1, intervals((4096, 0, 6)), 9)
    with duckdb.connect() as con:
        assert [(0, 0), (4096, 5), (8192, 2)] == read(con, shared, held.files("2026-09"))
    assert (9, 10) == (held.true_to("2026-09", 0), held.true_to("2026-09", 1))
    assert 2 == len(held.table.sweep(0))
    frame = pl.read_delta(str(shared / "validated"), storage_options=shared.storage_options)
    assert [0, 2, 5] == sorted(frame["count"].to_list())


def test_days_and_notes_in_a_bucket(shared: Bucket) -> None:
    held, notes = ActivityDays(shared), Restatements(shared)
    held.put(days(day(1, 1, 10, 100), day(1, 2, 20, 100)), {"cursor": 100})
    held.put(days(day(1, 2, 21, 200)), {"cursor": 200})
    expected = {(1, "2026-09-01"): 10, (1, "2026-09-02"): 21}
    assert expected == found(held)
    assert 1 == held.compact()
    assert (expected, 200) == (found(held), held.mark("cursor"))
    for stamp in (1, 2):
        notes.append(pa.Table.from_pylist([note(1, stamp)], schema=RESTATEMENT))
    assert 1 == notes.compact(fresh_files=2)
    assert [1, 2] == restated(notes)


def test_two_commits_of_one_version_do_not_overwrite_each_other(
    shared: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers on two machines share no lock; the log tells the second one."""
    schema = pa.schema([("n", pa.int64())])
    first, second = Table(shared / "t", schema), Table(shared / "t", schema)
    first.create()
    stale = second.open()
    for number, held in enumerate((first, second)):
        file = held.write([pa.record_batch([[number]], schema=schema)])
        assert file is not None
        if held is second:
            monkeypatch.setattr(second, "create", lambda: stale)
        held.commit([file], {f"m{number}": 1})
    opened = first.open()
    assert opened is not None
    assert 2 == opened.version()
    assert [0, 1] == sorted(pa.table(opened.to_pyarrow_table())["n"].to_pylist())
    assert (1, 1) == (opened.transaction_version("m0"), opened.transaction_version("m1"))
