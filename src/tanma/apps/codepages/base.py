"""A result held against the base period of its scheme, beside the grade: the averages that were
published for it, and the path that declines from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from tanma.apps.codes.door import Result, Run, State, files_of
from tanma.apps.inventories import door as inventories
from tanma.apps.rules import door as rules
from tanma.domain.periods import parse
from tanma.domain.rating.base import ToBase, same_months, to_base, years_after
from tanma.domain.rating.scheme import Base as Rule
from tanma.domain.rating.scheme import Scheme

SQL = """
    SELECT benchmark_level, benchmark_key, benchmark, n FROM read_parquet(?)
    WHERE industry = ? AND rated_on = 'main' AND benchmark IS NOT NULL LIMIT 1"""
"""All of an industry are compared with one average, so any row tells it."""


@dataclass(frozen=True)
class Base:
    """The ratios of a result to the base period, and whose averages those are."""

    rule: Rule
    ratios: ToBase
    level: str
    group: str
    n: int

    @property
    def mark(self) -> str:
        return rules.mark_html(self.rule.evidence)


def base_of(result: Result, scheme: Scheme | None) -> Base | None:
    """None where the scheme declares no base, or nothing of it was published for the industry."""
    if scheme is None or scheme.base is None or result.intensity is None:
        return None
    run = _published(result.run.scheme, scheme.base.period)
    if run is None:
        return None
    with duckdb.connect() as con:
        path = str(files_of(run).path("results"))
        rows = con.execute(SQL, [path, result.industry]).fetchall()
    if not rows:
        return None
    level, group, average, n = rows[0]
    if (level, group) in inventories.untold_of(run.uid).averages:
        return None
    years = years_after(scheme.base, result.run.period)
    ratios = to_base(scheme.base, result.intensity, average, years)
    return Base(scheme.base, ratios, level, group, n) if ratios else None


def _published(scheme: str, period: str) -> Run | None:
    """The newest publication in force of the months of a period."""
    end = parse(period).end
    held = Run.objects.filter(state=State.PUBLISHED, scheme=scheme, period_end=end)
    same = (r for r in held.order_by("-number") if same_months(r.period, period))
    return next(same, None)
