"""Settling moves every row once, and no answer changes by it: now, and as known before."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.lake import tables
from tanma.lake.delta import Sheet, Table
from tanma.lake.known import Snapshot, Span
from tanma.lake.known import known as view
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler, _contested
from tanma.lake.tables import REVISED, SETTLED, VERSION
from tests.duck import session
from tests.lake.dying import Dead, die
from tests.lake.reading_model import (
    BEGIN,
    FAR,
    OCTOBER_US,
    Clock,
    Model,
    Row,
    known,
    settled_rows,
    table,
)

IN_OCTOBER = 24 * 30
FAR_CHANNEL = 4096 * 3 + 7


class Lake:
    """A lake beside its model."""

    def __init__(self, root: Path) -> None:
        self.root, self.clock, self.model = root, Clock(), Model()
        self.readings = Readings(root, self.clock)
        self.settler = Settler(root, self.clock)

    def say(self, *rows: Row, writer: str = "a", seal: bool = True) -> None:
        receipt = self.readings.append(table(list(rows)), writer=writer)
        self.model.receive(receipt, list(rows))
        if seal:
            self.readings.seal()

    def check(self) -> None:
        """The answer now and at every stamp is the model's."""
        assert self.model.known(2**62) == known(self.root)
        for stamp in self.model.stamps():
            assert self.model.known(stamp) == known(self.root, stamp)
            assert self.model.known(stamp - 1) == known(self.root, stamp - 1)

    def kinds(self, table: Table) -> dict[str, int]:
        kinds: dict[str, int] = {}
        for file in table.files():
            kinds[file.kind] = kinds.get(file.kind, 0) + file.rows
        return kinds


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_landing_becomes_tail_becomes_readings(lake: Lake) -> None:
    lake.say((1, 0, 10, None), (1, IN_OCTOBER, 11, None), (FAR_CHANNEL, 0, 12, None))
    lake.check()
    done = lake.settler.settle()
    assert (3, 3) == (done.rows, done.partitions)
    lake.check()
    assert [] == lake.settler.landing.files()
    assert {SETTLED: 3} == lake.kinds(lake.settler.tail)
    done = lake.settler.night()
    assert (2, 2) == (done.rows, done.partitions)
    lake.check()
    assert {SETTLED: 1} == lake.kinds(lake.settler.tail)
    assert {SETTLED: 2} == lake.kinds(lake.settler.readings)
    places = {(f.partition["month"], f.partition["bucket"]) for f in lake.settler.readings.files()}
    assert {("2026-09", 0), ("2026-09", 3)} == places


def test_a_lake_without_readings_settles_to_nothing(lake: Lake) -> None:
    assert (0, 0, 0, 0) == tuple(vars(lake.settler.settle()).values())
    assert (0, 0, 0, 0) == tuple(vars(lake.settler.night()).values())
    lake.readings.seal()
    lake.settler.settle()
    assert {} == known(lake.root)


def test_settling_again_finds_nothing_to_do(lake: Lake) -> None:
    lake.say((1, 0, 10, None))
    first = lake.settler.settle()
    assert (1, 1) == (first.rows, first.partitions)
    version = lake.settler.tail.open().version()  # type: ignore[union-attr]
    again = lake.settler.settle()
    assert (0, 0, first.upto) == (again.rows, again.partitions, again.upto)
    assert version == lake.settler.tail.open().version()  # type: ignore[union-attr]


def test_only_touched_partitions_are_rewritten(lake: Lake) -> None:
    lake.say((1, IN_OCTOBER, 1, None), (FAR_CHANNEL, IN_OCTOBER, 2, None))
    lake.settler.settle()
    before = {f.name for f in lake.settler.tail.files()}
    lake.say((1, IN_OCTOBER + 1, 3, None))
    lake.settler.settle()
    after = {f.name for f in lake.settler.tail.files()}
    assert 1 == len(before & after)
    assert {f"day=2026-10-01/bucket={3}"} == {name.rsplit("/", 1)[0] for name in before & after}


def test_keys_of_many_versions_lie_apart(lake: Lake) -> None:
    lake.say((1, 0, 10, None), (2, 0, 20, None), (3, 0, 30, None))
    lake.say((1, 0, 11, None))
    lake.say((2, 0, None, None))
    lake.settler.settle()
    lake.check()
    assert {SETTLED: 1, REVISED: 4} == lake.kinds(lake.settler.tail)
    lake.settler.night()
    lake.check()
    assert {SETTLED: 1, REVISED: 4} == lake.kinds(lake.settler.readings)


