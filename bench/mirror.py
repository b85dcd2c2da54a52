"""The lake's mirror of facts: filling it and reading facts as known at T, beside bare work.

One JSON line per figure: CPU seconds of this process, the yardstick measured in the same run, and
their ratio. Facts are synthetic: enterprises × items × months, 1 % corrected once, 0.1 % withdrawn.
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
import pyarrow as pa
import pyarrow.parquet as pq

from tanma.lake.facts import SCHEMA, FactsMirror, Pinned

READ = ("subject", "item", "kind", "valid_from", "valid_to", "source", "value")
SAID = """
    CREATE TABLE said AS
    SELECT i AS n, hash(i // 120) >> 2 AS subject, 'item.' || (i // 12 % 10) AS item,
        DATE '2026-01-01' + to_months((i % 12)::INTEGER) AS valid_from, hash(i) % 1000000 AS value
    FROM range({rows}) t(i)
"""
FACTS = """
    CREATE TABLE facts AS
    WITH told AS (
        SELECT *, 1 AS version FROM said
        UNION ALL SELECT n, subject, item, valid_from, value + 1, 2 FROM said WHERE n % 100 = 7
        UNION ALL SELECT n, subject, item, valid_from, NULL, 3 FROM said WHERE n % 1000 = 7
    ), placed AS (SELECT *, row_number() OVER (ORDER BY version, valid_from, n) AS seq FROM told)
    SELECT seq, 1790000000000000 + seq // 2000 AS stamp, subject::BIGINT AS subject, item,
        'amount' AS kind, valid_from::DATE AS valid_from,
        (valid_from + INTERVAL 1 MONTH)::DATE AS valid_to, value::BIGINT AS value,
        NULL::VARCHAR AS text, value || ' kWh' AS reported, 'grid' AS source,
        NULL::BIGINT AS revision, 'internal' AS data_class, 'import' AS author,
        'batch:' || (seq // 2000) || '#' || (seq % 2000) AS evidence, version::INTEGER AS version,
        unhex(sha256(seq::VARCHAR)) AS digest
    FROM placed ORDER BY seq
"""


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


def report(figure: str, rows: int, done: tuple, yardstick: str, bare: tuple) -> None:
    line = {
        "bench": "mirror",
        "figure": figure,
        "rows": rows,
        "cpu_s": round(done[0], 3),
        "wall_s": round(done[1], 3),
        "yardstick": yardstick,
        "yardstick_cpu_s": round(bare[0], 3),
        "ratio": round(done[0] / bare[0], 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(line), flush=True)


def store(folder: Path, rows: int) -> tuple[duckdb.DuckDBPyConnection, int, int]:
    """A table of facts to fetch from: connection, rows, last stamp."""
    con = duckdb.connect(str(folder / "store.duckdb"), config={"memory_limit": "2GB"})
    con.execute(SAID.format(rows=rows))
    con.execute(FACTS)
    count, last = con.execute("SELECT count(*), max(stamp) FROM facts").fetchall()[0]
    return con, count, last


def bare_write(fetch: Callable[[int, int], pa.Table], path: Path, chunk_rows: int) -> None:
    """The yardstick of sync: the same chunks fetched and written as one zstd Parquet file."""
    seq = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", compression_level=1) as writer:
        while (chunk := fetch(seq, chunk_rows).cast(SCHEMA)).num_rows:
            writer.write_table(chunk)
            seq = chunk["seq"][-1].as_py()


def scan(con: duckdb.DuckDBPyConnection, relation: str) -> list:
    """Read every column that a run reads; the sum and the counts must come out."""
    counts = ", ".join(f"max({column})" for column in READ)
    return con.execute(f"SELECT count(*), sum(value), {counts} FROM {relation}").fetchall()


def reading(mirror: FactsMirror, state: str, rows: int, known_at: int) -> None:
    pinned = mirror.pin()
    with duckdb.connect(config={"threads": 2}) as con:
        bare = timed(lambda: scan(con, f"read_parquet({list(pinned.files)})"), 5)

        def known() -> list:
            pinned.relation(con, known_at)
            return scan(con, "known")

        done = timed(known, 5)
        if state == "compacted":
            check(con, pinned, known_at, done[2])
        again = timed(lambda: scan(con, "known"), 5)
    report(f"known_at, {state}", rows, done, "scan and sum of the same columns", bare)
    report(f"known_at again, {state}", rows, again, "scan and sum of the same columns", bare)


def check(con: duckdb.DuckDBPyConnection, pinned: Pinned, known_at: int, answer: list) -> None:
    """The answer by a window over all rows, which is slow and plain."""
    plain = con.execute(
        f"""SELECT count(*), sum(value) FROM (FROM read_parquet({list(pinned.files)})
        WHERE stamp <= {known_at} QUALIFY row_number() OVER (
            PARTITION BY subject, item, kind, valid_from, valid_to, source
            ORDER BY coalesce(revision, 0) DESC, stamp DESC, seq DESC) = 1)
        WHERE value IS NOT NULL OR text IS NOT NULL"""
    ).fetchall()
    if plain[0] != answer[0][:2]:
        raise SystemExit(f"known_at disagrees with the plain window: {answer[0][:2]} ≠ {plain[0]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--full", action="store_true", help="5 million facts")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
        folder = Path(name)
        con, rows, last = store(folder, 5_000_000 if args.full else args.rows)

        def fetch(after: int, limit: int) -> pa.Table:
            span = f"seq > {after} AND seq <= {after + limit}"
            return con.sql(f"FROM facts WHERE {span} ORDER BY seq").to_arrow_table()

        mirror = FactsMirror(folder / "lake")
        bare = timed(lambda: bare_write(fetch, folder / "bare.parquet", 200_000))
        done = timed(lambda: mirror.sync(fetch, last))
        con.close()
        report("sync", rows, done, "fetch and write the same chunks as one Parquet file", bare)
        reading(mirror, "as synced", rows, last)
        done = timed(mirror.compact)
        report("compact", rows, done, "the bare write of sync", bare)
        reading(mirror, "compacted", rows, last)
        half = 1790000000000000 + rows // 4000
        reading(mirror, "compacted, half-way T", rows, half)
        size = sum(Path(f).stat().st_size for f in mirror.pin().files)
        print(json.dumps({"bench": "mirror", "figure": "bytes per fact", "value": size / rows}))


if __name__ == "__main__":
    main()
