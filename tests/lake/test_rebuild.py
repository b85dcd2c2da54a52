"""Damaged files are made again from kept bodies, exactly or not at all."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from tanma.domain.messages import Problem
from tanma.lake import held, raw, tables
from tanma.lake.check import check
from tanma.lake.delta import Table
from tanma.lake.landing import Landing, entry
from tanma.lake.raw import Body
from tanma.lake.rebuild import rebuild
from tests.lake.dying import Dead, die
from tests.lake.reading_model import Row, known, table
from tests.lake.test_settle import FAR_CHANNEL, IN_OCTOBER, Lake
from tests.lake.test_settle_damaged import answer, damage, in_place, restore


class Sent(Lake):
    """A lake whose batches came as bodies."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.landing = Landing(root, self.clock)
        self.said: dict[bytes, pa.Table] = {}

    def say(self, *rows: Row, writer: str = "a", seal: bool = True) -> None:
        body = f"{len(self.said)}".encode()
        self.said[body] = table(list(rows))
        [receipt] = self.landing.take(
            [entry(self.said[body], body=body, form="test", source="g")], writer=writer
        )
        self.model.receive(receipt, list(rows))
        if seal:
            self.landing.seal()

    def decode(self, body: Body) -> pa.Table:
        return self.said[body.body or b""]

    def rebuild(self) -> list[tuple[str, str]]:
        check(self.root)
        return [
            (made.table, made.problem.code if made.problem else "")
            for made in rebuild(self.root, self.decode)
        ]


@pytest.fixture
def lake(tmp_path: Path) -> Sent:
    """Two months in two buckets with corrections, settled, and something in the landing."""
    lake = Sent(tmp_path)
    lake.say((1, 0, 1, None), (1, IN_OCTOBER, 2, None), (FAR_CHANNEL, 0, 3, None))
    lake.say((1, 1, 1, None), (1, IN_OCTOBER + 1, 2, None), writer="b")
    lake.settler.settle()
    lake.settler.night()
    lake.clock.at += 10
    lake.say((1, 0, 4, None), (1, IN_OCTOBER, None, None), (1, IN_OCTOBER + 2, 6, 1), writer="b")
    lake.settler.settle()
    lake.clock.at += 10
    lake.say((1, 0, 7, None), (2, 1, 8, None), writer="c", seal=False)
    lake.say((1, 2, 9, None), writer="c")
    return lake


@pytest.mark.parametrize("number", range(2))
@pytest.mark.parametrize("name", ["landing", "tail", "readings"])
def test_a_damaged_file_is_made_again(lake: Sent, name: str, number: int) -> None:
    files = held.TABLES[name](lake.root).files()
    file = files[number % len(files)]
    damage(file, "gone")
    assert [(name, "")] == lake.rebuild()
    assert () == check(lake.root).damages
    lake.settler.settle()
    in_place(lake)
    lake.settler.night()
    in_place(lake)


def test_all_of_them_at_once(lake: Sent) -> None:
    for name in ("landing", "tail", "readings"):
        damage(held.TABLES[name](lake.root).files()[0])
    assert {("landing", ""), ("tail", ""), ("readings", "")} == set(lake.rebuild())
    lake.settler.settle()
    lake.settler.night()
    in_place(lake)


def test_receipts_are_made_again_by_what_the_inboxes_received(lake: Sent) -> None:
    before = {at: known(lake.root, at) for at in lake.model.stamps()}
    for file in lake.settler.receipts.files():
        damage(file)
    damage(lake.settler.tail.files()[0])  # which needs them
    assert [("receipts", ""), ("receipts", ""), ("tail", "")] == lake.rebuild()
    assert before == {at: known(lake.root, at) for at in lake.model.stamps()}
    in_place_after_settling(lake)


def test_receipts_with_gaps_cannot_be_told(lake: Sent) -> None:
    """Room is left in them for a file that could not be read."""
    [file] = lake.settler.landing.files()
    landing = damage(file)
    lake.clock.at += 1
    lake.say((1, 9, 9, None), writer="d")
    lake.settler.settle()
    restore(landing)
    lake.settler.join_receipts(files=1)
    [joined] = lake.settler.receipts.files()
    away = damage(joined)
    assert [("receipts", "lake_rebuild_unproven")] == lake.rebuild()
    assert [joined.name] == [f.name for f in lake.settler.receipts.files()]
    restore(away)
    in_place_after_settling(lake)