def test_a_correction_moves_its_key_from_settled_to_revised(lake: Lake) -> None:
    lake.say((1, 0, 10, None), (2, 0, 20, None))
    lake.settler.settle()
    lake.settler.night()
    assert {SETTLED: 2} == lake.kinds(lake.settler.readings)
    lake.say((1, 0, 11, None))
    lake.check()
    lake.settler.settle()
    lake.check()
    assert {SETTLED: 1} == lake.kinds(lake.settler.tail)
    lake.settler.night()
    lake.check()
    assert {} == lake.kinds(lake.settler.tail)
    assert {SETTLED: 1, REVISED: 2} == lake.kinds(lake.settler.readings)


def test_the_first_receipt_of_a_content_counts_across_tables(lake: Lake) -> None:
    lake.say((1, 0, 10, None))
    lake.settler.settle()
    lake.settler.night()
    lake.say((1, 0, 12, None))
    lake.settler.settle()
    lake.say((1, 0, 10, None), (1, 1, 1, None), writer="b")
    assert {(1, 0): 12, (1, 1): 1} == known(lake.root)
    lake.check()


def test_revisions_win_over_receipt_across_tables(lake: Lake) -> None:
    lake.say((1, 0, 30, 3))
    lake.settler.settle()
    lake.settler.night()
    lake.say((1, 0, 20, 2))
    assert {(1, 0): 30} == known(lake.root)
    lake.settler.settle()
    lake.check()
    lake.settler.night()
    lake.check()


