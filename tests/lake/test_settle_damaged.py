"""Settling goes around what cannot be read; what comes back takes its place in the order."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tanma.domain.messages import Problem
from tanma.lake import held, settle, tables
from tanma.lake.delta import Sheet, Stored, Table
from tanma.lake.held import sound
from tanma.lake.known import Span
from tanma.lake.known import known as view
from tanma.lake.tables import BESIDE, REVISED, SETTLED
from tests.duck import session
from tests.lake.dying import Dead, die
from tests.lake.killed import trials
from tests.lake.reading_model import BEGIN, FAR, HOUR, known, settled_rows
from tests.lake.test_check import last_byte_of_a_page
from tests.lake.test_settle import FAR_CHANNEL, IN_OCTOBER, Lake

HOW = ["bit", "cut", "gone"]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def damage(file: Stored, how: str = "cut") -> tuple[Path, bytes]:
    """Break a file; its path and what it held."""
    path = Path(file.uri)
    whole = path.read_bytes()
    broken = bytearray(whole)
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        broken[last_byte_of_a_page(path)] ^= 1
        path.write_bytes(broken)
    return path, whole


def restore(away: tuple[Path, bytes]) -> None:
    path, whole = away
    path.write_bytes(whole)


def answer(lake: Lake) -> dict[tuple[int, int], int]:
    """What is known now without the damaged files."""
    snapshot = sound(lake.root)
    with session() as con:
        view(con, snapshot, Span(BEGIN, FAR), snapshot.watermark, "readings")
        rows = con.execute("SELECT channel, start_utc, value FROM readings").fetchall()
    found = {(c, (s - BEGIN.replace(tzinfo=None)) // HOUR): v for c, s, v in rows}
    assert len(rows) == len(found)
    return found


def in_place(lake: Lake) -> None:
    """Everything said lies settled once, and each answer at each time is the model's."""
    lake.check()
    assert sorted(order for order, _ in lake.model.rows) == settled_rows(lake.root)


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_file_of_the_landing_is_passed_by_and_comes_in_later(
    lake: Lake, how: str
) -> None:
    lake.say((1, 0, 10, None), (1, 1, 11, None))
    [file] = lake.settler.landing.files()
    away = damage(file, how)
    lake.clock.at += 10
    lake.say((1, 1, 12, None), (FAR_CHANNEL, 0, 30, None), writer="b")
    done = lake.settler.settle()
    assert (2, 1) == (done.rows, done.left)
    assert [file.name] == [one.file for one in held.noted(lake.root)[0]]
    assert [file.name] == [f.name for f in lake.settler.landing.files()]
    assert {(1, 1): 12, (FAR_CHANNEL, 0): 30} == answer(lake)
    assert (0, 1) == ((done := lake.settler.settle()).rows, done.left)
    restore(away)
    assert held.returned(lake.root)
    assert (2, 0) == ((done := lake.settler.settle()).rows, done.left)
    # received before it, it does not win over what corrected it
    assert {(1, 0): 10, (1, 1): 12, (FAR_CHANNEL, 0): 30} == known(lake.root)
    in_place(lake)
    assert not held.returned(lake.root)
    assert [] == lake.settler.landing.files()
    lake.settler.night()
    in_place(lake)


def test_a_file_left_out_is_taken_in_though_a_copy_of_the_lake_lacks_its_note(lake: Lake) -> None:
    lake.say((1, 0, 10, None))
    away = damage(lake.settler.landing.files()[0])
    lake.settler.settle()
    (lake.root / held.HELD).unlink()
    assert not held.returned(lake.root)
    restore(away)
    assert held.returned(lake.root)
    lake.settler.settle()
    in_place(lake)


def test_what_is_known_before_a_file_returned_stays_known_as_of_that_time(lake: Lake) -> None:
    lake.say((1, 0, 10, None), (2, 0, 5, None))
    [file] = lake.settler.landing.files()
    away = damage(file)
    for number in range(3):
        lake.clock.at += 10
        lake.say((1, 0, 20 + number, None), writer="b")
        lake.settler.settle()
    restore(away)
    lake.settler.settle()
    numbers = pq.read_table([f.uri for f in lake.settler.receipts.files()]).to_pylist()
    placed = sorted(numbers, key=lambda r: r["receipt"])
    assert placed == sorted(numbers, key=lambda r: (r["stamp"], r["writer"], r["batch"]))
    in_place(lake)


@pytest.mark.parametrize("gone", ["ab", "ba", "bc", "cb", "ac", "ca"])
def test_files_of_several_writers_come_back_one_after_the_other(lake: Lake, gone: str) -> None:
    for number in range(4):
        for writer in "abc":
            lake.clock.at += 1
            lake.say((1, number, ord(writer), None), writer=writer, seal=False)
    lake.readings.seal()
    by_writer = {
        pq.read_table(f.uri, partitioning=None)["writer"][0].as_py(): f
        for f in lake.settler.landing.files()
    }
    away = [damage(by_writer[writer]) for writer in gone]
    lake.settler.settle()
    lake.clock.at += 1
    lake.say((1, 0, 1, None), writer="d")
    lake.settler.settle()
    for one in away:
        restore(one)
        lake.settler.settle()
    in_place(lake)


