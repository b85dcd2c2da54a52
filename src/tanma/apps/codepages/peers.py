"""Where an enterprise stands among those it is compared with: how many at which ratio, no names."""

from __future__ import annotations

import duckdb

from tanma.apps.codes.door import Result, files_of
from tanma.apps.kit.door import DotPlot, dot_plot

LEAST = 10
"""Fewer than so many peers are not drawn: who knows the industry would know whose dot is whose. Our
own choice, stricter than the rule for sums."""
STEP, LAST = 0.1, 2.5
"""Width of a column of dots, and the ratio from which all stand in the last one."""

SQL = """
    SELECT least(floor(ratio / ?), ? - 1)::INTEGER AS place, grade, count(*)
    FROM read_parquet(?)
    WHERE benchmark_key = ? AND benchmark = ? AND grade IS NOT NULL AND ratio IS NOT NULL
    GROUP BY ALL ORDER BY place, grade"""


def peers(result: Result) -> DotPlot | None:
    """The graded enterprises with the same benchmark as dots over their ratio; None with few."""
    if result.ratio is None or not result.benchmark_group:
        return None
    path, columns = str(files_of(result.run).path("results")), round(LAST / STEP)
    with duckdb.connect() as con:
        same = [result.benchmark_group, result.benchmark_value]
        rows = con.execute(SQL, [STEP, columns, path, *same]).fetchall()
    found = [(max(place, 0), grade, count) for place, grade, count in rows]
    if sum(count for *_, count in found) < LEAST:
        return None
    return dot_plot(found, step=STEP, columns=columns, own=result.ratio)
