"""A month of quarter-hour registers: raw to validated, raw to grades, and from validated.

One JSON line per figure: CPU seconds of this process beside a bare scan and sum of the same columns
in the same run. Default: a sixteenth of a province; `--full`: 52,782 meters, 151 million readings.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from bench.support import province
from tanma.engine.metering import bucket as buckets
from tanma.engine.metering import direct, hampel, months
from tanma.engine.metering.run import run, span_of
from tanma.lake.derived import ActivityDays, Validated
from tanma.lake.known import Snapshot
from tanma.lake.sql import scan

MONTH = "2026-09"


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], Any], repeats: int = 1) -> tuple[float, float, Any]:
    """The least CPU and wall seconds of some repeats, and the last answer."""
    spent, answer = [], None
    for _ in range(repeats):
        cpu, wall = cpu_s(), time.perf_counter()
        answer = work()
        spent.append((cpu_s() - cpu, time.perf_counter() - wall))
    return min(c for c, _ in spent), min(w for _, w in spent), answer


def report(figure: str, rows: int, done: tuple, yardstick: str, bare: tuple, **more: Any) -> None:
    line = {
        "bench": "month", "figure": figure, "rows": rows, "cpu_s": round(done[0], 3),
        "wall_s": round(done[1], 3), "yardstick": yardstick,
        "yardstick_cpu_s": round(bare[0], 3), "ratio": round(done[0] / bare[0], 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    } | more  # fmt: skip
    print(json.dumps(line), flush=True)


def bare_scan(files: list[str], columns: tuple[str, ...]) -> list:
    """The yardstick: every column that the work reads, added up."""
    sums = ", ".join(
        f"max(epoch_us({c}))" if c.endswith("utc") else f"sum({c}::BIGINT)" for c in columns
    )
    with buckets.connection() as con:
        return con.execute(f"SELECT count(*), {sums} FROM {scan(files)}").fetchall()


def grades(root: Path) -> int:
    """From days to a grade of every enterprise."""
    with buckets.connection() as con:
        known = buckets.meters(root)
        known.install(con)
        ActivityDays(root).view(con, [MONTH], "days")
        return graded(con)


def graded(con: duckdb.DuckDBPyConnection) -> int:
    """Monthly amounts of `days`, and by them a fifth of each industry (made-up value added)."""
    months.build(con)
    return fifths(con)


def fifths(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute(
        """SELECT count(*) FILTER (grade = 1) FROM (
               SELECT subject, ntile(5) OVER (PARTITION BY subject % 381
                   ORDER BY value / (1000 + subject % 977), subject) AS grade FROM metered)"""
    ).fetchall()[0][0]


def unwritten(root: Path) -> int:
    """Raw to grades with de-duplication and rollover alone, nothing written."""
    known, snapshot = buckets.meters(root), Snapshot(root)
    span, _ = span_of(MONTH, snapshot.watermark)
    with buckets.connection() as con:
        direct.build(con, snapshot, known, span)
        return fifths(con)


def from_validated(root: Path) -> int:
    """Monthly sums and grades from the kept intervals: a scan."""
    known, validated = buckets.meters(root), Validated(root)
    with buckets.connection() as con:
        known.install(con)
        span, _ = span_of(MONTH, 1)
        ActivityDays(root).view(con, [MONTH], "days")
        files = [f for m in ("2026-08", MONTH) for f in validated.files(m)]
        months.of_validated(con, files, span.first)
        return fifths(con)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="52,782 meters, 151 million readings")
    parser.add_argument("--meters", type=int, default=province.METERS // 16)
    parser.add_argument("--keep", type=Path, help="folder for the lake, kept afterwards")
    args = parser.parse_args()
    size = province.Size(province.METERS if args.full else args.meters)
    with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
        root = args.keep or Path(name)
        if not (root / "readings").exists():
            province.lake(root, size)
        measure(root)


def measure(root: Path) -> None:
    files = province.raw_files(root)
    columns = ("channel", "start_utc", "value")
    bare = timed(lambda: bare_scan(files, columns), 3)
    rows = bare[2][0][0]
    yardstick = "scan and sum of channel, start, value"
    done = timed(lambda: unwritten(root))
    report("raw to grades, de-duplication and rollover, unwritten", rows, done, yardstick, bare)
    done = timed(lambda: run(root, [MONTH]))
    report("raw to validated and days, default flags, written", rows, done, yardstick, bare,
           intervals=done[2].intervals, days=done[2].days)  # fmt: skip
    kept = Validated(root).files(MONTH)
    bare_kept = timed(lambda: bare_scan(kept, ("channel", "start_utc", "count", "flags")), 3)
    yardstick = "scan and sum of channel, start, count, flags of validated"
    done = timed(lambda: from_validated(root), 3)
    report("validated to grades", rows, done, yardstick, bare_kept)
    done = timed(lambda: grades(root), 3)
    report("days to grades", rows, done, yardstick, bare_kept)
    # Hampel needs a median over a window of every interval: one partition is enough to know
    first = kept[:1]
    bare_first = timed(lambda: bare_scan(first, ("channel", "start_utc", "count", "flags")), 3)
    done = timed(lambda: hampel.over(first))
    rows = bare_first[2][0][0]
    report("Hampel over one partition of validated", rows, done, yardstick, bare_first,
           spikes=done[2])  # fmt: skip


if __name__ == "__main__":
    main()
