"""Checks of a 500,000-row activity file, nothing stored, beside the bare pyarrow read of it.

Prints one JSON line: CPU seconds of both, their ratio and the limit (10). Rows vary in enterprise,
month, item, unit and value; one row in a thousand is wrong, so that the row report has a price too.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv as pacsv
from stdnum.cn import uscc

from tanma.intake.tables import Context, check, read

LIMIT = 10
HEADER = "统一社会信用代码,期间,项目,流向,数量,单位,来源,备注\n"
CARRIERS = [
    ("电力", "购入", "MWh", 3), ("烟煤", "燃烧", "t", 3), ("天然气", "燃烧", "万立方米", 4),
    ("柴油", "燃烧", "kg", 1), ("热力", "购入", "GJ", 2), ("汽油", "燃烧", "t", 3),
]  # fmt: skip


def code(number: int) -> str:
    body = f"91990000MA{number:07d}"
    return body + str(uscc.calc_check_digit(body))


def write(path: Path, rows: int) -> None:
    """An activity file of so many rows: enterprises × months × items."""
    rng = random.Random(20261120)
    months = [f"{2024 + m // 12}-{m % 12 + 1:02d}" for m in range(24)]
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for number in range(rows):
            enterprise, rest = divmod(number, len(months) * len(CARRIERS))
            month, kind = divmod(rest, len(CARRIERS))
            carrier, flow, unit, digits = CARRIERS[kind]
            value = f"{rng.lognormvariate(6, 0.3):.{digits}f}"
            value = "-" + value if number % 1000 == 999 else value
            file.write(
                f"{code(enterprise)},{months[month]},{carrier},{flow},{value},{unit},申报,\n"
            )


def cpu(action: Callable[[], object]) -> float:
    """CPU seconds of all threads, the best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        action()
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "energy.csv"
        write(path, rows)
        context = Context(today=dt.date(2026, 11, 20))
        bare = cpu(lambda: pacsv.read_csv(path))
        whole = cpu(lambda: check(read(path), context))
        counts = check(read(path), context).counts
    assert (rows, rows // 1000) == (counts["rows"], counts["rejected"]), counts
    figure = {
        "bench": "import_checks", "rows": rows, "cpu_s": round(whole, 3),
        "yardstick": "pyarrow.csv.read_csv", "yardstick_cpu_s": round(bare, 3),
        "ratio": round(whole / bare, 2), "limit": LIMIT, "facts": counts["facts"],
    }  # fmt: skip
    print(json.dumps(figure, ensure_ascii=False))


if __name__ == "__main__":
    main()
