"""How an enterprise stands among the others, for itself, where officials are not told.

Who knows the figures of all others of an industry would compute from its average what one or two
members gave for statistics alone. Rows therefore lack it (`engine.untold`); the enterprise and
who holds its consent know its figures alone and read it from the files of the run.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from tanma.apps.codes.models import Result
from tanma.apps.codes.runs import files_of
from tanma.apps.inventories import door as inventories
from tanma.apps.kit.door import statistics_only
from tanma.apps.people.door import Viewer

SQL = """
    SELECT ratio, benchmark, rank, ranked, intensity - gap_to_best FROM read_parquet(?)
    WHERE natural_key = ?"""
FILLED = ("ratio", "benchmark_value", "rank", "rank_of", "best_intensity")


def for_viewer(who: Viewer, rows: Iterable[Result]) -> list[Result]:
    """Results that a viewer may see, with what a row keeps from officials for everybody else."""
    found = list(rows)
    for row in found if not who.office else ():
        if inventories.untold_of(row.run.uid).averages:
            _fill(row)
    return found


def _fill(row: Result) -> None:
    with duckdb.connect(config={"threads": 1}) as con:
        path = str(files_of(row.run).path("results"))
        told = con.execute(SQL, [path, row.natural_key]).fetchone()
    for name, value in zip(FILLED, told or (), strict=bool(told)):
        setattr(row, name, value)


def why_not_compared(row: Result) -> str:
    """Why a row that was graded by a comparison does not show it; "" where it does."""
    return statistics_only() if row.grade is not None and row.ratio is None else ""
