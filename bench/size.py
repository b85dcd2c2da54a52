"""Bytes per reading by table, and what moving readings through the lake costs.

    ./dev bench size [--days N] [--channels N] [--month]

Registers of meters that read every quarter of an hour, delivered in batches of 1,000 as JSON
columns, 0.1 % of them corrected later, sealed by the hour, settled by the day, laid down after the
month. The yardsticks are the same rows sorted into one Parquet file by DuckDB with their stamps,
and the CPU seconds of doing so. `--month` puts a month of one bucket into the landing by the day,
without inboxes: what settling, the night and reading cost at full size, and their memory.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from tanma.domain.readings import READING
from tanma.lake import tables
from tanma.lake.derived import DAY, INTERVAL, ActivityDays, Validated
from tanma.lake.landing import Landing, entry
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tanma.lake.upkeep import lake_tables

BEGIN = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
BEGIN_US = int(BEGIN.timestamp()) * 10**6
QUARTER_US = 15 * 60 * 10**6
CLOSED_US = BEGIN_US + 45 * 86_400 * 10**6
BATCH = 1_000


class Clock:
    """The bench's own wall clock, with the jitter of real arrivals."""

    def __init__(self) -> None:
        self.at, self._chance = BEGIN_US, np.random.default_rng(1)

    def __call__(self) -> int:
        self.at += int(self._chance.integers(50, 40_000))
        return self.at


def cpu_s(work: Callable[[], Any]) -> float:
    def used() -> float:
        now = resource.getrusage(resource.RUSAGE_SELF)
        return now.ru_utime + now.ru_stime

    before = used()
    work()
    return used() - before


def say(figure: str, value: float, **more: Any) -> None:
    line = {"bench": "size", "figure": figure, "value": round(value, 3)} | more
    print(json.dumps(line), flush=True)


def registers(channels: int, quarters: int) -> np.ndarray:
    """Register counts: each meter has its own size and a day's shape, with noise."""
    chance = np.random.default_rng(7)
    size = chance.lognormal(4.0, 1.0, channels)
    shape = 1.2 + np.sin(np.arange(quarters) * 2 * np.pi / 96 - 2)
    grown = chance.poisson(size[:, None] * shape[None, :])
    return chance.integers(0, 10**7, channels)[:, None] + np.cumsum(grown, axis=1)


def batch(channels: np.ndarray, counts: np.ndarray, quarter: int) -> tuple[pa.Table, bytes]:
    at = np.full(len(channels), BEGIN_US + quarter * QUARTER_US)
    columns = [channels, at, at, counts, np.zeros(len(channels), np.int64)]
    arrays = [pa.array(c, pa.int64()).cast(f.type) for c, f in zip(columns, READING, strict=True)]
    arrays[4] = pa.nulls(len(channels), pa.int64())
    body = {"channel": channels.tolist(), "time": at.tolist(), "value": counts.tolist()}
    return pa.Table.from_arrays(arrays, schema=READING), json.dumps(body).encode()


