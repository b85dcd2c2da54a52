"""From new readings to current days and region totals: a quarter-hour, an hour, late corrections.

One JSON line per figure: CPU seconds of this process from sealed readings to the sums of all areas,
per new reading, beside a bare scan and sum of one day of the same readings in the same run.
Default: a sixteenth of a province; `--full`: 52,782 meters.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import tempfile
from pathlib import Path

import pyarrow as pa

from bench.month import bare_scan, timed
from bench.support import province
from tanma.domain.readings import READING
from tanma.engine import regions
from tanma.engine.activity import attributes
from tanma.engine.metering import bucket as buckets
from tanma.engine.metering import months
from tanma.engine.metering.refresh import Refreshed, refresh
from tanma.engine.metering.run import run
from tanma.engine.population import enterprises
from tanma.lake.derived import ActivityDays
from tanma.lake.facts import FactsMirror
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler

DAYS = 8
QUARTER = dt.timedelta(minutes=15)
BATCH = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="52,782 meters")
    parser.add_argument("--meters", type=int, default=province.METERS // 16)
    args = parser.parse_args()
    size = province.Size(province.METERS if args.full else args.meters, DAYS)
    with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
        root = Path(name)
        province.lake(root, size)
        run(root, validated=False)
        measure(root, size)


def measure(root: Path, size: province.Size) -> None:
    bare = timed(lambda: bare_scan(province.raw_files(root), ("channel", "start_utc", "value")), 3)
    rows = bare[2][0][0]
    begin = province.FIRST + dt.timedelta(days=DAYS)
    clock = Clock(begin)
    figures = [
        ("one quarter-hour of all meters", 1, [(c, begin) for c in range(size.meters)]),
        ("one hour of all meters", 4, [
            (c, begin + n * QUARTER) for n in range(1, 5) for c in range(size.meters)
        ]),
        ("5,000 late corrections in 6 days", 0, corrections(size)),
    ]  # fmt: skip
    for figure, _, new in figures:
        deliver(root, clock, new)
        cpu_s, wall_s, done = timed(lambda: current(root))
        line = {
            "bench": "hour", "figure": figure, "readings": len(new), "cpu_s": round(cpu_s, 3),
            "wall_s": round(wall_s, 3), "us_per_reading": round(cpu_s / len(new) * 1e6, 2),
            "days_changed": done.changed, "restated": done.restated, "meters": size.meters,
            "yardstick": f"scan and sum of {rows} readings of {DAYS} days",
            "yardstick_cpu_s": round(bare[0], 3), "ratio": round(cpu_s / bare[0], 2),
        }  # fmt: skip
        print(json.dumps(line), flush=True)


class Clock:
    """The lake's clock goes on where the made-up history ends."""

    def __init__(self, begin: dt.datetime) -> None:
        self.at = province.STAMP + 2 * 10**15 + int(begin.replace(tzinfo=dt.UTC).timestamp())

    def __call__(self) -> int:
        self.at += 1000
        return self.at


def corrections(size: province.Size) -> list[tuple[int, dt.datetime]]:
    """Readings of six days that are said again with another value."""
    chance = random.Random(5)
    steps = 6 * 96
    return sorted({
        (chance.randrange(size.meters), province.FIRST + chance.randrange(96, steps) * QUARTER)
        for _ in range(5000)
    })  # fmt: skip


def deliver(root: Path, clock: Clock, new: list[tuple[int, dt.datetime]]) -> None:
    """Receive, seal and settle: not part of the measurement."""
    readings = Readings(root, clock)
    for start in range(0, len(new), BATCH):
        part = new[start : start + BATCH]
        at = pa.array([s.replace(tzinfo=dt.UTC) for _, s in part], READING.field("start_utc").type)
        values = pa.array([province.register(c, s) for c, s in part], pa.int64())
        columns = [pa.array([c for c, _ in part], pa.int64()), at, at, values]
        table = pa.table([*columns, pa.nulls(len(part), pa.int64())], schema=READING)
        readings.append(table, writer="a")
    readings.seal()
    Settler(root, clock).settle()


def current(root: Path) -> Refreshed:
    """Days brought up, then months of enterprises and sums of all areas."""
    done = refresh(root)
    with buckets.connection() as con:
        mirror = FactsMirror(root)
        mirror.relation(con, mirror.watermark)
        buckets.of_facts(con, "known").install(con)
        ActivityDays(root).view(con, [f"{province.FIRST:%Y-%m}"], "days")
        months.build(con)
        attributes(con, "2026-09-08")
        enterprises(con)
        regions.closure(con)
        regions.memberships(con)
        months.by_area(con)
    return done


if __name__ == "__main__":
    main()
