"""The mirror holds every fact once, and facts as known at T agree with a model in plain Python."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import deltalake
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.domain.messages import Problem
from tanma.lake.facts import SCHEMA, FactsMirror
from tests.duck import session
from tests.lake.lake_store import Store, said


def known(mirror: FactsMirror, at: int, version: int | None = None) -> set[int]:
    with session() as con:
        mirror.relation(con, at, version=version)
        return {seq for (seq,) in con.execute("SELECT seq FROM known").fetchall()}


def sequences(mirror: FactsMirror) -> list[int]:
    """Every sequence number in the table, duplicates kept, in order."""
    files = mirror.pin().files
    return sorted(s for f in files for s in pq.read_table(f, columns=["seq"])["seq"].to_pylist())


def synced(root: Path, store: Store, chunk_rows: int = 3) -> FactsMirror:
    mirror = FactsMirror(root)
    mirror.sync(store.fetch, store.last_stamp, chunk_rows=chunk_rows)
    return mirror


@pytest.fixture
def store() -> Store:
    """Three enterprises, the first corrected at 200 and withdrawn at 300."""
    store = Store()
    store.append([said(1, 10), said(2, 20), said(3, 30)], clock=100)
    store.append([said(1, 11)], clock=200)
    store.append([said(1, None)], clock=300)
    return store


def test_a_damaged_mirror_is_not_compacted_and_is_fetched_anew(
    tmp_path: Path, store: Store
) -> None:
    mirror = synced(tmp_path, store)
    before = {at: known(mirror, at) for at in (100, 200, 300)}
    file = Path(mirror.pin().files[0])
    file.write_bytes(b"no")
    version = mirror.version
    assert version == mirror.compact()
    assert len(store.rows) == mirror.anew(store.fetch, store.last_stamp, chunk_rows=2)
    assert before == {at: known(mirror, at) for at in (100, 200, 300)}
    assert list(range(1, len(store.rows) + 1)) == sequences(mirror)
    store.append([said(2, 21)], clock=400)
    assert 1 == mirror.sync(store.fetch, store.last_stamp).rows


def test_an_empty_mirror_knows_nothing(tmp_path: Path) -> None:
    mirror = FactsMirror(tmp_path)
    assert (-1, 0, 0) == (mirror.version, mirror.watermark, mirror.seq)
    with session() as con:
        mirror.relation(con, 0)
        assert SCHEMA.names == con.sql("FROM known").columns
        assert [] == con.execute("FROM known").fetchall()


def test_sync_takes_everything_once_and_says_where_it_stands(tmp_path: Path, store: Store) -> None:
    mirror = FactsMirror(tmp_path)
    first = mirror.sync(store.fetch, watermark=300, chunk_rows=2)
    again = mirror.sync(store.fetch, watermark=300, chunk_rows=2)
    assert (5, 5, 300) == (first.rows, first.seq, first.watermark)
    assert (0, 5, 300, first.version) == (again.rows, again.seq, again.watermark, again.version)
    assert [1, 2, 3, 4, 5] == sequences(mirror)


def test_rows_come_back_as_they_went_in(tmp_path: Path, store: Store) -> None:
    store.append([said(4, 2**62 + 1, text="甲'乙\"\n", revision=7, reported="4,6 MWh")], clock=400)
    mirror = synced(tmp_path, store)
    mirror.compact()
    with session() as con:
        con.sql(f"FROM read_parquet({list(mirror.pin().files)}) ORDER BY seq").create_view("a")
        stored = con.sql("FROM a").to_arrow_table().cast(SCHEMA)
    assert store.fetch(0, 100) == stored


@pytest.mark.parametrize(
    ("at", "current"),
    [(99, set()), (100, {1, 2, 3}), (199, {1, 2, 3}), (200, {2, 3, 4}), (300, {2, 3})],
)
def test_known_between_versions(tmp_path: Path, store: Store, at: int, current: set[int]) -> None:
    mirror = synced(tmp_path, store)
    assert current == known(mirror, at)
    mirror.compact()
    assert current == known(mirror, at)


def test_a_source_revision_beats_the_order_of_receipt(tmp_path: Path) -> None:
    store = Store()
    store.append([said(1, 30, revision=3)], clock=100)
    store.append([said(1, 20, revision=2)], clock=200)
    assert {1} == known(synced(tmp_path, store), 200)
    store.append([said(1, 31, revision=3)], clock=300)
    assert {3} == known(synced(tmp_path, store), 300)


def test_a_duplicate_after_a_correction_changes_nothing(tmp_path: Path) -> None:
    store = Store()
    for clock, value in ((100, 10), (200, 11), (300, 10)):
        store.append([said(1, value)], clock=clock)
    assert {2} == known(synced(tmp_path, store), 300)


def test_a_deliberate_return_to_an_old_value_counts(tmp_path: Path) -> None:
    store = Store()
    store.append([said(1, 10)], clock=100)
    store.append([said(1, 11)], clock=200)
    store.append([said(1, 10, corrects="sha256:11")], clock=300)
    assert {3} == known(synced(tmp_path, store), 300)


def test_a_clock_that_stepped_back_changes_no_order(tmp_path: Path) -> None:
    store = Store()
    store.append([said(1, 10)], clock=1_000)
    assert 1_001 == store.append([said(1, 11)], clock=400)
    mirror = synced(tmp_path, store)
    assert {1} == known(mirror, 1_000)
    assert {2} == known(mirror, 1_001)


def test_keys_differing_in_one_column_do_not_correct_each_other(tmp_path: Path) -> None:
    store = Store()
    others = {"item": "heat.purchased", "kind": "stock", "source": "tax"}
    spans = {"valid_from": dt.date(2026, 8, 1), "valid_to": dt.date(2026, 11, 1)}
    rows = [said(1, 9, **{column: value}) for column, value in (others | spans).items()]
    store.append([said(1, 10), *rows], clock=100)
    store.append([said(1, 11)], clock=200)
    assert {2, 3, 4, 5, 6, 7} == known(synced(tmp_path, store), 200)


def test_a_time_after_the_watermark_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(Problem) as caught:
        known(synced(tmp_path, store), 301)
    assert "facts_known_too_late" == caught.value.code
    assert "301" in caught.value.text("zh")
    assert "300" in caught.value.text("zh")
    assert "watermark 300" in caught.value.text("en")


def test_the_watermark_stays_below_an_append_that_was_cut(tmp_path: Path, store: Store) -> None:
    mirror = FactsMirror(tmp_path)
    calls = iter([store.fetch(0, 2)])
    with pytest.raises(StopIteration):
        mirror.sync(lambda after, limit: next(calls), watermark=300)
    assert (2, 99) == (mirror.seq, mirror.watermark)


def test_the_watermark_moves_without_facts(tmp_path: Path, store: Store) -> None:
    mirror = synced(tmp_path, store)
    assert 900 == mirror.sync(store.fetch, watermark=900).watermark
    assert 900 == mirror.sync(store.fetch, watermark=500).watermark
    assert {2, 3} == known(mirror, 900)


def test_a_gap_stops_the_sync(tmp_path: Path, store: Store) -> None:
    mirror = FactsMirror(tmp_path)
    with pytest.raises(Problem) as caught:
        mirror.sync(lambda a, n: store.fetch(a, n).filter(pc.field("seq") != 3), 300)
    assert {"expected": 3, "found": 4} == caught.value.params
    assert "应为 3" in caught.value.text("zh")
    assert "found 4" in caught.value.text("en")
    assert [] == sequences(mirror)


def test_missing_columns_are_named(tmp_path: Path, store: Store) -> None:
    with pytest.raises(Problem) as caught:
        FactsMirror(tmp_path).sync(lambda a, n: store.fetch(a, n).drop(["kind", "digest"]), 300)
    assert "facts_columns_missing" == caught.value.code
    assert "kind, digest" in caught.value.text("zh")
    assert "kind, digest" in caught.value.text("en")


def test_a_view_name_that_is_no_name_is_refused(tmp_path: Path, store: Store) -> None:
    with session() as con, pytest.raises(Problem) as caught:
        synced(tmp_path, store).relation(con, 300, name="known; DROP")
    assert "lake_view_name" == caught.value.code
    assert "known; DROP" in caught.value.text("zh")
    assert "known; DROP" in caught.value.text("en")


def test_rows_delivered_out_of_order_are_put_in_order(tmp_path: Path, store: Store) -> None:
    mirror = FactsMirror(tmp_path)
    mirror.sync(lambda a, n: store.fetch(a, n).sort_by([("seq", "descending")]), 300)
    assert (5, 300) == (mirror.seq, mirror.watermark)
    assert {2, 3} == known(mirror, 300)


def test_a_pinned_version_does_not_move(tmp_path: Path, store: Store) -> None:
    mirror = synced(tmp_path, store)
    pinned = mirror.pin()
    store.append([said(2, 21)], clock=400)
    synced(tmp_path, store)
    mirror.compact()
    with session() as con:
        pinned.relation(con, 300, "before")
        mirror.relation(con, 400, "now")
        assert [(2,), (3,)] == con.execute("SELECT seq FROM before ORDER BY 1").fetchall()
        assert [(3,), (6,)] == con.execute("SELECT seq FROM now ORDER BY 1").fetchall()
    assert {2, 3} == known(mirror, 300, version=pinned.version)
    with pytest.raises(Problem):
        known(mirror, 400, version=pinned.version)


def test_compaction_sorts_keeps_every_version_and_the_cursor(tmp_path: Path) -> None:
    store = Store()
    for clock in range(1, 40):
        store.append([said(97 * clock % 11, clock)], clock=clock)
    mirror = synced(tmp_path, store)
    before = (mirror.seq, mirror.watermark)
    mirror.compact()
    assert before == (mirror.seq, mirror.watermark)
    assert list(range(1, 40)) == sequences(mirror)
    (file,) = mirror.pin().files
    subjects = pq.read_table(file)["subject"].to_pylist()
    assert sorted(subjects) == subjects
    assert 0 == mirror.sync(store.fetch, store.last_stamp).rows


def test_sweep_deletes_only_what_compaction_replaced(tmp_path: Path, store: Store) -> None:
    mirror = synced(tmp_path, store, chunk_rows=1)
    mirror.compact()
    assert [] == mirror.sweep()
    assert 5 == len(mirror.sweep(keep_hours=0))
    assert {2, 3} == known(mirror, 300)


def test_other_engines_read_the_same_rows(tmp_path: Path, store: Store) -> None:
    mirror = synced(tmp_path, store)
    mirror.compact()
    expected = store.fetch(0, 100)
    folder = str(tmp_path / "facts")
    arrow = deltalake.DeltaTable(folder).to_pyarrow_table()
    assert expected == pa.table(arrow).cast(SCHEMA).sort_by("seq")
    polars = pl.read_delta(folder).sort("seq")
    assert expected.to_pylist() == polars.to_dicts()


def test_an_exception_between_chunks_loses_and_doubles_nothing(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = FactsMirror(tmp_path)
    flush = mirror.table._flush_log
    deaths = iter([False, True, False, True, True, False, False, False])

    def flush_or_die(version: int) -> None:
        flush(version)
        if version and next(deaths):
            raise OSError("killed after the commit")

    monkeypatch.setattr(mirror.table, "_flush_log", flush_or_die)
    for _ in range(3):
        with pytest.raises(OSError, match="killed"):
            mirror.sync(store.fetch, 300, chunk_rows=1)
    mirror.sync(store.fetch, 300, chunk_rows=1)
    assert [1, 2, 3, 4, 5] == sequences(mirror)
    assert 300 == mirror.watermark


def test_a_torn_log_entry_is_set_aside_and_delivered_again(tmp_path: Path, store: Store) -> None:
    mirror = synced(tmp_path, store)
    newest = max((tmp_path / "facts" / "_delta_log").glob("*.json"))
    lines = newest.read_text().splitlines(keepends=True)
    for torn in ("", lines[0], "".join(lines[:-1]), "".join(lines)[:-20]):
        newest.write_text(torn)
        FactsMirror(tmp_path).sync(store.fetch, 300, chunk_rows=3)
        assert [1, 2, 3, 4, 5] == sequences(mirror)
        newest = max((tmp_path / "facts" / "_delta_log").glob("*.json"))


KILLED = """
    import sys
    from pathlib import Path
    from tests.lake.lake_store import Store, said
    from tanma.lake.facts import FactsMirror
    store = Store()
    for i in range(400):
        store.append([said(i % 37, i)], clock=i + 1)
    print("go", flush=True)
    FactsMirror(Path(sys.argv[1])).sync(store.fetch, store.last_stamp, chunk_rows=2)
    print("done", flush=True)
