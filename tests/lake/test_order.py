"""The order in which stamped readings reach the tables changes no answer.

`TANMA_ORDERS=1000` for as many permutations; a few otherwise.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from tanma.lake import tables
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tests.duck import session
from tests.lake.reading_model import BEGIN, FAR, OCTOBER_US, Row, known, table

ORDERS = int(os.environ.get("TANMA_ORDERS", "15"))
IN_OCTOBER = 24 * 30


@dataclass(frozen=True)
class Stamped:
    """A batch as it was accepted once and for all."""

    stamp: int
    writer: str
    batch: int
    rows: tuple[Row, ...]

    def landed(self) -> pa.RecordBatch:
        place = {"stamp": self.stamp, "writer": self.writer, "batch": self.batch}
        said = table(list(self.rows)).to_pylist()
        rows = [row | place | {"row": n} for n, row in enumerate(said)]
        schema = pa.schema([f for f in tables.LANDING if f.name != "arrival_day"])
        return pa.RecordBatch.from_pylist(rows, schema=schema)


def batches(chance: random.Random, count: int) -> list[Stamped]:
    """Readings, corrections, withdrawals, revisions and repetitions, often under equal stamps."""
    made: list[Stamped] = []
    for number in range(count):
        rows = tuple(
            (
                chance.choice([1, 2, 4096 * 2]),
                chance.choice([0, 1, 2, IN_OCTOBER, IN_OCTOBER + 30]),
                chance.choice([None, 0, 1, 2, 3]),
                chance.choice([None, None, 1, 2]),
            )
            for _ in range(chance.randrange(1, 4))
        )
        if made and chance.random() < 0.3:
            rows = chance.choice(made).rows
        stamp = OCTOBER_US + number // 3
        made.append(Stamped(stamp, chance.choice("abc"), number, rows))
    return made


class Delivery:
    """Batches that reach the landing in some order, with settling whenever it may happen."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root, self.chance = root, chance
        self.landing = tables.landing(root)
        self.settler = Settler(root, lambda: OCTOBER_US)

    def deliver(self, waiting: list[Stamped]) -> None:
        """A watermark is published only when everything stamped at or before it is there."""
        left = list(waiting)
        self.chance.shuffle(left)
        while left:
            taken = [left.pop() for _ in range(min(len(left), self.chance.randrange(1, 6)))]
            self._land(taken, min((b.stamp for b in left), default=None))
            if self.chance.random() < 0.5:
                self.settler.settle()
            if self.chance.random() < 0.3:
                self.settler.night()

    def _land(self, taken: list[Stamped], missing: int | None) -> None:
        upto = OCTOBER_US + 10**6 if missing is None else missing - 1
        files = list(self._files(taken))
        self.landing.commit(files, {tables.WATERMARK: max(upto, OCTOBER_US - 1)})

    def _files(self, taken: list[Stamped]) -> Iterator:
        parts = [taken] if self.chance.random() < 0.5 else [[b] for b in taken]
        for part in parts:
            yield self.landing.write([b.landed() for b in part], {"arrival_day": "2026-10-10"})


def canonical(root: Path, at: int) -> str:
    """Digest of the sorted rows: integers, UTC text, no run, no clock."""
    with session() as con:
        Readings(root).known(con, None, BEGIN, FAR, at)
        rows = con.execute(
            "SELECT channel, start_utc, end_utc, value, revision, contested, stamp"
            " FROM readings ORDER BY channel, start_utc"
        ).fetchall()
    assert rows
    lines = "\n".join(
        "|".join(v.isoformat() if isinstance(v, dt.datetime) else str(v) for v in row)
        for row in rows
    )
    return hashlib.sha256(lines.encode()).hexdigest()


def test_any_order_of_stamped_batches_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    said = batches(random.Random(3), 24)
    times = [said[5].stamp, said[14].stamp, OCTOBER_US + 10**6]
    found: set[tuple[str, ...]] = set()
    for order in range(ORDERS):
        root = tmp_path_factory.mktemp("order")
        Delivery(root, random.Random(order)).deliver(said)
        found.add(tuple(canonical(root, at) for at in times))
    assert 1 == len(found)
    assert 3 == len(set(found.pop()))


def test_readings_with_revisions_may_be_delivered_in_any_order(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Over the door, where each delivery gets its own stamp: the revision alone decides."""
    said: list[Row] = [
        (channel, hour, channel * 100 + hour * 10 + revision, revision)
        for channel in (1, 4097)
        for hour in (0, IN_OCTOBER)
        for revision in (1, 2, 3)
    ]
    expected = {(c, h): c * 100 + h * 10 + 3 for c in (1, 4097) for h in (0, IN_OCTOBER)}
    for order in range(ORDERS):
        chance = random.Random(order)
        root = tmp_path_factory.mktemp("revisions")
        lake, settler = Readings(root), Settler(root, lambda: OCTOBER_US)
        rows = said + chance.sample(said, 4)
        chance.shuffle(rows)
        while rows:
            part = [rows.pop() for _ in range(min(len(rows), chance.randrange(1, 6)))]
            lake.append(table(part), writer=chance.choice("ab"))
            step = chance.choice([None, None, lake.seal, settler.settle, settler.night])
            if step:
                step()
        lake.seal()
        assert expected == known(root)
