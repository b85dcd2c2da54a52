"""The tables are open: engines that are not ours read the same totals from the table itself."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tanma.lake.derived import ActivityDays, Validated
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tanma.lake.upkeep import lake_tables
from tests.lake.reading_model import OCTOBER_US, Clock, table
from tests.lake.test_derived import day, days, intervals

HOME = Path(__file__).parents[2]
SUMS = {"tail": "value", "readings": "value", "validated": "count", "activity_day": "milli"}
"""Tables, and the column of each that is added up."""
Totals = dict[str, list[int]]
"""Rows, sum and greatest channel by table."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with corrections, withdrawals, replaced and compacted partitions."""
    root = tmp_path_factory.mktemp("open")
    lake, settler = Readings(root, Clock()), Settler(root, lambda: OCTOBER_US)
    hours = [*range(30), *range(720, 760)]
    for value in (7, 2**40):
        rows = [(c, h, value + h, None) for c in (1, 5000, 70_000) for h in hours[:: 1 + value % 3]]
        lake.append(table([*rows, (1, 3, None, None)]), writer="a")
        lake.seal()
        settler.settle()
    settler.night()
    for true_to in (1, 2):
        for bucket in (0, 3):
            rows = [(bucket * 4096, n, None if n == 5 else n * true_to) for n in range(96)]
            Validated(root).replace("2026-09", bucket, intervals(*rows), true_to)
    for derived in (1, 2):
        ActivityDays(root).put(days(*(day(c, n, c * n, derived) for c in (1, 2) for n in (1, 31))))
    ActivityDays(root).compact()
    return root


def ours(root: Path) -> Totals:
    totals = {}
    with duckdb.connect() as con:
        for kept in lake_tables(root):
            if kept.name in SUMS:
                files = [f.uri for f in kept.table.files()]
                query = f"SELECT count(*), sum({SUMS[kept.name]}), max(channel) FROM"
                found = con.execute(f"{query} read_parquet({files})").fetchall()[0]
                totals[kept.name] = [int(v) for v in found]
    return totals


def test_the_lake_has_something_to_add_up(root: Path) -> None:
    totals = ours(root)
    assert set(SUMS) == set(totals)
    assert all(total[0] > 3 and total[1] > 0 for total in totals.values())
    assert 4 == totals["activity_day"][0]


def test_polars_reads_the_same_totals(root: Path) -> None:
    found = {}
    for name, column in SUMS.items():
        frame = pl.scan_delta(str(root / name)).select(
            pl.len(), pl.col(column).sum(), pl.col("channel").max()
        )
        found[name] = list(frame.collect().row(0))
    assert ours(root) == found


CHDB = """
    import json, sys
    from chdb import query
    totals = {}
    for name, column in json.loads(sys.argv[2]).items():
        table = f"deltaLakeLocal('{sys.argv[1]}/{name}')"
        found = query(f"SELECT count(), sum({column}), max(channel) FROM {table}", "TSV")
        totals[name] = [int(v) for v in str(found).split()]
    print(json.dumps(totals))
"""


def elsewhere(script: str, *args: str, cwd: Path = HOME, **environment: str) -> Any:
    """The last line that a script prints in a process of its own, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *args],
        capture_output=True, text=True, check=False, cwd=cwd, env=os.environ | environment,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_chdb_reads_the_same_totals(root: Path) -> None:
    """It reads below its working folder only."""
    assert ours(root) == elsewhere(CHDB, str(root), json.dumps(SUMS), cwd=root)


def spark_folder() -> str:
    """PySpark from its lock, installed once beside the environment; skips where Java is missing."""
    if not shutil.which("java"):
        pytest.skip("Spark needs Java, and there is no `java` on the path")
    lock = HOME / "requirements" / "spark.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = Path(sys.prefix) / f"spark-{digest}"
    if not folder.exists():
        part = folder.with_suffix(".part")
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--target",
             str(part), "-r", str(lock)],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"PySpark cannot be installed here: {done.stderr[-300:]}")
        part.rename(folder)
    return str(folder)


SPARK = """
    import json, sys
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as f
    spark = (
        SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "1").getOrCreate()
    )
    totals = {}
    for name, (base, files, column) in json.loads(sys.argv[1]).items():
        frame = spark.read.option("basePath", base).parquet(*files)
        row = frame.agg(f.count("*"), f.sum(column), f.max("channel")).collect()[0]
        totals[name] = [int(v) for v in row]
    print(json.dumps(totals))
"""


@pytest.mark.slow
def test_spark_reads_the_same_totals_from_the_list_of_files(root: Path) -> None:
    folder = spark_folder()
    kept = {k.name: k.table for k in lake_tables(root) if k.name in SUMS}
    asked = {
        name: (str(t.folder), [f.uri for f in t.files()], SUMS[name]) for name, t in kept.items()
    }
    path = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])
    found = elsewhere(SPARK, json.dumps(asked), PYTHONPATH=path, PYSPARK_PYTHON=sys.executable)
    assert ours(root) == found
