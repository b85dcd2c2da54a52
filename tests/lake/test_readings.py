"""Readings that were acknowledged are stored once, whatever is killed; late ones restate."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanma.domain.messages import Problem
from tanma.domain.readings import READING
from tanma.lake import inbox as inbox_module
from tanma.lake.delta import Table
from tanma.lake.inbox import Inbox, writers
from tanma.lake.readings import LANDING, Readings
from tests.duck import session
from tests.lake.dying import Dead, die

BEGIN = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
END = BEGIN + dt.timedelta(days=400)
QUARTER = dt.timedelta(minutes=15)


class Clock:
    """A wall clock that the test turns, µs since 1970 UTC."""

    def __init__(self, at: int = 1_000) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lake(tmp_path: Path, clock: Clock) -> Readings:
    return Readings(tmp_path, clock)


def read(*rows: tuple[int, int, int | None]) -> pa.Table:
    """Readings as (channel, quarter of an hour after BEGIN, count)."""
    return pa.Table.from_pylist(
        [
            {
                "channel": channel,
                "start_utc": BEGIN + quarter * QUARTER,
                "end_utc": BEGIN + (quarter + 1) * QUARTER,
                "value": value,
            }
            for channel, quarter, value in rows
        ],
        schema=READING,
    )


def known(
    lake: Readings, at: int | None = None, channels: list[int] | None = None
) -> dict[tuple[int, int], int]:
    with session() as con:
        lake.known(con, channels, BEGIN, END, lake.watermark if at is None else at)
        rows = con.execute("SELECT channel, start_utc, value FROM readings").fetchall()
    begin = BEGIN.replace(tzinfo=None)
    found = {(channel, (start - begin) // QUARTER): value for channel, start, value in rows}
    assert len(found) == len(rows)
    return found


def landed(root: Path) -> Counter[tuple[str, int, int]]:
    """How often each (writer, batch, row) lies in the table."""
    columns = ["writer", "batch", "row"]
    table = Readings(root)._landing.table.open()
    files = table.file_uris() if table else []
    tables = [pq.ParquetFile(f).read(columns) for f in files]
    return Counter(tuple(r.values()) for t in tables for r in t.to_pylist())


def test_readings_come_back_after_sealing(lake: Readings) -> None:
    receipt = lake.append(read((1, 0, 10), (1, 1, 11), (2, 0, 2**62)), writer="a")
    assert ("a", 1, 1_000, 3, False) == tuple(vars(receipt).values())[:5]
    assert 3 == lake.backlog
    sealed = lake.seal()
    assert (3, 1_000, 0) == (sealed.rows, sealed.watermark, lake.backlog)
    assert {(1, 0): 10, (1, 1): 11, (2, 0): 2**62} == known(lake)
    assert {(2, 0): 2**62} == known(lake, channels=[2, 3])


def test_a_lake_without_readings_answers_with_none(lake: Readings, clock: Clock) -> None:
    assert 0 == lake.watermark
    assert {} == known(lake)
    assert 1_000 == lake.seal().watermark
    assert {} == known(lake)
    clock.at = 400
    assert 1_001 == lake.append(read((1, 0, 1)), writer="late").stamp


def test_the_same_message_or_content_again_is_no_second_entry(lake: Readings) -> None:
    first = lake.append(read((1, 0, 10)), writer="a", message_id="m1")
    same_content = lake.append(read((1, 0, 10)), writer="a", message_id="m2")
    lake.seal()
    same_message = lake.append(read((1, 0, 99)), writer="a", message_id="m1")
    assert [True, True] == [same_content.duplicate, same_message.duplicate]
    assert {first.stamp} == {same_content.stamp, same_message.stamp}
    assert 0 == lake.seal().rows
    assert {(1, 0): 10} == known(lake)


@pytest.mark.parametrize(
    "other", [read((1, 0, 11)), read((1, 1, 10)), read((2, 0, 10)), read((1, 0, None))]
)
def test_any_other_content_is_another_entry(lake: Readings, other: pa.Table) -> None:
    lake.append(read((1, 0, 10)), writer="a")
    assert not lake.append(other, writer="a").duplicate


def test_a_missing_value_is_not_zero(lake: Readings) -> None:
    lake.append(read((1, 0, 0)), writer="a")
    assert not lake.append(read((1, 0, None)), writer="a").duplicate


def test_late_readings_restate_and_the_past_stays(lake: Readings, clock: Clock) -> None:
    lake.append(read((1, 0, 10), (1, 1, 5)), writer="a")
    clock.at = 2_000
    lake.append(read((1, 0, 12)), writer="b")
    clock.at = 3_000
    lake.append(read((1, 1, None)), writer="a")
    lake.seal()
    assert {(1, 0): 10, (1, 1): 5} == known(lake, 1_999)
    assert {(1, 0): 12, (1, 1): 5} == known(lake, 2_000)
    assert {(1, 0): 12} == known(lake, 3_000)


def test_content_delivered_again_after_a_correction_changes_nothing(lake: Readings) -> None:
    lake.append(read((1, 0, 10)), writer="a")
    lake.append(read((1, 0, 12)), writer="a")
    lake.append(read((1, 0, 10), (1, 1, 7)), writer="a")
    lake.seal()
    assert {(1, 0): 12, (1, 1): 7} == known(lake)


def test_stamps_go_on_when_the_clock_steps_back(lake: Readings, clock: Clock) -> None:
    lake.append(read((1, 0, 10)), writer="a")
    clock.at = 5
    assert 1_001 == lake.append(read((1, 0, 11)), writer="a").stamp
    assert 1_001 == lake.seal().watermark
    assert 1_002 == lake.append(read((1, 0, 12)), writer="a").stamp
    assert 1_002 == lake.append(read((1, 0, 9)), writer="b").stamp


def test_no_stamp_falls_at_or_below_a_published_watermark(lake: Readings, clock: Clock) -> None:
    lake.append(read((1, 0, 1)), writer="a")
    clock.at = 9_000
    watermark = lake.seal().watermark
    clock.at = 10
    for writer in ("a", "new"):
        assert lake.append(read((1, 1, 5)), writer=writer).stamp > watermark


def test_after_a_seal_everything_accepted_can_be_read_though_clocks_disagree(
    tmp_path: Path,
) -> None:
    behind, ahead = Readings(tmp_path, Clock(1_000)), Readings(tmp_path, Clock(5_000))
    behind.append(read((1, 0, 1)), writer="a")
    ahead.append(read((1, 1, 2)), writer="b")
    assert 5_000 == behind.seal().watermark
    assert {(1, 0): 1, (1, 1): 2} == known(behind)
    assert 5_001 == behind.append(read((1, 0, 3)), writer="a").stamp


def test_a_time_after_the_watermark_is_refused(lake: Readings) -> None:
    lake.append(read((1, 0, 1)), writer="a")
    lake.seal()
    with pytest.raises(Problem) as caught:
        known(lake, 1_001)
    assert "readings_known_too_late" == caught.value.code
    for language in ("zh", "en"):
        assert "1001" in caught.value.text(language)
        assert "1000" in caught.value.text(language)


def test_equal_stamps_of_two_writers_are_settled_by_name(lake: Readings) -> None:
    lake.append(read((1, 0, 10)), writer="b")
    lake.append(read((1, 0, 20)), writer="a")
    lake.seal()
    assert {(1, 0): 10} == known(lake)


def revised(row: tuple[int, int, int | None], revision: int | None) -> pa.Table:
    column = pa.array([revision], pa.int64())
    return read(row).drop(["revision"]).append_column("revision", column)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_with_revisions_the_order_of_delivery_does_not_matter(
    lake: Readings, order: tuple[int, ...]
) -> None:
    said = [
        revised((1, 0, 10), None), revised((1, 0, 12), 1),
        revised((1, 0, None), 2), revised((1, 0, 10), 3),
    ]  # fmt: skip
    for place in order:
        lake.append(said[place], writer="a")
        lake.append(said[place], writer="b")
    lake.seal()
    assert {(1, 0): 10} == known(lake)


def test_a_revision_makes_another_content(lake: Readings) -> None:
    lake.append(revised((1, 0, 10), None), writer="a")
    assert lake.append(revised((1, 0, 10), None), writer="a").duplicate
    assert not lake.append(revised((1, 0, 10), 0), writer="a").duplicate
    assert not lake.append(revised((1, 0, 10), 1), writer="a").duplicate


def test_a_withdrawal_of_the_greatest_revision_holds(lake: Readings) -> None:
    lake.append(revised((1, 0, None), 2), writer="a")
    lake.append(revised((1, 0, 12), 1), writer="a")
    lake.seal()
    assert {} == known(lake)


def test_an_instant_starts_and_ends_at_once(lake: Readings) -> None:
    table = read((1, 0, 5))
    lake.append(table.set_column(2, "end_utc", table["start_utc"]), writer="a")
    lake.seal()
    assert {(1, 0): 5} == known(lake)


def test_readings_without_the_column_have_no_revision(lake: Readings) -> None:
    lake.append(read((1, 0, 5)).drop(["revision"]), writer="a")
    lake.seal()
    with session() as con:
        lake.known(con, None, BEGIN, END, lake.watermark)
        assert [(5, None)] == con.execute("SELECT value, revision FROM readings").fetchall()


def test_a_lake_from_before_revisions_is_read_and_goes_on(tmp_path: Path, clock: Clock) -> None:
    narrow = pa.schema([f for f in LANDING if f.name != "revision"])
    table = Table(tmp_path / "landing", narrow, partition_by=("arrival_day",))
    rows = read((1, 0, 7)).drop(["revision"])
    for name, value in {"stamp": 10, "writer": "old", "batch": 1, "row": 0}.items():
        rows = rows.append_column(name, pa.array([value], narrow.field(name).type))
    file = table.write(rows.to_batches(), {"arrival_day": "1970-01-01"})
    assert file is not None
    table.commit([file], {"landing.old": 1, "landing.watermark": 10})
    lake = Readings(tmp_path, clock)
    lake.append(revised((1, 1, 8), 1), writer="new")
    lake.seal()
    assert {(1, 0): 7, (1, 1): 8} == known(lake)
    assert set(LANDING.names) == set(pl.read_delta(str(tmp_path / "landing")).columns)


def test_within_a_batch_the_later_row_counts(lake: Readings) -> None:
    lake.append(read((1, 0, 10), (1, 0, 20), (1, 0, 15)), writer="a")
    lake.seal()
    assert {(1, 0): 15} == known(lake)


def test_times_without_zone_are_utc_and_other_zones_are_turned(lake: Readings) -> None:
    zoned = read((1, 0, 10)).cast(
        pa.schema(
            [
                (f.name, pa.timestamp("s", "Asia/Shanghai") if "utc" in f.name else f.type)
                for f in READING
            ]
        )
    )
    naive = read((1, 0, 10)).cast(
        pa.schema([(f.name, pa.timestamp("us") if "utc" in f.name else f.type) for f in READING])
    )
    assert not lake.append(zoned, writer="a").duplicate
    assert lake.append(naive, writer="a").duplicate


def broken(column: str) -> pa.Table:
    table = read((1, 0, 10), (1, 1, 10))
    empty = pa.nulls(2, table.schema.field(column).type)
    return table.set_column(table.schema.get_field_index(column), column, empty)


def backwards() -> pa.Table:
    table = read((1, 1, 1))
    return table.set_column(2, "end_utc", read((1, 0, 1))["start_utc"])


@pytest.mark.parametrize(
    ("table", "code", "shown"),
    [
        (read().drop(["value", "channel"]), "readings_columns_missing", "channel, value"),
        (broken("channel"), "readings_value_missing", "channel"),
        (broken("end_utc"), "readings_value_missing", "end_utc"),
        (backwards(), "readings_backwards", "1"),
    ],
)
def test_a_batch_that_says_nothing_certain_is_refused(
    lake: Readings, table: pa.Table, code: str, shown: str
) -> None:
    with pytest.raises(Problem) as caught:
        lake.append(table, writer="a")
    assert code == caught.value.code
    assert shown in caught.value.text("zh")
    assert shown in caught.value.text("en")
    assert 0 == lake.backlog


@pytest.mark.parametrize("writer", ["", "A", "../a", "a/b", "-a", "x" * 65])
def test_a_writer_needs_a_name(lake: Readings, writer: str) -> None:
    with pytest.raises(Problem) as caught:
        lake.append(read((1, 0, 1)), writer=writer)
    assert "readings_writer_name" == caught.value.code
    assert writer in caught.value.text("zh")
    assert writer in caught.value.text("en")


def daily(lake: Readings, first: str, end: str, zone: str) -> list[tuple[Any, ...]]:
    with session() as con:
        days = (dt.date.fromisoformat(first), dt.date.fromisoformat(end))
        lake.daily(con, None, *days, zone, lake.watermark)
        rows = con.execute("FROM daily ORDER BY channel, day").fetchall()
    return [(c, day.isoformat(), int(value), n, crossing) for c, day, value, n, crossing in rows]


def test_days_are_local_and_midnight_is_sharp(lake: Readings) -> None:
    lake.append(read(*((7, q, 1) for q in range(96))), writer="a")
    lake.seal()
    assert [(7, "2026-09-01", 96, 96, 0)] == daily(lake, "2026-09-01", "2026-09-03", "UTC")
    shanghai = [(7, "2026-09-01", 64, 64, 0), (7, "2026-09-02", 32, 32, 0)]
    assert shanghai == daily(lake, "2026-09-01", "2026-09-03", "Asia/Shanghai")
    assert shanghai[1:] == daily(lake, "2026-09-02", "2026-09-03", "Asia/Shanghai")


@pytest.mark.parametrize("session", ["UTC", "Asia/Shanghai", "America/St_Johns"])
def test_the_zone_of_the_session_changes_no_answer(lake: Readings, session: str) -> None:
    lake.append(read(*((7, q, 1) for q in range(96))), writer="a")
    lake.seal()
    days = (dt.date(2026, 9, 1), dt.date(2026, 9, 3))
    with duckdb.connect() as con:
        con.execute(f"SET TimeZone = '{session}'")
        lake.daily(con, [7], *days, "Asia/Shanghai", lake.watermark)
        rows = con.execute("SELECT value, crossing FROM daily ORDER BY day").fetchall()
        first = con.execute("SELECT min(start_utc) FROM daily_readings").fetchall()
    assert [(64, 0), (32, 0)] == rows
    assert [(BEGIN.replace(tzinfo=None),)] == first


def test_days_of_23_and_25_hours(lake: Readings) -> None:
    lake.append(read(*((7, q, 1) for q in range(96 * 220))), writer="a")
    lake.seal()
    autumn = daily(lake, "2026-10-24", "2026-10-27", "Europe/Berlin")
    spring = daily(lake, "2027-03-27", "2027-03-30", "Europe/Berlin")
    assert [96, 100, 96] == [value for _, _, value, _, _ in autumn]
    assert [96, 92, 96] == [value for _, _, value, _, _ in spring]


def test_a_reading_across_midnight_is_counted_as_crossing(lake: Readings) -> None:
    table = read((7, 94, 5)).set_column(
        2, "end_utc", pa.array([BEGIN + dt.timedelta(days=1, minutes=30)], READING.field(2).type)
    )
    lake.append(table, writer="a")
    lake.seal()
    assert [(7, "2026-09-01", 5, 1, 1)] == daily(lake, "2026-09-01", "2026-09-03", "UTC")


def test_spans_and_zones_are_checked(lake: Readings) -> None:
    with pytest.raises(Problem) as caught:
        daily(lake, "2026-09-02", "2026-09-02", "UTC")
    assert "readings_no_day" == caught.value.code
    assert "2026-09-02" in caught.value.text("zh")
    assert "2026-09-02" in caught.value.text("en")
    lake.append(read((1, 0, 1)), writer="a")
    lake.seal()
    with session() as con, pytest.raises(Problem) as caught:
        lake.known(con, None, BEGIN.replace(tzinfo=None), END, 1_000)
    assert "readings_naive_time" == caught.value.code
    assert "2026-09-01T00:00:00" in caught.value.text("zh")
    assert "2026-09-01T00:00:00" in caught.value.text("en")


def test_other_engines_read_the_landing_table(lake: Readings, tmp_path: Path, clock: Clock) -> None:
    lake.append(read((1, 0, 10), (1, 1, None)), writer="a")
    clock.at += 86_400 * 10**6
    lake.append(read((1, 2, 30)), writer="a")
    lake.seal()
    frame = pl.read_delta(str(tmp_path / "landing")).sort("batch", "row")
    assert [10, None, 30] == frame["value"].to_list()
    assert [dt.date(1970, 1, 1)] * 2 + [dt.date(1970, 1, 2)] == frame["arrival_day"].to_list()
    assert BEGIN == frame["start_utc"][0]


def test_sealing_goes_in_portions(lake: Readings, tmp_path: Path) -> None:
    for quarter in range(10):
        lake.append(read((1, quarter, quarter), (2, quarter, quarter)), writer="a")
    assert 20 == lake.seal(limit_rows=5).rows
    assert {1} == set(landed(tmp_path).values())
    assert 20 == len(landed(tmp_path))


@pytest.mark.parametrize("step", ["write", "commit", "_flush_log", "forget"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_dead_at_any_step_of_sealing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    lake = Readings(tmp_path, Clock())
    for quarter in range(6):
        lake.append(read((1, quarter, quarter)), writer=f"w{quarter % 2}")
    owner = inbox_module.Inbox if step == "forget" else type(lake._landing.table)
    die(monkeypatch, owner, step, when, 1)
    with pytest.raises(Dead):
        lake.seal(limit_rows=2)
    monkeypatch.undo()
    lake.seal()
    assert Counter({(f"w{w}", b, 0): 1 for w in (0, 1) for b in (1, 2, 3)}) == landed(tmp_path)
    assert {(1, q): q for q in range(6)} == known(lake)
    assert 0 == lake.backlog


def test_an_inbox_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Readings(tmp_path, Clock())
    monkeypatch.setattr(inbox_module, "fsync_path", lambda path: (_ for _ in ()).throw(Dead))
    with pytest.raises(Dead):
        lake.append(read((1, 0, 1)), writer="a")
    monkeypatch.undo()
    assert [] == writers(tmp_path)
    lake.append(read((1, 0, 1)), writer="a")
    assert ["a"] == writers(tmp_path)


def test_inboxes_sync_every_commit(tmp_path: Path) -> None:
    con = Inbox(tmp_path, "a", Clock())._open()
    assert ("wal",) == con.execute("PRAGMA journal_mode").fetchone()
    assert (2,) == con.execute("PRAGMA synchronous").fetchone()


def test_threads_share_an_inbox(lake: Readings, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda n: lake.append(read((n, 0, n)), writer="a"), range(40)))
    lake.seal()
    assert 40 == len({r.inbox_id for r in receipts}) == len({r.stamp for r in receipts})
    assert {(n, 0): n for n in range(40)} == known(lake)


KILLED = """
    import sys
    from pathlib import Path
    from tanma.lake.readings import Readings
    from tests.lake.test_readings import read
    lake, trial = Readings(Path(sys.argv[1])), int(sys.argv[2])
    print("go", flush=True)
    for n in range(10_000):
        writer = f"w{n % 2}"
        receipt = lake.append(read((trial, n, n), (trial + 100, n, n)), writer=writer)
        print(writer, receipt.inbox_id, flush=True)
        if n % 3 == 2:
            lake.seal(limit_rows=2)