"""


@pytest.mark.kill
def test_kill_9_between_commits_loses_and_doubles_nothing(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    chance = random.Random(20261120)
    killed = 0
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": f"{root}:{root / 'src'}"},
        ) as process:
            assert process.stdout is not None
            assert b"go\n" == process.stdout.readline()
            time.sleep(chance.uniform(0.05, 0.4))
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
        mirror = FactsMirror(tmp_path)
        assert list(range(1, mirror.seq + 1)) == sequences(mirror)
    assert killed >= 3
    store = Store()
    for i in range(400):
        store.append([said(i % 37, i)], clock=i + 1)
    synced(tmp_path, store, chunk_rows=100)
    assert list(range(1, 401)) == sequences(mirror)
    assert store.known(400) == known(mirror, 400)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Store, int]:
    """A store after some appends with corrections, revisions, withdrawals, and a time."""
    store = Store()
    values = st.one_of(st.none(), st.integers(0, 4))
    for _ in range(draw(st.integers(1, 12))):
        rows = [
            said(
                draw(st.integers(1, 4)),
                draw(values),
                source=draw(st.sampled_from(["grid", "declared"])),
                revision=draw(st.one_of(st.none(), st.integers(0, 3))),
                text=draw(st.sampled_from([None, None, "C25"])),
                corrects=draw(st.sampled_from([None, None, "sha256:00"])),
            )
            for _ in range(draw(st.integers(1, 4)))
        ]
        store.append(rows, clock=draw(st.integers(0, 100)))
    return store, draw(st.integers(0, store.last_stamp))


@settings(max_examples=25)
@given(histories(), st.integers(1, 9), st.integers(0, 20))
def test_known_agrees_with_the_model(
    tmp_path_factory: pytest.TempPathFactory,
    history: tuple[Store, int],
    chunk_rows: int,
    compacted_rows: int,
) -> None:
    """Also when part of the history was compacted before the rest arrived."""
    store, at = history
    mirror = FactsMirror(tmp_path_factory.mktemp("lake"))
    if compacted_rows:
        early = Store(store.rows[:compacted_rows])
        mirror.sync(early.fetch, watermark=0, chunk_rows=chunk_rows)
        mirror.compact()
    mirror.sync(store.fetch, store.last_stamp, chunk_rows=chunk_rows)
    assert store.known(at) == known(mirror, at)
    assert store.known(store.last_stamp) == known(mirror, store.last_stamp)


def test_settled_facts_are_corrected_and_withdrawn_by_later_files(tmp_path: Path) -> None:
    store = Store()
    store.append([said(n, n) for n in range(1, 7)], clock=100)
    store.append([said(1, 10)], clock=200)
    mirror = synced(tmp_path, store)
    mirror.compact()
    kinds = [Path(f).name.split("-")[0] for f in mirror.pin().files]
    assert ["revised", "settled"] == kinds
    store.append([said(1, 11), said(2, None), said(3, 30), said(7, 7)], clock=300)
    synced(tmp_path, store)
    assert {2, 3, 4, 5, 6, 7} == known(mirror, 299)
    assert {4, 5, 6, 8, 10, 11} == known(mirror, 300)
    mirror.compact()
    assert {2, 3, 4, 5, 6, 7} == known(mirror, 299)
    assert {4, 5, 6, 8, 10, 11} == known(mirror, 300)


def test_a_rewrite_by_another_tool_changes_no_answer(tmp_path: Path, store: Store) -> None:
    mirror = synced(tmp_path, store)
    mirror.compact()
    store.append([said(2, 21)], clock=400)
    synced(tmp_path, store)
    deltalake.DeltaTable(str(tmp_path / "facts")).optimize.compact()
    assert {3, 6} == known(mirror, 400)
    store.append([said(3, None)], clock=500)
    assert {6} == known(synced(tmp_path, store), 500)


def test_order_of_chunks_and_repeats_change_no_answer(tmp_path: Path) -> None:
    """The same stamped facts, delivered in other portions and with repeats, give one answer."""
    store = Store()
    chance = random.Random(7)
    for clock in range(1, 60):
        store.append([said(chance.randrange(5), chance.randrange(9))], clock=clock)
    answers = set()
    for trial in range(3):
        mirror = FactsMirror(tmp_path / str(trial))
        for upto in sorted(chance.sample(range(len(store.rows)), 3)):
            part = Store(store.rows[:upto], store.rows[upto - 1]["stamp"] if upto else 0)
            mirror.sync(part.fetch, part.last_stamp, chunk_rows=chance.randrange(1, 20))
        mirror.sync(store.fetch, store.last_stamp, chunk_rows=chance.randrange(1, 20))
        answers.add(frozenset(known(mirror, 40)))
    assert {frozenset(store.known(40))} == answers