def test_one_that_settling_had_passed_by_comes_in_with_its_days_waiting(lake: Sent) -> None:
    [file] = lake.settler.landing.files()
    damage(file)
    lake.settler.settle()
    assert (1, 2) not in answer(lake)
    assert [("landing", "")] == lake.rebuild()
    # until the tail has it its days wait: it is noted by its new name
    assert {file.name: False, lake.settler.landing.files()[0].name: True} == {
        one.file: one.damaged for one in held.look(lake.root)
    }
    assert held.returned(lake.root)
    lake.settler.settle()
    assert {False} == {one.damaged for one in held.look(lake.root)}
    in_place(lake)


def test_one_that_the_night_had_left_behind_keeps_its_place(lake: Sent) -> None:
    lake.say((1, 3, 5, None))
    lake.settler.settle()
    file = next(f for f in lake.settler.tail.files() if "day=2026-09" in f.name)
    damage(file)
    lake.say((FAR_CHANNEL, 3, 5, None))
    lake.settler.settle()
    lake.settler.night()
    assert [("tail", "")] == lake.rebuild()
    in_place(lake)
    lake.settler.night()
    in_place(lake)
    assert not [f for f in lake.settler.tail.files() if "day=2026-09" in f.name]


def test_what_reads_otherwise_now_proves_nothing(lake: Sent) -> None:
    [file] = lake.settler.landing.files()
    away = damage(file)
    body = max(lake.said, key=int)
    lake.said[body] = table([(1, 2, 10, None)])
    assert [("landing", "lake_rebuild_unproven")] == lake.rebuild()
    assert [file.name] == [f.name for f in lake.settler.landing.files()]
    restore(away)
    in_place_after_settling(lake)


def test_what_no_adapter_reads_any_more_proves_nothing(lake: Sent) -> None:
    def unknown(body: Body) -> pa.Table:
        raise Problem("device_gateway", gateway=body.source)

    [file] = lake.settler.landing.files()
    damage(file)
    check(lake.root)
    [made] = rebuild(lake.root, unknown)
    assert made.problem is not None
    for language in ("zh", "en"):
        assert file.uri in made.problem.text(language)
        assert "c/1" in made.problem.text(language)


def test_without_the_body_it_stays_as_it_is(lake: Sent) -> None:
    file = lake.settler.tail.files()[0]
    away = damage(file)
    assert 0 < raw.drop_bodies(lake.root, dt.date(2027, 9, 1))
    assert [("tail", "lake_rebuild_unproven")] == lake.rebuild()
    restore(away)
    in_place_after_settling(lake)


@pytest.mark.parametrize("nth", range(4))
def test_killed_while_it_is_made_again(
    lake: Sent, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    for name in ("landing", "tail"):
        damage(held.TABLES[name](lake.root).files()[0])
    lake.settler.settle()
    die(monkeypatch, Table, "commit", "before", nth)
    with suppress(Dead):  # what has fewer commits ends
        lake.rebuild()
    monkeypatch.undo()
    assert {""} >= {code for _, code in lake.rebuild()}
    assert () == check(lake.root).damages
    in_place_after_settling(lake)


def test_a_batch_of_a_writer_that_was_set_aside_proves_nothing(lake: Sent) -> None:
    damage(lake.settler.landing.files()[0])
    lake.landing.inbox("c").set_aside("test")
    assert [("landing", "lake_rebuild_unproven")] == lake.rebuild()


def in_place_after_settling(lake: Sent) -> None:
    assert {1, 2, FAR_CHANNEL} >= {channel for channel, _ in known(lake.root)}
    lake.settler.settle()
    lake.settler.night()
    in_place(lake)


def test_nothing_damaged_is_nothing_to_do(lake: Sent) -> None:
    before = [f.name for f in tables.tail(lake.root).files()]
    assert [] == lake.rebuild()
    assert before == [f.name for f in tables.tail(lake.root).files()]