def test_a_file_with_rows_beyond_the_watermark_is_taken_in_two_parts(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.say((1, 0, 1, None))
    lake.settler.settle()
    lake.say((1, 1, 2, None), seal=False)
    lake.clock.at += 10
    lake.say((1, 2, 3, None), seal=False)
    stamp = lake.clock.at - 1
    monkeypatch.setattr(lake.readings._landing, "_closed", lambda inboxes, before: stamp)
    lake.readings.seal()
    monkeypatch.undo()
    lake.settler.settle()
    [file] = lake.settler.landing.files()
    away = damage(file)
    lake.readings.seal()
    lake.clock.at += 10
    lake.say((1, 2, 4, None), writer="b")
    lake.settler.settle()
    assert {(1, 0): 1, (1, 1): 2, (1, 2): 4} == answer(lake)
    restore(away)
    lake.settler.settle()
    in_place(lake)


@pytest.mark.parametrize("how", HOW)
def test_rows_are_laid_beside_a_damaged_file_of_the_tail(lake: Lake, how: str) -> None:
    lake.say((1, IN_OCTOBER, 1, None), (1, IN_OCTOBER + 1, 2, None))
    lake.settler.settle()
    [file] = lake.settler.tail.files()
    away = damage(file, how)
    for value in (3, 4):
        lake.clock.at += 10
        lake.say((1, IN_OCTOBER, value, None), (1, IN_OCTOBER + 24, value, None))
        assert (2, 0) == ((done := lake.settler.settle()).rows, done.left)
        assert {(1, IN_OCTOBER): value, (1, IN_OCTOBER + 24): value} == answer(lake)
    assert {SETTLED: 2, BESIDE: 2, REVISED: 2} == lake.kinds(lake.settler.tail)
    restore(away)
    in_place(lake)  # at once, by those who read
    lake.say((2, IN_OCTOBER, 7, None))
    lake.settler.settle()
    assert {SETTLED: 2, REVISED: 5} == lake.kinds(lake.settler.tail)
    in_place(lake)


@pytest.mark.parametrize("how", HOW)
def test_the_night_moves_all_but_a_damaged_file_of_the_tail(lake: Lake, how: str) -> None:
    lake.say((1, 0, 1, None), (1, 24, 2, None), (FAR_CHANNEL, 0, 3, None))
    lake.settler.settle()
    [file, _, _] = lake.settler.tail.files()
    away = damage(file, how)
    assert (2, 1) == ((done := lake.settler.night()).rows, done.left)
    assert [file.name] == [f.name for f in lake.settler.tail.files()]
    assert {(1, 24): 2, (FAR_CHANNEL, 0): 3} == answer(lake)
    lake.say((1, 0, 4, None))
    lake.settler.settle()
    lake.settler.night()
    restore(away)
    in_place(lake)
    lake.settler.night()
    in_place(lake)
    assert [] == lake.settler.tail.files()


@pytest.mark.parametrize("how", HOW)
def test_the_tail_waits_where_a_file_of_readings_is_damaged(lake: Lake, how: str) -> None:
    lake.say((1, 0, 1, None), (FAR_CHANNEL, 0, 3, None))
    lake.settler.settle()
    lake.settler.night()
    [file, _] = lake.settler.readings.files()
    away = damage(file, how)
    lake.say((1, 0, 5, None), (FAR_CHANNEL, 0, 6, None))
    lake.settler.settle()
    assert (1, 1) == ((done := lake.settler.night()).rows, done.left)
    assert {(1, 0): 5, (FAR_CHANNEL, 0): 6} == answer(lake)
    restore(away)
    in_place(lake)
    lake.settler.night()
    in_place(lake)
    assert [] == lake.settler.tail.files()


def test_what_returns_after_its_month_was_laid_down_is_not_taken_for_laid_down(
    lake: Lake,
) -> None:
    lake.say((1, 0, 1, None), (2, 0, 2, None))
    [file] = lake.settler.landing.files()
    away = damage(file)
    lake.clock.at += 10
    lake.say((1, 0, 5, None), (1, 30, 6, None), writer="b")
    lake.settler.settle()
    lake.settler.night()
    restore(away)
    lake.settler.settle()
    in_place(lake)
    lake.say((1, 1, 9, None))  # its partition is written anew
    lake.settler.settle()
    in_place(lake)
    lake.settler.night()
    in_place(lake)
    assert [] == lake.settler.tail.files()


def test_a_copy_of_before_and_after_takes_what_returned_once(lake: Lake) -> None:
    """The landing and the tail of before its return, the readings of after the night."""
    lake.say((1, 0, 1, None), (2, 0, 2, None))
    away = damage(lake.settler.landing.files()[0])
    lake.clock.at += 10
    lake.say((1, 0, 5, None), writer="b")
    lake.settler.settle()
    lake.settler.night()
    restore(away)
    logs = {
        name: [p.name for p in (lake.root / name / "_delta_log").glob("*")]
        for name in ("landing", "tail")
    }
    lake.settler.settle()
    lake.settler.night()
    in_place(lake)
    for name, before in logs.items():
        for path in (lake.root / name / "_delta_log").glob("*"):
            if path.name not in before:
                path.unlink()
    lake.settler.settle()
    in_place(lake)
    lake.settler.night()
    in_place(lake)


def test_no_damage_is_written_anew_as_if_it_were_whole(lake: Lake) -> None:
    """A page that unpacks and is wrong all the same is found by its checksum."""
    lake.say(*((n, IN_OCTOBER, n, None) for n in range(1, 50)))
    lake.settler.settle()
    [file] = lake.settler.tail.files()
    damage(file, "bit")
    lake.say((1, IN_OCTOBER + 1, 1, None))
    lake.settler.settle()
    assert file.name in {f.name for f in lake.settler.tail.files()}


def test_without_room_for_numbers_it_waits_and_says_so(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.say((1, 0, 1, None))
    [file] = lake.settler.landing.files()
    away = damage(file)
    monkeypatch.setattr(tables, "MOST_RECEIPTS", 0)
    with pytest.raises(Problem) as problem:
        lake.settler.settle()
    assert "lake_no_room" == problem.value.code
    for language in ("zh", "en"):
        assert file.uri in problem.value.text(language)
    monkeypatch.undo()
    restore(away)
    lake.settler.settle()
    in_place(lake)


def test_a_full_disk_stays_what_it_is(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    lake.say((1, 0, 1, None))
    monkeypatch.setattr(settle, "_view_landed", full)
    with pytest.raises(OSError, match="No space"):
        lake.settler.settle()
    monkeypatch.undo()
    lake.settler.settle()
    in_place(lake)


def damaged_lake(root: Path) -> tuple[Lake, list[tuple[Path, bytes]]]:
    """Something damaged in the landing, the tail and the readings, and more to come."""
    lake = Lake(root)
    lake.say((1, 0, 1, None), (1, IN_OCTOBER, 2, None), (FAR_CHANNEL, 0, 3, None))
    lake.settler.settle()
    lake.settler.night()
    lake.say((1, 0, 4, None), (1, 1, 5, None), (1, IN_OCTOBER, 6, None), writer="b")
    lake.settler.settle()
    away = [damage(lake.settler.readings.files()[0])]
    away.append(damage(next(f for f in lake.settler.tail.files() if "10-01" in f.name)))
    lake.clock.at += 10
    lake.say((1, 0, 7, None), (2, 1, 8, None), writer="c")
    away.append(damage(lake.settler.landing.files()[0]))
    lake.clock.at += 10
    lake.say((1, 0, 1, None), (1, 0, 9, None), (1, IN_OCTOBER, 2, None), writer="d")
    return lake, away


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(
    ("step", "when", "nth"),
    [
        *(((Table, "commit"), "after", nth) for nth in range(3)),
        ((Table, "commit"), "before", 1),
        ((Sheet, "close"), "after", 2),
    ],
)
def test_dead_at_any_step_with_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Any, when: str, nth: int, back: bool
) -> None:
    """Killed while files are passed by (or taken in), the next run ends as if nothing had been."""
    lake, away = damaged_lake(tmp_path)
    if back:
        lake.settler.settle()
        lake.settler.night()
        for one in away:
            restore(one)
    die(monkeypatch, *step, when, nth)
    try:
        lake.settler.settle()
        lake.settler.night()
    except Dead:
        pass
    monkeypatch.undo()
    for one in away:
        restore(one)
    lake.say((2, 0, 7, None), (1, 1, 8, None))
    lake.settler.settle()
    in_place(lake)
    lake.settler.night()
    in_place(lake)


@pytest.mark.parametrize("seed", range(trials(1)))
def test_whatever_is_damaged_and_comes_back_nothing_is_lost_or_doubled(
    tmp_path: Path, seed: int
) -> None:
    chance, lake = random.Random(seed), Lake(tmp_path)
    away: list[tuple[Path, bytes]] = []
    for _ in range(14):
        lake.clock.at += chance.randrange(3)
        rows = [
            (
                chance.choice([1, 2, FAR_CHANNEL]), chance.choice([0, 1, IN_OCTOBER]),
                chance.choice([None, 1, 2, 3]), chance.choice([None, None, 1]),
            )
            for _ in range(chance.randrange(1, 4))
        ]  # fmt: skip
        lake.say(*rows, writer=chance.choice("abc"), seal=chance.random() < 0.7)
        stores = (lake.settler.landing, lake.settler.tail, lake.settler.readings)
        files = [f for table in stores for f in table.files() if Path(f.uri).exists()]
        if files and chance.random() < 0.5:
            file = chance.choice(files)
            if file.uri not in {str(path) for path, _ in away}:
                away.append(damage(file, chance.choice(HOW)))
        chance.choice([lake.settler.settle, lake.settler.night, lambda: None])()
        if away and chance.random() < 0.4:
            restore(away.pop(chance.randrange(len(away))))
    lake.readings.seal()
    for one in away:
        restore(one)
    lake.settler.settle()
    lake.check()
    lake.settler.night()
    in_place(lake)
