"""kill -9 at random moments: acknowledged is stored exactly once, and the content is the same.

`TANMA_KILLS=1000` for as many kills of each kind; a few otherwise.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tanma.lake.derived import Validated
from tanma.lake.inbox import Receipt
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tests.lake.killed import kill, rows_of, start, trials
from tests.lake.reading_model import OCTOBER_US, Model, known, settled_rows
from tests.lake.test_derived import counts

pytestmark = pytest.mark.kill


class Writers:
    """Writers that are killed and go on where their last acknowledged batch left them."""

    def __init__(self, root: Path, count: int) -> None:
        self.root, self.model = root, Model()
        self.next = dict.fromkeys(range(count), 0)
        self.acknowledged: set[tuple[str, int]] = set()
        self.running = {seed: self._start(seed) for seed in self.next}

    def _start(self, seed: int) -> object:
        return start("append", self.root, f"w{seed}", seed, self.next[seed])

    def kill(self, seed: int) -> None:
        """Kill a writer; note what it had acknowledged, deliver the doubtful batch again."""
        for number, _, place in kill(self.running[seed]):  # type: ignore[arg-type]
            self.next[seed] = int(number) + 1
            self.acknowledged.add((f"w{seed}", int(place)))

    def again(self, seed: int) -> None:
        self.running[seed] = self._start(seed)

    def stop(self) -> None:
        for seed in self.running:
            self.kill(seed)


def received(root: Path, writers: Writers) -> Model:
    """The model of what was acknowledged, from each writer's numbers, stamps as stored."""
    model = Model()
    stamps = {(w, b): s for s, w, b, _ in settled_rows(root)}
    for (writer, batch), stamp in sorted(stamps.items(), key=lambda kv: (kv[1], kv[0])):
        rows = batch_rows(root, writer, batch)
        model.receive(Receipt(writer, batch, stamp, len(rows), False), rows)
    return model


def batch_rows(root: Path, writer: str, batch: int) -> list:
    """A writer's batches are numbered as it said them: a repeated one is no new batch."""
    return rows_of(int(writer[1:]), batch - 1)


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("victim", ["seal", "settle"])
def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path, count: int, victim: str) -> None:
    chance = random.Random(count)
    writers = Writers(tmp_path, count)
    for _ in range(trials(2)):
        process = start(victim, tmp_path)
        time.sleep(chance.uniform(0.05, 0.6))
        seed = chance.randrange(count)
        writers.kill(seed)
        kill(process)
        writers.again(seed)
    writers.stop()
    lake, settler = Readings(tmp_path), Settler(tmp_path, lambda: OCTOBER_US)
    lake.seal()
    unsettled = known(tmp_path)
    settler.settle()
    settler.night()
    stored = Counter(settled_rows(tmp_path))
    assert {1} == set(stored.values())
    batches = {(writer, batch) for _, writer, batch, _ in stored}
    assert len(writers.acknowledged) > 10
    assert writers.acknowledged <= batches
    model = received(tmp_path, writers)
    assert Counter({(*order[:3], order[3]): 1 for order, _ in model.rows}) == stored
    assert model.known(2**62) == unsettled == known(tmp_path)
    middle = model.stamps()[len(model.stamps()) // 2]
    assert model.known(middle) == known(tmp_path, middle)


def test_a_partition_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    chance = random.Random(5)
    held = Validated(tmp_path)
    seen = 0
    for trial in range(trials(2)):
        running = [start("replace", tmp_path, trial * 2 + n) for n in range(2)]
        time.sleep(chance.uniform(0.05, 0.5))
        for process in running:
            kill(process)
        for bucket in range(3):
            true_to = held.true_to("2026-09", bucket)
            files = held.files("2026-09", bucket)
            if true_to:
                assert [(bucket * 4096 + n, true_to) for n in range(50)] == counts(files)
                seen = max(seen, true_to)
    assert seen > 1
