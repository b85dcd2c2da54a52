"""Batches that arrive while one is flushed are flushed together next."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tanma.domain.messages import Problem
from tanma.lake.group import GroupCommit
from tanma.lake.inbox import Claim, Inbox
from tanma.lake.landing import Landing
from tanma.lake.readings import Readings
from tests.lake.test_readings import known, read


async def accept(group: GroupCommit, number: int, **more: object) -> object:
    table = read((1, number, number))
    return await group.accept(table, raw=b"%d" % number, form="f", source="g", **more)


def test_while_one_flush_runs_the_next_group_gathers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    quick = Inbox.append

    def slow(self: Inbox, entries: list) -> list:
        sizes.append(len(entries))
        time.sleep(0.05)
        return quick(self, entries)

    monkeypatch.setattr(Inbox, "append", slow)

    async def run() -> list:
        group = GroupCommit(Landing(tmp_path), "w")
        heard: list[int] = []
        group.observe = lambda seconds, batches: heard.append(batches)
        first = asyncio.create_task(accept(group, 0))
        await asyncio.sleep(0.02)
        rest = await asyncio.gather(*(accept(group, n) for n in range(1, 20)))
        await group.close()
        assert heard == sizes
        return [await first, *rest]

    receipts = asyncio.run(run())
    assert [1, 19] == sizes
    assert 20 == len({r.stamp for r in receipts})
    lake = Readings(tmp_path)
    lake.seal()
    assert {(1, n): n for n in range(20)} == known(lake)


def test_a_batch_that_cannot_be_packed_fails_alone(tmp_path: Path) -> None:
    async def run() -> list:
        group = GroupCommit(Landing(tmp_path), "w")
        bad = group.accept(read((1, 1, 1)).drop(["value"]), raw=b"", form="f", source="g")
        return await asyncio.gather(accept(group, 1), bad, accept(group, 2), return_exceptions=True)

    good, bad, other = asyncio.run(run())
    assert isinstance(bad, Problem)
    assert "readings_columns_missing" == bad.code
    assert (1, 1) == (good.rows, other.rows)


def test_a_writer_that_was_set_aside_is_replaced(tmp_path: Path) -> None:
    async def run() -> list[str]:
        landing = Landing(tmp_path)
        group = GroupCommit(landing, "w")
        await accept(group, 1)
        landing.inbox("w-1").set_aside("test")
        receipt = await accept(group, 2)
        return [receipt.writer, group.writer]

    assert ["w-2", "w-2"] == asyncio.run(run())
    lake = Readings(tmp_path)
    lake.seal()
    assert {(1, 1): 1, (1, 2): 2} == known(lake)


def test_another_writer_s_damaged_inbox_sets_no_sound_one_aside(tmp_path: Path) -> None:
    """Its receipts cannot be looked at; whoever writes it or seals has it set aside."""

    async def run() -> list[str]:
        other = Landing(tmp_path)
        other.inbox("w-2")
        group = GroupCommit(Landing(tmp_path), "w")
        await accept(group, 1, message_id="1")
        damaged = tmp_path / "inbox" / "w-2.sqlite3"
        damaged.write_bytes(b"no database" * 1000)
        return [(await accept(group, n, message_id=f"{n}")).writer for n in (2, 3)]

    assert ["w-1", "w-1"] == asyncio.run(run())
    assert [] == list((tmp_path / "inbox").glob("*.aside"))


def test_who_asked_and_went_leaves_the_batch_stored(tmp_path: Path) -> None:
    async def run() -> None:
        group = GroupCommit(Landing(tmp_path), "w")
        asked = asyncio.create_task(accept(group, 1))
        await asyncio.sleep(0)
        asked.cancel()
        await accept(group, 2)
        await group.close()

    asyncio.run(run())
    lake = Readings(tmp_path)
    lake.seal()
    assert {(1, 1): 1, (1, 2): 2} == known(lake)


def test_a_disk_that_refuses_is_told_to_every_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Inbox, entries: list) -> list:
        raise Problem("readings_not_durable", writer="w", reason="database or disk is full")

    monkeypatch.setattr(Inbox, "append", full)

    async def run() -> list:
        group = GroupCommit(Landing(tmp_path), "w")
        return await asyncio.gather(*(accept(group, n) for n in range(3)), return_exceptions=True)

    assert ["readings_not_durable"] * 3 == [p.code for p in asyncio.run(run())]


def test_names_are_claimed_by_one_process_at_a_time(tmp_path: Path) -> None:
    one, two = Claim(tmp_path, "http"), Claim(tmp_path, "http")
    assert ("http-1", "http-2") == (one.writer, two.writer)
    one.release()
    assert "http-1" == Claim(tmp_path, "http").writer
