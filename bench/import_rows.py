"""An activity file to committed, queryable facts with row report, beside read + raw bulk insert.

The yardstick reads the same CSV with pyarrow and inserts the finished rows of the fact table (same
columns, same indexes, same settings of SQLite, one transaction) without checks, hashes or versions.
Prints one JSON line: CPU seconds of both, their ratio, the limit (4). `--full`: 500,000 rows.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
LIMIT = 4
ROWS, FULL_ROWS = 50_000, 500_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--full", action="store_true", help=f"{FULL_ROWS} rows")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), FULL_ROWS if args.full else args.rows)))


def measure(folder: Path, rows: int) -> dict[str, object]:
    path = folder / "energy.csv"
    prepare(folder, path, rows)
    from tanma.apps.imports.door import import_file
    from tanma.apps.people.door import SYSTEM

    start, wall = time.process_time(), time.monotonic()
    batch = import_file(path, SYSTEM, package="energy")
    cpu_s, wall_s = time.process_time() - start, time.monotonic() - wall
    assert (rows, rows // 1000) == (batch.rows, batch.bad), (batch.rows, batch.bad)
    bare_s = yardstick(folder, path)
    return {
        "bench": "import_rows", "rows": rows, "facts": batch.new, "reported": batch.bad,
        "cpu_s": round(cpu_s, 2), "wall_s": round(wall_s, 2),
        "yardstick": "pyarrow.csv.read_csv + raw bulk insert", "yardstick_cpu_s": round(bare_s, 2),
        "ratio": round(cpu_s / bare_s, 2), "limit": LIMIT,
    }  # fmt: skip


def prepare(folder: Path, path: Path, rows: int) -> None:
    """A fresh home with its enterprises registered, and the file."""
    os.environ |= {"TANMA_HOME": str(folder), "DJANGO_SETTINGS_MODULE": "tanma.site.settings"}
    import django

    django.setup()
    from django.core.management import call_command
    from import_checks import CARRIERS, code, write

    from tanma.apps.registry import door as registry

    for database in ("default", "work"):
        call_command("migrate", database=database, verbosity=0)
    write(path, rows)
    firms = rows // (24 * len(CARRIERS)) + 1
    registry.register("uscc", [code(n) for n in range(firms)], author="bench")
    registry.project()


def yardstick(folder: Path, path: Path) -> float:
    """CPU seconds of the best of two: bare read, and insert of rows that are ready."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'facts_fact' AND sql IS NOT NULL"
            " ORDER BY type DESC"
        )
        schema = [sql for (sql,) in cursor.fetchall()]
        cursor.execute("SELECT * FROM facts_fact ORDER BY seq")
        rows = cursor.fetchall()
    return min(_bare(folder / f"raw{n}.sqlite3", path, schema, rows) for n in range(2))


def _bare(file: Path, path: Path, schema: list[str], rows: list[tuple[object, ...]]) -> float:
    import pyarrow.csv as pacsv

    raw = sqlite3.connect(file, isolation_level=None)
    raw.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64000;"
    )
    for sql in schema:
        raw.execute(sql)
    marks = ",".join("?" * len(rows[0]))
    start = time.process_time()
    pacsv.read_csv(path)
    raw.execute("BEGIN")
    raw.executemany(f"INSERT INTO facts_fact VALUES ({marks})", rows)
    raw.execute("COMMIT")
    spent = time.process_time() - start
    raw.close()
    return spent


if __name__ == "__main__":
    main()
