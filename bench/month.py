"""A month of quarter-hour registers: raw to validated, raw to grades; from there, also a year.

One JSON line per figure: CPU seconds of this process beside a bare scan and sum of the same columns
in the same run. Default: a sixteenth of a province; `--full`: 52,782 meters, 151 million readings.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from bench.support import province
from tanma.engine.metering import bucket as buckets
from tanma.engine.metering import direct, hampel, months
from tanma.engine.metering.run import run, span_of
from tanma.lake.derived import INTERVAL, ActivityDays, Validated
from tanma.lake.known import Snapshot
from tanma.lake.sql import scan

MONTH = "2026-09"
YEAR = [f"{2025 + n // 12}-{n % 12 + 1:02d}" for n in range(9, 21)]
KEPT = ("channel", "start_utc", "count", "flags")


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


def report(
    figure: str, rows: int, done: tuple, yardstick: str, bare: tuple, bench: str = "month",
    **more: Any,
) -> None:  # fmt: skip
    line = {
        "bench": bench, "figure": figure, "rows": rows, "cpu_s": round(done[0], 3),
        "wall_s": round(done[1], 3), "yardstick": yardstick,
        "yardstick_cpu_s": round(bare[0], 3), "ratio": round(done[0] / bare[0], 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "load": round(os.getloadavg()[0], 1),
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


def from_validated(root: Path, kept: Sequence[str] = (MONTH,)) -> int:
    """Monthly sums of some months and grades from the kept intervals: a scan."""
    known, validated = buckets.meters(root), Validated(root)
    with buckets.connection() as con:
        known.install(con)
        ActivityDays(root).view(con, kept, "days")
        files = {m: validated.files(m) for m in ("2025-09", *YEAR) if m < kept[0] or m in kept}
        months.of_validated(con, files, [dt.date.fromisoformat(f"{m}-01") for m in kept])
        return fifths(con)


def year(root: Path) -> None:
    """The month once more in the eleven before it, shifted by whole days."""
    validated = Validated(root)
    for month in YEAR[:-1]:
        first = dt.date.fromisoformat(f"{month}-01")
        days = (dt.date.fromisoformat(f"{MONTH}-01") - first).days
        end = (first + dt.timedelta(days=31)).replace(day=1)
        parts = [
            validated.write(month, n, _shifted(file, days, end), 1)
            for n, file in enumerate(validated.files(MONTH))
        ]
        validated.publish(parts)


def _shifted(file: str, days: int, end: dt.date) -> Iterator[pa.RecordBatch]:
    with buckets.connection() as con:
        query = f"""SELECT channel, start_utc - INTERVAL {days} DAY AS start_utc,
            end_utc - INTERVAL {days} DAY AS end_utc, count, flags FROM {scan([file])}
            WHERE start_utc - INTERVAL {days} DAY < TIMESTAMPTZ '{end} 00:00:00+00'"""
        for batch in con.sql(query).to_arrow_reader(122_880):
            yield batch.cast(INTERVAL)


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
        over_a_window(root)
        of_a_year(root)


def measure(root: Path, bench: str = "month") -> None:
    files = province.raw_files(root)
    columns = ("channel", "start_utc", "value")
    bare = timed(lambda: bare_scan(files, columns), 3)
    rows = bare[2][0][0]
    yardstick = "scan and sum of channel, start, value"
    done = timed(lambda: unwritten(root))
    report("raw to grades, de-duplication and rollover, unwritten", rows, done, yardstick, bare,
           bench)  # fmt: skip
    done = timed(lambda: run(root, [MONTH]))
    report("raw to validated and days, default flags, written", rows, done, yardstick, bare,
           bench, intervals=done[2].intervals, days=done[2].days)  # fmt: skip
    kept = Validated(root).files(MONTH)
    bare_kept = timed(lambda: bare_scan(kept, KEPT), 3)
    yardstick = "scan and sum of channel, start, count, flags of validated"
    done = timed(lambda: from_validated(root), 3)
    report("validated to grades", rows, done, yardstick, bare_kept, bench)
    done = timed(lambda: grades(root), 3)
    report("days to grades", rows, done, yardstick, bare_kept, bench)


def over_a_window(root: Path) -> None:
    """Hampel needs a median over a window of every interval: one partition is enough to know."""
    first = Validated(root).files(MONTH)[:1]
    bare = timed(lambda: bare_scan(first, KEPT), 3)
    done = timed(lambda: hampel.over(first))
    report("Hampel over one partition of validated", bare[2][0][0], done,
           "scan and sum of channel, start, count, flags", bare, spikes=done[2])  # fmt: skip


def of_a_year(root: Path) -> None:
    """Twelve months of validated to monthly amounts and grades."""
    year(root)
    kept = [f for month in YEAR for f in Validated(root).files(month)]
    bare = timed(lambda: bare_scan(kept, KEPT), 2)
    done = timed(lambda: from_validated(root, YEAR), 2)
    yardstick = "scan and sum of channel, start, count, flags of a year of validated"
    report("a year of validated to grades", bare[2][0][0], done, yardstick, bare)


if __name__ == "__main__":
    main()
