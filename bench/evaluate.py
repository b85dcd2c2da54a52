"""Evaluate a province: 42,226 enterprises, 12 months, ten activity items a month, all written.

Prints JSON lines: CPU seconds of the whole run (facts as known at T → accounts → ratios → grades →
regional sums → files) beside a scan-and-sum of every column that it reads. Both are measured in the
same child process, so that its peak memory is that of the run and not of the making of the facts.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from tanma.domain.reference.industries import industries
from tanma.engine.evaluate import Plan, run
from tanma.lake.facts import SCHEMA, FactsMirror

ITEMS = (
    "electricity.purchased", "heat.purchased", "fuel.bituminous.burnt", "fuel.natural_gas.burnt",
    "fuel.diesel.burnt", "fuel.lpg.burnt", "fuel.gasoline.burnt", "electricity.pv.generated",
    "electricity.pv.exported", "water.total",
)  # fmt: skip
MONEY = ("economy.value_added", "economy.output_value")
MONTHS = [date(2025 + (9 + m) // 12, (9 + m) % 12 + 1, 1) for m in range(12)]
READ = {
    "stamp": "sum(stamp)", "subject": "sum(subject)", "item": "sum(length(item))",
    "kind": "sum(length(kind))", "valid_from": "sum(valid_from - DATE '2000-01-01')",
    "valid_to": "sum(valid_to - DATE '2000-01-01')", "value": "sum(value)",
    "text": "sum(length(text))", "source": "sum(length(source))", "seq": "sum(seq)",
    "data_class": "sum(length(data_class))", "version": "sum(version)",
}  # fmt: skip


def facts(enterprises: int, seed: int = 1) -> pa.Table:
    """Facts of the province: attributes, areas, monthly items; columns of the mirror."""
    random = np.random.default_rng(seed)
    subjects = np.arange(1, enterprises + 1) * 7919
    codes = [c for c, i in industries().items() if len(c) == 4 and i.section == "C"]
    towns = [f"99{c:02d}{t:02d}" for c in range(90) for t in range(12)]
    parts = [_attributes(subjects, codes, towns, random), _areas(towns)]
    size = random.lognormal(0, 1.3, enterprises)
    intensity = random.lognormal(0, 0.7, enterprises)
    for item in ITEMS + MONEY:
        scale = 1e9 if item in MONEY else 1e8
        factor = 1.0 if item in MONEY else intensity
        base = size * factor * scale * random.uniform(0.2, 1)
        parts += [_month(subjects, item, m, base, random) for m in MONTHS]
    table = pa.concat_tables(parts)
    seq = pa.array(np.arange(1, len(table) + 1))
    return table.set_column(0, "seq", seq).set_column(1, "stamp", seq)


def _rows(count: int, **columns: object) -> pa.Table:
    defaults = {
        "seq": 0, "stamp": 0, "kind": "amount", "value": None, "text": None, "reported": "",
        "source": "grid", "revision": None, "data_class": "internal", "author": "bench",
        "evidence": "", "version": 1, "digest": b"",
    }  # fmt: skip
    arrays = []
    for field in SCHEMA:
        value = columns.get(field.name, defaults.get(field.name))
        if isinstance(value, (np.ndarray, list)):
            arrays.append(pa.array(value, field.type))
        else:
            arrays.append(pa.repeat(pa.scalar(value, field.type), count))
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _month(
    subjects: np.ndarray, item: str, month: date, base: np.ndarray, random: np.random.Generator
) -> pa.Table:
    values = (base * random.uniform(0.8, 1.2, len(base))).astype(np.int64)
    end = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return _rows(
        len(subjects), subject=subjects, item=item, valid_from=month, valid_to=end, value=values
    )


def _attributes(
    subjects: np.ndarray, codes: list[str], towns: list[str], random: np.random.Generator
) -> pa.Table:
    count = len(subjects)
    texts = {
        "id.uscc": [f"U{s:017d}" for s in subjects],
        "name": [f"企业{s}" for s in subjects],
        "industry": list(random.choice(codes, count)),
        "area.statutory": list(random.choice(towns, count)),
        "size_class": ["above"] * count,
    }
    always = {"valid_from": date(2020, 1, 1), "valid_to": date(9999, 12, 31), "kind": "attribute"}
    return pa.concat_tables(
        _rows(count, subject=subjects, item=item, text=text, **always)
        for item, text in texts.items()
    )


def _areas(towns: list[str]) -> pa.Table:
    codes = ["99", *sorted({t[:4] for t in towns}), *towns]
    subjects = np.arange(len(codes)) + 10**12
    always = {"valid_from": date(2020, 1, 1), "valid_to": date(9999, 12, 31), "kind": "attribute"}
    parents = [{2: "", 4: "99", 6: c[:4]}[len(c)] for c in codes]
    return pa.concat_tables(
        [
            _rows(len(codes), subject=subjects, item="id.area", text=codes, **always),
            _rows(
                len(codes), subject=subjects, item="area.parent.statutory", text=parents, **always
            ),
        ]
    )


def cpu(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of a piece of work, all threads of this process."""
    start_cpu, start = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - start_cpu, time.perf_counter() - start


def scan(files: tuple[str, ...]) -> None:
    with duckdb.connect() as con:
        listed = ", ".join(f"'{f}'" for f in files)
        sums = ", ".join(READ.values())
        con.execute(f"SELECT {sums} FROM read_parquet([{listed}])").fetchall()


def prepared(lake: Path, enterprises: int) -> int:
    """A compacted mirror of the province's facts; the number of facts."""
    table = facts(enterprises)
    mirror = FactsMirror(lake)
    mirror.sync(table.slice, len(table))
    mirror.compact()
    return len(table)


def measured(lake: Path, rows: int, enterprises: int) -> dict[str, object]:
    """The figures of the run and of its yardstick; best of three each, taken in turns."""
    mirror = FactsMirror(lake)
    plan = Plan(
        "zhejiang-carbon-efficiency", "2026Q3/r4", mirror.watermark, "2026-11-20", "330000",
        legal_basis="bench",
    )  # fmt: skip
    files = mirror.pin().files
    scans, runs = [], []
    for n in range(3):
        scans.append(cpu(lambda: scan(files)))
        runs.append(cpu(lambda n=n: run(lake, plan, f"bench{n}")))
    (scan_cpu, scan_wall), (run_cpu, run_wall) = min(scans), min(runs)
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "bench": "evaluate", "enterprises": enterprises, "facts": rows,
        "cpu_s": round(run_cpu, 2), "wall_s": round(run_wall, 2),
        "yardstick": "scan-and-sum of every column read", "yardstick_cpu_s": round(scan_cpu, 3),
        "yardstick_wall_s": round(scan_wall, 3), "ratio_cpu": round(run_cpu / scan_cpu, 1),
        "limit_ratio": 30, "peak_rss_gib": round(peak_gib, 2), "limit_gib": 2,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enterprises", type=int, default=42_226)
    count = parser.parse_args().enterprises
    with tempfile.TemporaryDirectory() as folder:
        # two children: what the first leaves in memory does not count in the second
        with ProcessPoolExecutor(1, get_context("spawn")) as child:
            rows = child.submit(prepared, Path(folder), count).result()
        with ProcessPoolExecutor(1, get_context("spawn")) as child:
            figures = child.submit(measured, Path(folder), rows, count).result()
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
