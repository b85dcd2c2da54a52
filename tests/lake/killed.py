"""Processes that work on a lake until they are killed. Run as `python -m tests.lake.killed`."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from tanma.lake.derived import Validated
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tests.lake.reading_model import OCTOBER_US, Row, table
from tests.lake.test_derived import intervals

HOME = Path(__file__).parents[2]
FULL = os.environ.get("TANMA_KILLS")


def trials(few: int) -> int:
    """How many kills: few in CI, TANMA_KILLS (1000, say) on demand."""
    return int(FULL) if FULL else few


def start(job: str, root: Path, *args: object) -> subprocess.Popen[str]:
    """A job in a process of its own, once it works."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lake.killed", job, str(root), *map(str, args)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HOME,
        env=os.environ | {"PYTHONPATH": f"{HOME}:{HOME / 'src'}"},
    )
    assert process.stdout is not None
    assert "go\n" == process.stdout.readline()
    return process


def kill(process: subprocess.Popen[str]) -> list[list[str]]:
    """SIGKILL; the whole lines that it had printed, as words."""
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    lines = [line.split() for line in process.stdout if line.endswith("\n")]
    process.wait()
    return lines


def rows_of(seed: int, number: int) -> list[Row]:
    """What a writer says in its batch of this number; the same whenever it is asked.

    New readings of September and October, corrections of older ones, and repetitions.
    """
    chance = random.Random(seed * 100_003 + number)
    channel = seed * 4096 % 20_480 + 1
    fresh = [(channel, number % 700 + 720 * (number % 2), number, None)]
    old = chance.randrange(number + 1)
    late = [(channel, old % 700 + 720 * (old % 2), chance.randrange(5), None)]
    other = [(channel + 1, number % 9_000, number, number % 2 or None)]
    return fresh + late * (number % 3 == 0) + other


def append(root: Path, writer: str, seed: int, first: int) -> None:
    lake = Readings(root)
    print("go", flush=True)
    for number in range(first, 10**6):
        receipt = lake.append(table(rows_of(seed, number)), writer=writer)
        print(number, receipt.stamp, receipt.inbox_id, flush=True)


def seal(root: Path) -> None:
    lake = Readings(root)
    print("go", flush=True)
    while True:
        lake.seal(limit_rows=20)


def settle(root: Path) -> None:
    lake, settler = Readings(root), Settler(root, lambda: OCTOBER_US)
    print("go", flush=True)
    while True:
        lake.seal()
        settler.settle()
        settler.night()
        settler.join_receipts(files=3)


def replace(root: Path, seed: int) -> None:
    """Partitions of which every row says the stamp to which it is true."""
    held, chance = Validated(root), random.Random(seed)
    print("go", flush=True)
    while True:
        bucket = chance.randrange(3)
        true_to = held.true_to("2026-09", bucket) + 1
        rows = [(bucket * 4096 + n, n, true_to) for n in range(50)]
        held.replace("2026-09", bucket, intervals(*rows), true_to)


if __name__ == "__main__":
    job, root, *rest = sys.argv[1:]
    jobs = {"append": append, "seal": seal, "settle": settle, "replace": replace}
    arguments = [int(a) if a.isdigit() else a for a in rest]
    jobs[job](Path(root), *arguments)  # type: ignore[operator]
