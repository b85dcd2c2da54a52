"""Plants of a hundred points: energy trees of three levels, four carriers, a day of quarter-hours.

One JSON line per figure: CPU seconds beside a bare scan and sum of the same readings in the same
run. Default: a sixteenth of 1,110 plants; `--full`: all of them, 10.7 million readings.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa

from bench.month import bare_scan, timed
from bench.support import province
from tanma.engine.metering import bucket as buckets
from tanma.engine.metering import doubts, months
from tanma.engine.metering.channels import id_text
from tanma.engine.metering.run import run
from tanma.lake.derived import ActivityDays
from tanma.lake.facts import SCHEMA, FactsMirror

PLANTS, POINTS = 1_110, 100
CARRIERS = (
    ("electricity.purchased", "kWh"), ("heat.purchased", "GJ"),
    ("fuel.natural_gas.consumed", "10^4 m3"), ("water.total", "m3"),
)  # fmt: skip
FACTS = """
    WITH points AS (
        SELECT p, k, p * {points} + k AS m, k // 4 AS place, k % 4 AS carrier
        FROM range({plants}) a(p), range({points}) b(k)
    ),
    -- of each carrier 25 points: the main meter, four below it, five below each of those
    meters AS (
        SELECT *, 100000000 + m AS meter_id, CASE WHEN place = 0 THEN NULL
            ELSE 100000000 + p * {points} + ((place - 1) // 5) * 4 + carrier END AS parent
        FROM points
    ),
    said AS (
        SELECT 1 + p AS subject, 'id.uscc' AS item, 'U' || p AS text FROM points GROUP BY p
        UNION ALL SELECT meter_id, 'meter.enterprise', 'U' || p FROM meters
        UNION ALL SELECT meter_id, 'meter.parent', {parent} FROM meters WHERE parent IS NOT NULL
        UNION ALL SELECT m, 'channel.meter', {meter} FROM meters
        UNION ALL SELECT m, 'channel.item', {items}[carrier + 1] FROM meters
        UNION ALL SELECT m, 'channel.unit', {units}[carrier + 1] FROM meters
        UNION ALL SELECT m, unnest(['channel.kind', 'channel.scale', 'channel.interval_s',
            'channel.digits']), unnest(['register', '2', '900', '8']) FROM meters
    )
    SELECT row_number() OVER ()::BIGINT AS seq, {stamp}::BIGINT AS stamp,
           subject::BIGINT AS subject, item, 'attribute' AS kind,
           DATE '2000-01-01' AS valid_from, DATE '9999-12-31' AS valid_to,
           NULL::BIGINT AS value, text, '' AS reported, 'registry' AS source,
           NULL::BIGINT AS revision, 'internal' AS data_class, 'bench' AS author, '' AS evidence,
           1::INTEGER AS version, ''::BLOB AS digest
    FROM said ORDER BY seq
"""


def facts(root: Path, plants: int) -> None:
    """Points, their trees and their carriers, in a mirror."""
    items, units = ([c[n] for c in CARRIERS] for n in (0, 1))
    with duckdb.connect() as con:
        query = FACTS.format(
            plants=plants, points=POINTS, parent=id_text("parent"), meter=id_text("meter_id"),
            items=items, units=units, stamp=province.STAMP,
        )  # fmt: skip
        con.execute(f"CREATE TABLE facts AS {query}")

        def fetch(after: int, limit: int) -> pa.Table:
            rows = f"FROM facts WHERE seq > {after} AND seq <= {after + limit} ORDER BY seq"
            return con.sql(rows).to_arrow_table().cast(SCHEMA)

        FactsMirror(root).sync(fetch, province.STAMP)


def report(figure: str, rows: int, done: tuple, bare: tuple, **more: object) -> None:
    line = {
        "bench": "plants", "figure": figure, "rows": rows, "cpu_s": round(done[0], 3),
        "wall_s": round(done[1], 3), "yardstick": "scan and sum of channel, start, value",
        "yardstick_cpu_s": round(bare[0], 3), "ratio": round(done[0] / bare[0], 2),
    } | more  # fmt: skip
    print(json.dumps(line), flush=True)


def trees(root: Path) -> tuple[int, int]:
    """Monthly amounts of the roots, and every parent against its children."""
    known = buckets.meters(root)
    with buckets.connection() as con:
        known.install(con)
        ActivityDays(root).view(con, None, "days_kept")
        con.execute("CREATE TEMP TABLE days AS FROM days_kept")
        months.build(con)
        doubts.balance(con, "days")
        return con.execute(
            "SELECT (SELECT count(*) FROM metered), (SELECT count(*) FROM balances)"
        ).fetchall()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="1,110 plants, 10.7 million readings")
    args = parser.parse_args()
    plants = PLANTS if args.full else PLANTS // 16
    with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
        root = Path(name)
        province.readings(root, province.Size(plants * POINTS, 1))
        facts(root, plants)
        columns = ("channel", "start_utc", "value")
        bare = timed(lambda: bare_scan(province.raw_files(root), columns), 3)
        rows = bare[2][0][0]
        done = timed(lambda: run(root))
        report("raw to validated and days, default flags, written", rows, done, bare,
               plants=plants, days=done[2].days)  # fmt: skip
        done = timed(lambda: trees(root))
        report("days to roots, months and balances of the trees", rows, done, bare,
               amounts=done[2][0], parents=done[2][1])  # fmt: skip


if __name__ == "__main__":
    main()