def fill(root: Path, clock: Clock, values: np.ndarray) -> dict[str, float]:
    """Take in, seal by the hour, settle by the day; CPU seconds by step."""
    landing, settler = Landing(root, clock), Settler(root, clock)
    spent = dict.fromkeys(("seal", "settle"), 0.0)
    chance = np.random.default_rng(3)
    numbers = np.arange(len(values))
    for quarter in range(values.shape[1]):
        clock.at = max(clock.at, BEGIN_US + quarter * QUARTER_US)
        for part in np.array_split(numbers, max(1, len(numbers) // BATCH)):
            table, body = batch(part, values[part, quarter], quarter)
            landing.take([entry(table, body=body, form="json")], writer="w")
        if quarter % 96 == 95:
            late = chance.choice(numbers, max(1, len(numbers) * 96 // 1000))
            table, body = batch(late, values[late, quarter - 40] + 1, quarter - 40)
            landing.take([entry(table, body=body, form="json")], writer="w")
        if quarter % 4 == 3:
            spent["seal"] += cpu_s(landing.seal)
        if quarter % 96 == 95:
            if quarter == 95:
                sizes(root, ("landing", "raw"))
            spent["settle"] += cpu_s(settler.settle)
    return spent


def sizes(root: Path, names: tuple[str, ...]) -> None:
    for kept in lake_tables(root):
        files = kept.table.files() if kept.exists and kept.name in names else []
        rows, size = sum(f.rows for f in files), sum(f.size for f in files)
        if rows:
            say(f"bytes per row of {kept.name}", size / rows, rows=rows, files=len(files))


def derive(root: Path) -> None:
    """`validated` and `activity_day` of plain differences: for their size, not for their rules."""
    lake = Readings(root)
    with duckdb.connect(config={"memory_limit": "2GB"}) as con:
        con.execute("SET TimeZone = 'UTC'")
        lake.known(con, None, BEGIN, BEGIN + dt.timedelta(days=31), lake.watermark, stamps=False)
        con.execute(
            """CREATE TEMP TABLE intervals AS
            SELECT channel, timezone('UTC', lag(start_utc) OVER key) AS start_utc,
                timezone('UTC', start_utc) AS end_utc, value - lag(value) OVER key AS count,
                0::INTEGER AS flags
            FROM readings WINDOW key AS (PARTITION BY channel ORDER BY start_utc)
            QUALIFY lag(start_utc) OVER key IS NOT NULL ORDER BY channel, start_utc"""
        )
        buckets = con.execute("SELECT DISTINCT channel // 4096 FROM intervals").fetchall()
        for (bucket,) in buckets:
            rows = con.sql(f"FROM intervals WHERE channel // 4096 = {bucket}").to_arrow_table()
            Validated(root).replace("2026-09", bucket, rows.cast(INTERVAL), lake.watermark)
        days = con.sql(
            """SELECT channel, start_utc::DATE AS day, 'electricity.purchased' AS item,
                sum(count)::BIGINT AS count, sum(count)::BIGINT * 1000 AS milli,
                count(*)::INTEGER AS n, 96::INTEGER AS expected, 0::INTEGER AS flagged,
                max(end_utc) AS last_utc, min(count) AS minimum, max(count) AS maximum
            FROM intervals GROUP BY ALL"""
        ).to_arrow_table()
    for field in DAY:
        if field.name not in days.column_names:
            days = days.append_column(field, pa.nulls(len(days), field.type))
    table = ActivityDays(root)
    table.put(days.set_column(days.schema.get_field_index("derived"), "derived", days["n"]))
    table.compact(fresh_files=1)


def yardstick(root: Path, rows: int) -> float:
    """The same readings with stamps, sorted into one Parquet file; its CPU seconds."""
    lake, path = Readings(root), root / "bare.parquet"
    with duckdb.connect(config={"memory_limit": "2GB"}) as con:
        lake.known(con, None, BEGIN, BEGIN + dt.timedelta(days=31), lake.watermark)
        con.execute("CREATE TEMP TABLE bare AS FROM readings ORDER BY random()")
        spent = cpu_s(
            lambda: con.execute(
                "COPY (FROM bare ORDER BY channel, start_utc, stamp)"
                f" TO '{path}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
            )
        )
    say("bytes per reading, one sorted Parquet file of DuckDB", path.stat().st_size / rows)
    return spent


def reading(root: Path, rows: int) -> None:
    """What the relation costs to read, against a scan of the same columns."""
    lake = Readings(root)
    months = (BEGIN, BEGIN + dt.timedelta(days=31))
    files = [f.uri for f in Settler(root).readings.files()]
    total = "SELECT count(*), sum(value), max(channel) FROM"
    with duckdb.connect() as con:

        def known(stamps: bool, upto: int) -> float:
            lake.known(con, None, *months, upto, "readings", stamps=stamps)
            return min(cpu_s(lambda: con.execute(f"{total} readings").fetchall()) for _ in range(3))

        bare = min(
            cpu_s(lambda: con.execute(f"{total} read_parquet({files})").fetchall())
            for _ in range(3)
        )
        early = lake.watermark - 4 * 86_400 * 10**6
        for figure, spent in (
            ("read as known now", known(False, lake.watermark)),
            ("read as known now, with stamps", known(True, lake.watermark)),
            ("read as known four days before", known(False, early)),
        ):
            say(f"CPU s: {figure}", spent, rows=rows, yardstick="scan and sum",
                yardstick_cpu_s=round(bare, 3), ratio=round(spent / bare, 2))  # fmt: skip


def landed_day(root: Path, values: np.ndarray, day: int, first_batch: int) -> int:
    """A day of a bucket as it lies in the landing, four batches a quarter; the last batch."""
    table = tables.landing(root)
    chance = np.random.default_rng(day)
    numbers = np.arange(len(values))
    part = numbers * 4 // len(values)
    batch, stamp = first_batch, BEGIN_US

    def rows() -> Iterator[pa.RecordBatch]:
        nonlocal batch, stamp
        quarters = range(96 * day, 96 * day + 96)
        late = chance.choice(numbers, max(1, len(numbers) * 96 // 1000))
        for quarter in quarters:
            came = BEGIN_US + quarter * QUARTER_US + np.cumsum(chance.integers(50, 40_000, 4))
            place = (values[:, quarter], came[part], batch + 1 + part, numbers % 1024)
            yield landed(table.file_schema, numbers, quarter, *place)
            batch, stamp = batch + 4, int(came[-1])
        batch, stamp, fixed = batch + 1, stamp + 1_000, quarters[50]
        place = (values[late, fixed] + 1, stamp, batch, np.arange(len(late)))
        yield landed(table.file_schema, late, fixed, *place)

    file = table.write(rows(), {"arrival_day": str(BEGIN.date() + dt.timedelta(days=day))})
    table.commit([file] if file else [], {tables.WATERMARK: stamp})
    return batch


def landed(
    schema: pa.Schema, channels: np.ndarray, quarter: int, counts: Any, stamp: Any, batch: Any,
    row: np.ndarray,
) -> pa.RecordBatch:  # fmt: skip
    def column(values: Any) -> np.ndarray:
        return np.broadcast_to(values, len(channels)).astype(np.int64)

    at = column(BEGIN_US + quarter * QUARTER_US)
    given = {"channel": channels, "start_utc": at, "end_utc": at, "value": counts,
             "stamp": stamp, "batch": batch, "row": row}  # fmt: skip
    count = len(channels)
    others = {"writer": pa.repeat("w", count), "revision": pa.nulls(count, pa.int64())}
    arrays = [
        others[f.name] if f.name in others else pa.array(column(given[f.name])).cast(f.type)
        for f in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def month(root: Path) -> None:
    """A month of one bucket at full size."""
    values, batch, spent = registers(4_096, 96 * 30), 0, 0.0
    settler = Settler(root, lambda: CLOSED_US)
    for day in range(30):
        batch = landed_day(root, values, day, batch)
        spent += cpu_s(settler.settle)
    sizes(root, ("tail", "receipts"))
    night = cpu_s(settler.night)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    rows = sum(f.rows for f in settler.readings.files())
    sizes(root, ("readings",))
    bare = yardstick(root, rows)
    for step, seconds in (("settle", spent), ("night", night)):
        say(f"CPU s: {step}", seconds, rows=rows, yardstick="sort into one Parquet file",
            yardstick_cpu_s=round(bare, 3), ratio=round(seconds / bare, 2),
            peak_mib=peak_mib)  # fmt: skip
    reading(root, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=4_096)
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--month", action="store_true", help="a month of one bucket, full size")
    args = parser.parse_args()
    if args.month:
        with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
            month(Path(name))
        return
    channels, days = args.channels, args.days
    with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
        root, clock = Path(name), Clock()
        begun = time.perf_counter()
        spent = fill(root, clock, registers(channels, 96 * days))
        sizes(root, ("tail", "receipts"))
        clock.at = CLOSED_US
        spent["night"] = cpu_s(Settler(root, clock).night)
        rows = sum(f.rows for f in Settler(root).readings.files())
        derive(root)
        sizes(root, ("readings", "validated", "activity_day"))
        bare = yardstick(root, rows)
        for step, seconds in spent.items():
            say(f"CPU s: {step}", seconds, rows=rows, yardstick="sort into one Parquet file",
                yardstick_cpu_s=round(bare, 3), ratio=round(seconds / bare, 2))  # fmt: skip
        reading(root, rows)
        say("wall s of the bench", time.perf_counter() - begun)


if __name__ == "__main__":
    main()
