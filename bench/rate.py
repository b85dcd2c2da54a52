"""Rating every enterprise of a province at once, beside a bare scan-and-sum of the same columns.

One JSON line per figure: CPU seconds of this process, the yardstick measured in the same run, and
their ratio. Amounts are synthetic: log-normal value added and intensity in some 380 industries.
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

from tanma.domain.rating import find
from tanma.engine.rating import rate, rate_relation

COLUMNS = ("id", '"group"', "numerator", "denominator", "fallback_denominator", "member")
# Box-Muller from hashes: the same table in every run and on every machine.
TABLE = """
    CREATE TABLE enterprises AS
    WITH uniform AS (
        SELECT i, (hash(i) % 1000003 + 1) / 1000004.0 AS u, (hash(-i) % 999983) / 999983.0 AS v,
            hash(i * 7 + 1) % 380 AS industry
        FROM range(1, {rows} + 1) t(i)
    ), normal AS (
        SELECT i, industry, sqrt(-2 * ln(u)) * cos(2 * pi() * v) AS a,
            sqrt(-2 * ln(u)) * sin(2 * pi() * v) AS b FROM uniform
    ), amounts AS (
        SELECT i, industry, (exp(7 + 1.3 * a) * 1e6)::BIGINT AS denominator, b FROM normal
    )
    SELECT i AS id, (1300 + industry * 8)::VARCHAR AS "group",
        (denominator * 1000 * exp(0.7 * b))::BIGINT AS numerator, denominator,
        denominator * CASE WHEN i % 40 = 0 THEN 60 ELSE 4 END AS fallback_denominator,
        i % 50 <> 0 AS member
    FROM amounts ORDER BY i
"""


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """The least CPU and wall seconds of some repeats."""
    spent = []
    for _ in range(repeats):
        cpu, wall = cpu_s(), time.perf_counter()
        work()
        spent.append((cpu_s() - cpu, time.perf_counter() - wall))
    return min(c for c, _ in spent), min(w for _, w in spent)


def report(
    figure: str, rows: int, done: tuple[float, float], yardstick: str, bare: tuple[float, float]
) -> None:
    line = {
        "bench": "rate",
        "figure": figure,
        "rows": rows,
        "cpu_s": round(done[0], 4),
        "wall_s": round(done[1], 4),
        "yardstick": yardstick,
        "yardstick_cpu_s": round(bare[0], 4),
        "ratio": round(done[0] / bare[0], 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=42_226)
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    scheme = find("zhejiang-carbon-efficiency")
    with duckdb.connect() as con, tempfile.TemporaryDirectory() as folder:
        con.execute(TABLE.format(rows=args.rows))
        file = Path(folder) / "enterprises.parquet"
        con.execute(f"COPY enterprises TO '{file}' (FORMAT parquet)")
        sums = ", ".join(f"sum(hash({name}) % 2)" for name in COLUMNS)
        table = con.sql("FROM enterprises").to_arrow_table()

        def in_place() -> None:
            rate_relation(con, f"'{file}'", scheme, into="grades")
            con.execute("DROP TABLE grades")

        bare = timed(lambda: con.execute(f"SELECT {sums} FROM '{file}'").fetchall(), args.repeats)
        scan = "scan and sum of every column, same Parquet file"
        report("rate_relation", args.rows, timed(in_place, args.repeats), scan, bare)
        report("rate", args.rows, timed(lambda: rate(table, scheme), args.repeats), scan, bare)


if __name__ == "__main__":
    main()