"""


@pytest.mark.kill
def test_kill_9_loses_and_doubles_no_acknowledged_reading(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    chance = random.Random(9)
    acknowledged: set[tuple[str, int]] = set()
    for trial in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), str(trial)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": f"{root}:{root / 'src'}"},
        ) as process:
            assert process.stdout is not None
            assert "go\n" == process.stdout.readline()
            time.sleep(chance.uniform(0.1, 0.5))
            process.send_signal(signal.SIGKILL)
            lines = [line.split() for line in process.stdout if line.endswith("\n")]
        acknowledged |= {(writer, int(place)) for writer, place in lines}
    assert len(acknowledged) > 8
    lake = Readings(tmp_path)
    lake.seal()
    stored = landed(tmp_path)
    assert {1} == set(stored.values())
    assert acknowledged <= {(writer, batch) for writer, batch, _ in stored}
    assert {0, 1} == {row for _, _, row in stored}
    assert len(stored) == len(known(lake))


contents = st.tuples(st.integers(1, 2), st.integers(0, 2), st.one_of(st.none(), st.integers(0, 2)))
batches_of = st.lists(
    st.tuples(st.sampled_from("ab"), st.lists(contents, min_size=1, max_size=4), st.booleans()),
    min_size=1,
    max_size=5,
)


@settings(max_examples=15)
@given(batches_of)
def test_known_agrees_with_a_model(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[tuple[str, list[tuple[int, int, int | None]], bool]],
) -> None:
    """First receipt of a content orders versions; duplicates and seals change nothing."""
    lake = Readings(tmp_path_factory.mktemp("lake"), Clock())
    received: dict[tuple[int, int, int | None], tuple[int, str, int, int]] = {}
    for writer, rows, seal_after in batches:
        receipt = lake.append(read(*rows), writer=writer)
        for place, row in enumerate(rows):
            order = (receipt.stamp, writer, receipt.inbox_id, place)
            received[row] = min(received.get(row, order), order)
        if seal_after:
            lake.seal()
    lake.seal()
    newest: dict[tuple[int, int], tuple[int, int, int | None]] = {}
    for row, order in received.items():
        held = newest.get(row[:2])
        if held is None or order > received[held]:
            newest[row[:2]] = row
    assert {k: r[2] for k, r in newest.items() if r[2] is not None} == known(lake)