def test_rows_beyond_the_watermark_wait_in_the_landing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch sealed with a stamp above the published watermark stays out of the tail."""
    lake.say((1, 0, 1, None))
    lake.say((1, 1, 2, None), seal=False)
    monkeypatch.setattr(lake.readings._landing, "_closed", lambda inboxes, before: before)
    lake.readings.seal()
    monkeypatch.undo()
    lake.settler.settle()
    assert [1] == [f.rows for f in lake.settler.landing.files()]
    assert {(1, 0): 1} == known(lake.root)
    lake.readings.seal()
    lake.check()
    lake.settler.settle()
    lake.check()
    assert 2 == len(settled_rows(lake.root))


def test_a_batch_below_the_watermark_is_kept_and_counts_from_then_on(lake: Lake) -> None:
    """It cannot happen by the rules of sealing; should they ever fail, nothing is lost."""
    lake.say((1, 0, 1, None))
    lake.settler.settle()
    row = table([(1, 1, 2, None)]).to_pylist()[0]
    stray = {"stamp": OCTOBER_US - 5, "writer": "z", "batch": 9, "row": 0}
    names = [n for n in tables.LANDING.names if n != "arrival_day"]
    batch = pa.RecordBatch.from_pylist([row | stray], schema=lake.settler.landing.file_schema)
    assert names == batch.schema.names
    file = lake.settler.landing.write([batch], {"arrival_day": "2026-10-10"})
    assert file is not None
    lake.settler.landing.commit([file], {})
    assert 1 == lake.settler.settle().rows
    assert [] == lake.settler.landing.files()
    assert {(1, 0): 1, (1, 1): 2} == known(lake.root)
    assert 2 == len(settled_rows(lake.root))
    lake.settler.settle()
    assert 2 == len(settled_rows(lake.root))


def test_receipts_number_batches_by_stamp_and_writer(lake: Lake) -> None:
    lake.say((1, 0, 1, None), writer="b", seal=False)
    lake.say((1, 1, 2, None), writer="a", seal=False)
    lake.clock.at += 1
    lake.say((1, 2, 3, None), (1, 3, 4, None), writer="b")
    lake.settler.settle()
    [file] = lake.settler.receipts.files()
    found = pq.ParquetFile(file.uri).read()
    assert found.schema.equals(tables.RECEIPT)
    rows = [(r["receipt"], r["writer"], r["batch"], r["rows"]) for r in found.to_pylist()]
    assert [(1, "a", 1, 1), (2, "b", 1, 1), (3, "b", 2, 2)] == rows


def test_stamps_come_back_from_receipts(lake: Lake) -> None:
    lake.say((1, 0, 1, None), (2, 0, 5, None))
    lake.clock.at += 7
    lake.say((1, 0, 2, None))
    lake.settler.settle()
    lake.clock.at += 7
    lake.say((1, 1, 3, None))
    with session() as con:
        start, end = (dt.datetime(2026, month, 1, tzinfo=dt.UTC) for month in (9, 12))
        lake.readings.known(con, None, start, end, lake.readings.watermark)
        stamps = con.execute("SELECT value, stamp FROM readings ORDER BY value").fetchall()
        lake.readings.known(con, None, start, end, lake.readings.watermark, stamps=False)
        columns = [c[0] for c in con.execute("DESCRIBE readings").fetchall()]
    at = OCTOBER_US
    assert [(2, at + 7), (3, at + 14), (5, at)] == stamps
    assert ["channel", "start_utc", "end_utc", "value", "revision", "contested"] == columns


def test_one_bucket_reads_only_its_files(lake: Lake) -> None:
    lake.say((1, 0, 1, None), (1, IN_OCTOBER, 2, None), (FAR_CHANNEL, 0, 3, None))
    lake.settler.settle()
    lake.settler.night()
    lake.say((FAR_CHANNEL, 1, 4, None))
    lake.settler.settle()
    for file in [*lake.settler.tail.files(), *lake.settler.readings.files()]:
        if file.partition["bucket"] == 3:
            Path(file.uri).unlink()
    assert {(1, 0): 1, (1, IN_OCTOBER): 2} == known(lake.root, bucket=0)
    assert {(1, 0): 1, (1, IN_OCTOBER): 2} == known(lake.root, channels=[1, 2])


def test_of_a_bucket_the_landing_gives_only_its_channels(lake: Lake) -> None:
    lake.say((1, 0, 1, None), (FAR_CHANNEL, 0, 3, None))
    assert {(FAR_CHANNEL, 0): 3} == known(lake.root, bucket=3)
    assert {} == known(lake.root, bucket=2)


def dirty(lake: Lake, after: int, upto: int | None = None) -> list[tuple[Any, ...]]:
    with session() as con:
        upto = lake.readings.watermark if upto is None else upto
        lake.readings.dirty(con, after, upto)
        rows = con.execute("FROM dirty ORDER BY channel, day_utc").fetchall()
    return [(c, day.isoformat(), first.hour, last.hour, n) for c, day, first, last, _, n in rows]


def test_dirty_keys_are_those_stamped_in_the_span_wherever_they_lie(lake: Lake) -> None:
    lake.say((1, 0, 1, None), (1, 5, 1, None), (1, IN_OCTOBER, 1, None))
    first = lake.readings.watermark
    lake.clock.at += 10
    lake.say((1, 30, 2, None), (2, IN_OCTOBER + 3, 2, None))
    september = [(1, "2026-09-01", 0, 5, 2), (1, "2026-10-01", 0, 0, 1)]
    late = [(1, "2026-09-02", 6, 6, 1), (2, "2026-10-01", 3, 3, 1)]
    steps = [lambda: None, lake.settler.settle, lake.settler.night]
    for step in steps:
        step()
        assert sorted(september + late) == dirty(lake, 0)
        assert late == dirty(lake, first)
        assert september == dirty(lake, 0, first)
        assert [] == dirty(lake, lake.readings.watermark)


def test_dirty_opens_only_files_that_hold_such_stamps(lake: Lake) -> None:
    lake.say((1, IN_OCTOBER, 1, None))
    lake.settler.settle()
    mark = lake.readings.watermark
    lake.clock.at += 10
    lake.say((1, IN_OCTOBER + 24, 1, None))
    lake.settler.settle()
    [old] = [f for f in lake.settler.tail.files() if str(f.partition["day"]) == "2026-10-01"]
    Path(old.uri).unlink()
    assert [(1, "2026-10-02", 0, 0, 1)] == dirty(lake, mark)


rows_of = st.lists(
    st.tuples(
        st.sampled_from([1, 2, FAR_CHANNEL]),
        st.sampled_from([0, 1, IN_OCTOBER]),
        st.one_of(st.none(), st.integers(0, 2)),
        st.sampled_from([None, None, 1]),
    ),
    min_size=1,
    max_size=4,
)
steps_of = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from("ab"), rows_of),
        st.tuples(st.sampled_from(["seal", "settle", "night", "tick"])),
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=12, deadline=None)
@given(steps_of)
def test_no_answer_changes_by_settling(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for step, *said in steps:
        if step == "say":
            lake.say(*said[1], writer=said[0], seal=False)
        elif step == "tick":
            lake.clock.at += 1
        elif step == "seal":
            lake.readings.seal()
        else:
            getattr(lake.settler, step)()
    lake.readings.seal()
    lake.check()
    lake.settler.settle()
    lake.settler.night()
    lake.check()
    taken = [(*order[:3], order[3]) for order, _ in lake.model.rows]
    assert sorted(taken) == settled_rows(lake.root)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 1), st.booleans()), max_size=12))
@settings(max_examples=50, deadline=None)
def test_contested_keys_do_not_depend_on_batches(keys: list[tuple[int, int, bool]]) -> None:
    keys = sorted(keys, key=lambda k: k[:2])
    rows = [
        dict.fromkeys(VERSION.names)
        | {"channel": c, "start_utc": h, "value": 1 if has else None, "row": n}
        for n, (c, h, has) in enumerate(keys)
    ]
    whole = pa.Table.from_pylist(rows, schema=VERSION)
    expected = [sum(k[:2] == o[:2] for o in keys) > 1 or not k[2] for k in keys]
    for size in (1, 2, 100):
        found = list(_contested(whole.to_batches(size)))
        assert expected == [mark for _, marks in found for mark in marks.to_pylist()]
        assert list(range(len(keys))) == [n for b, _ in found for n in b["row"].to_pylist()]


@pytest.mark.parametrize(
    ("step", "when", "nth"),
    [
        *(((Table, "commit"), when, nth) for nth in range(5) for when in ("before", "after")),
        *(((Sheet, "close"), "after", nth) for nth in (0, 2, 5)),
        *(((Table, "_flush_log"), "before", nth) for nth in (1, 3)),
    ],
)
def test_dead_at_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Any, when: str, nth: int
) -> None:
    lake = Lake(tmp_path)
    lake.say((1, 0, 1, None), (1, IN_OCTOBER, 2, None), (FAR_CHANNEL, 0, 3, None))
    lake.settler.settle()
    lake.settler.night()
    lake.say((1, 0, 4, None), (1, 1, 5, None), writer="b")
    lake.say((1, 0, 1, None), (2, IN_OCTOBER, 6, None), writer="c")
    die(monkeypatch, *step, when, nth)
    try:
        lake.settler.settle()
        lake.settler.night()
    except Dead:
        pass
    monkeypatch.undo()
    lake.check()
    lake.say((2, 0, 7, None), (1, 1, 8, None))
    lake.check()
    lake.settler.settle()
    lake.check()
    lake.settler.night()
    lake.check()
    assert sorted(order for order, _ in lake.model.rows) == settled_rows(tmp_path)


def test_a_reader_holds_its_snapshot_while_rows_move(lake: Lake) -> None:
    lake.say((1, 0, 1, None), (1, IN_OCTOBER, 2, None))
    snapshots = [Snapshot(lake.root)]
    lake.settler.settle()
    snapshots.append(Snapshot(lake.root))
    lake.settler.night()
    snapshots.append(Snapshot(lake.root))
    lake.say((1, 1, 3, None))
    for snapshot in snapshots:
        with session() as con:
            view(con, snapshot, Span(BEGIN, FAR), snapshot.watermark, "held")
            assert [(1,), (2,)] == con.execute("SELECT value FROM held ORDER BY 1").fetchall()


def test_a_key_of_which_another_value_came_is_contested(lake: Lake) -> None:
    lake.say((1, 0, 1, None), (2, 0, 5, None), (3, 0, 6, None), (4, 0, 7, None))
    lake.settler.settle()
    lake.say((2, 0, 5, None), writer="b")
    lake.say((3, 0, 9, None))
    lake.say((4, 0, None, None))
    for step in (lambda: None, lake.settler.settle, lake.settler.night):
        step()
        with session() as con:
            lake.readings.known(con, None, BEGIN, FAR, lake.readings.watermark)
            rows = con.execute("SELECT channel, contested FROM readings ORDER BY ALL").fetchall()
        assert [(1, False), (2, False), (3, True)] == rows
