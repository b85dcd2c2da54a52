"""Many batches with one flush; bodies kept beside them; damaged inboxes set aside."""

from __future__ import annotations

import datetime as dt
import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from tanma.domain.messages import Problem
from tanma.lake import raw
from tanma.lake.inbox import Entry, Inbox, aside_note, writers
from tanma.lake.landing import Landing, entry
from tanma.lake.readings import Readings
from tests.lake.test_readings import Clock, known, landed, read

DAY_US = 86_400 * 10**6


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def landing(tmp_path: Path, clock: Clock) -> Landing:
    return Landing(tmp_path, clock)


def said(number: int, message: str | None = None, source: str = "g") -> Entry:
    body = f"body {number} {'x' * 200}".encode()
    return entry(
        read((1, number, number)), body=body, form="json", source=source, message_id=message,
        note=f"note {number}".encode(),
    )  # fmt: skip


def test_a_group_is_taken_with_one_flush(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    landing.inbox("a")
    commits = []
    con = landing.inbox("a")._open()
    con.set_trace_callback(lambda sql: commits.append(sql) if "COMMIT" in sql else None)
    receipts = landing.take([said(n) for n in range(50)], writer="a")
    assert ["COMMIT"] == commits
    assert list(range(1, 51)) == [r.inbox_id for r in receipts]
    assert list(range(1_000, 1_050)) == [r.stamp for r in receipts]
    assert 50 == landing.seal().rows


def test_within_a_group_the_same_message_is_taken_once(landing: Landing) -> None:
    first, again, other = landing.take([said(1, "m"), said(2, "m"), said(1, "n")], writer="a")
    assert (False, True, True) == (first.duplicate, again.duplicate, other.duplicate)
    assert (True, False) == (again.same_message, other.same_message)
    assert first.body_digest == again.body_digest
    assert b"note 1" == again.note == other.note
    assert 1 == landing.seal().rows


def test_a_message_is_known_to_every_writer_and_to_no_other_gateway(landing: Landing) -> None:
    (first,) = landing.take([said(1, "m")], writer="http-1")
    landing._listed = (-9.0, [])
    (again,) = landing.take([said(2, "m")], writer="http-2")
    (other,) = landing.take([said(1, "m", source="h")], writer="http-2")
    assert (True, False) == (again.duplicate, other.duplicate)
    assert (first.writer, first.stamp) == (again.writer, again.stamp)
    mixed = landing.take([said(5, "p"), said(1, "m"), said(6, "q")], writer="http-2")
    assert [False, True, False] == [r.duplicate for r in mixed]


def test_a_failed_group_leaves_nothing_and_the_next_goes_on(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Entry(b"x", 1, b"d", note=object())  # type: ignore[arg-type]
    with pytest.raises(Problem) as caught:
        landing.take([said(1), broken], writer="a")
    assert "readings_not_durable" == caught.value.code
    for lang in ("zh", "en"):
        assert "a" in caught.value.text(lang)
    assert 0 == landing.backlog
    assert not landing.take([said(1)], writer="a")[0].duplicate


def test_bodies_lie_beside_the_readings(landing: Landing, tmp_path: Path, clock: Clock) -> None:
    landing.take([said(1, "m"), entry(read((1, 9, 9)))], writer="a")
    clock.at = DAY_US + 5
    landing.take([said(2)], writer="b")
    landing.seal()
    found = {(b.writer, b.batch): b for b in raw.bodies(tmp_path)}
    assert {("a", 1), ("b", 1)} == set(found)
    body = found["a", 1]
    assert ("g", "json", 1, 1_000) == (body.source, body.form, body.rows, body.stamp)
    assert body.body is not None
    assert body.body.startswith(b"body 1 ")
    assert b"body 2" == next(raw.bodies(tmp_path, dt.date(1970, 1, 2))).body[:6]  # type: ignore[index]


def test_old_bodies_are_dropped_and_their_digests_stay(landing: Landing, tmp_path: Path) -> None:
    landing.take([said(n) for n in range(5)], writer="a")
    landing.seal()
    before = {b.batch: b.digest for b in raw.bodies(tmp_path)}
    day = dt.date(1970, 1, 1)
    assert 0 == raw.drop_bodies(tmp_path, day + dt.timedelta(days=90))
    keep = {("a", 2), ("b", 1)}
    assert 4 == raw.drop_bodies(tmp_path, day + dt.timedelta(days=91), keep=keep)
    assert 0 == raw.drop_bodies(tmp_path, day + dt.timedelta(days=91), keep=keep)
    after = list(raw.bodies(tmp_path))
    assert before == {b.batch: b.digest for b in after}
    assert [2] == [b.batch for b in after if b.body is not None]
    assert 4 == len([b for b in after if b.body is None])


def test_bodies_that_are_listed_stay(landing: Landing, tmp_path: Path) -> None:
    assert set() == raw.kept(tmp_path)
    raw.keep(tmp_path, [("a", 2), ("b", 1)], "run 1")
    raw.keep(tmp_path, [("a", 3)], "run 2")
    assert {("a", 2), ("b", 1), ("a", 3)} == raw.kept(tmp_path)


def test_a_kill_between_bodies_and_rows_doubles_neither(
    landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing.take([said(1)], writer="a")
    real = landing.table.commit

    def dying(*args: object, **kwargs: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(landing.table, "commit", dying)
    with pytest.raises(KeyboardInterrupt):
        landing.seal()
    monkeypatch.setattr(landing.table, "commit", real)
    landing.take([said(2)], writer="a")
    assert 2 == landing.seal().rows
    assert [1, 2] == sorted(b.batch for b in raw.bodies(tmp_path))
    assert {1} == set(landed(tmp_path).values())


def test_one_page_of_an_inbox_is_written_as_one_row_group(landing: Landing, tmp_path: Path) -> None:
    landing.take([said(n) for n in range(300)], writer="a")
    landing.seal()
    (file,) = (tmp_path / "landing").glob("*/*.parquet")
    assert 1 == pa.parquet.ParquetFile(file).num_row_groups


def damage(path: Path, page: int, seed: int = 0) -> None:
    """Overwrite one page of a closed SQLite file."""
    size = 8192
    with path.open("r+b") as file:
        file.seek(page * size)
        file.write(random.Random(seed).randbytes(size))
        os.fsync(file.fileno())


def closed(tmp_path: Path, writer: str) -> Path:
    """The file of a writer with its log written back."""
    path = tmp_path / "inbox" / f"{writer}.sqlite3"
    with sqlite3.connect(path) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    con.close()
    return path


def big(number: int) -> Entry:
    """A batch whose body fills pages of its own."""
    chance = random.Random(number)
    rows = read(*((number, q, chance.getrandbits(60)) for q in range(3000)))
    return entry(rows, body=chance.randbytes(40_000), form="json", source="g")


@pytest.mark.parametrize("place", range(1, 40, 3))
def test_a_damaged_page_sets_one_writer_aside_and_the_others_go_on(
    tmp_path: Path, clock: Clock, place: int
) -> None:
    first = Landing(tmp_path, clock)
    for number in range(1, 6):
        first.take([big(number)], writer="a")
        first.take([big(number + 10)], writer="b")
    del first
    path = closed(tmp_path, "a")
    assert path.stat().st_size > 40 * 8192
    damage(path, place)
    lake = Landing(tmp_path, clock)
    sealed = lake.seal()
    stored = landed(tmp_path)
    assert {1} == set(stored.values())
    assert {f"{n}" for n in range(1, 6)} == {str(b) for w, b, _ in stored if w == "b"}
    whole = {b for w, b, _ in stored if w == "a"}
    values = known(Readings(tmp_path))
    for number in whole:
        chance = random.Random(number)
        assert [chance.getrandbits(60) for _ in range(3000)] == [
            values[number, q] for q in range(3000)
        ]
    if whole == set(range(1, 6)):
        return  # the page held nothing that was needed
    (note,) = sealed.aside
    text = aside_note(tmp_path, "a").read_text(encoding="utf-8")
    assert "a" in note
    for lost in set(range(1, 6)) - whole:
        assert str(lost) in note or "cannot be read" in note
    assert "停用" in text
    assert ["b"] == writers(tmp_path)
    with pytest.raises(Problem) as caught:
        lake.take([said(1)], writer="a")
    assert "readings_writer_aside" == caught.value.code
    assert () == lake.seal().aside


def test_a_writer_that_comes_back_starts_after_what_the_lake_took(
    tmp_path: Path, clock: Clock
) -> None:
    lake = Landing(tmp_path, clock)
    lake.take([said(n) for n in range(7)], writer="a")
    lake.seal()
    closed(tmp_path, "a").write_bytes(b"no database" * 1000)
    lake = Landing(tmp_path, clock)
    (note,) = lake.seal().aside
    assert "a" in note
    aside_note(tmp_path, "a").unlink()
    (receipt,) = Landing(tmp_path, clock).take([said(99)], writer="a")
    assert 8 == receipt.inbox_id
    lake.seal()
    assert 99 == known(Readings(tmp_path))[1, 99]


def test_an_append_finds_its_writer_set_aside(landing: Landing, tmp_path: Path) -> None:
    landing.take([said(1)], writer="a")
    landing.inbox("a").set_aside("test")
    with pytest.raises(Problem) as caught:
        landing.take([said(2)], writer="a")
    for lang in ("zh", "en"):
        assert "a.aside" in caught.value.text(lang)
    (note,) = landing.seal().aside
    assert "1 batches were saved" in note
    assert {(1, 1): 1} == known(Readings(tmp_path))


def test_receipts_are_forgotten_after_their_days(landing: Landing, clock: Clock) -> None:
    landing.take([said(1, "m")], writer="a")
    landing.seal()
    clock.at = 5_000
    landing.take([said(2, "n")], writer="a")
    assert 1 == landing.inbox("a").forget_receipts(9_000)
    assert landing.inbox("a").find("g\x1fm") is None
    assert landing.inbox("a").find("g\x1fn") is not None


def test_an_inbox_of_an_earlier_version_goes_on(tmp_path: Path, clock: Clock) -> None:
    from tanma.lake import inbox

    (tmp_path / "inbox").mkdir()
    path = tmp_path / "inbox" / "a.sqlite3"
    with sqlite3.connect(path) as con:
        con.execute("PRAGMA journal_mode = WAL")
        con.executescript(inbox._TABLES)
        old = entry(read((1, 0, 5)))
        con.execute("INSERT INTO received VALUES (1, 10, 'm', ?, 1)", (old.digest,))
        con.execute("INSERT INTO batch VALUES (1, ?)", (old.body,))
        con.execute("INSERT INTO clock VALUES (10)")
    con.close()
    lake = Landing(tmp_path, clock)
    assert 1 == lake.backlog
    assert lake.take([entry(read((1, 7, 7)), message_id="m")], writer="a")[0].duplicate
    lake.take([said(3)], writer="a")
    lake.seal()
    assert {(1, 0): 5, (1, 3): 3} == known(Readings(tmp_path))


def test_batches_that_waited_in_an_inbox_of_the_second_version_are_sealed(
    tmp_path: Path, clock: Clock
) -> None:
    from tanma.lake import inbox

    Landing(tmp_path, clock).take([said(1)], writer="a")
    with closing(sqlite3.connect(tmp_path / "inbox" / "a.sqlite3")) as con:
        con.execute("ALTER TABLE batch DROP COLUMN signature")
        con.execute("DROP TABLE heard")
        con.execute("PRAGMA user_version = 2")
        con.commit()
    lake = Landing(tmp_path, clock)
    lake.take([entry(read((1, 2, 2)), body=b"b", source="g", signature="s")], writer="a")
    assert 2 == lake.seal().rows
    assert [None, "s"] == [b.signature for b in raw.bodies(tmp_path)]
    with closing(sqlite3.connect(tmp_path / "inbox" / "a.sqlite3")) as con:
        assert max(inbox._LATER) == con.execute("PRAGMA user_version").fetchone()[0]


def test_a_changed_signature_is_seen_as_damage(landing: Landing, tmp_path: Path) -> None:
    landing.take([entry(read((1, 2, 2)), body=b"b", source="g", signature="s")], writer="a")
    with closing(sqlite3.connect(tmp_path / "inbox" / "a.sqlite3")) as con:
        con.execute("UPDATE batch SET signature = 'forged'")
        con.commit()
    assert 1 == len(landing.seal().aside)
    assert [] == list(raw.bodies(tmp_path))


def test_an_inbox_without_flush_is_for_measurements_only(tmp_path: Path, clock: Clock) -> None:
    quick = Inbox(tmp_path, "q", clock, durable=False)
    assert (0,) == quick._open().execute("PRAGMA synchronous").fetchone()
    assert (2,) == Inbox(tmp_path, "a", clock)._open().execute("PRAGMA synchronous").fetchone()
