"""What the frozen files of a run hold about one enterprise.

Lines and factors are read with a filter on the natural key, so that a page reads the few rows of
one enterprise and not a region.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from tanma.domain.messages import Problem
from tanma.domain.methods import Edition
from tanma.domain.periods import Period, parse
from tanma.engine.rules import RuleText, edition_among, rules_of
from tanma.lake.results import Run as RunFiles

Row = dict[str, Any]
FactorKey = tuple[str, str, Any, bool]
"""(order of preference, item, month, measured for this enterprise)"""


@dataclass(frozen=True)
class Frozen:
    """The frozen rows of one enterprise in one run."""

    files: RunFiles
    result: Row
    lines: tuple[Row, ...]
    factors: Mapping[FactorKey, Row]
    refused: tuple[Row, ...] = ()
    """What was reported for it and not used, with the reason."""
    withheld: bool = False
    """Amounts that are for statistics alone were taken out for this reader."""
    kept_back: bool = False
    """So was how it stands among others: their average would tell what is for statistics alone."""

    @property
    def run_id(self) -> str:
        return self.files.folder.name.removeprefix("run=")

    @property
    def subject(self) -> int:
        return int(self.result["subject"])

    @cached_property
    def period(self) -> Period:
        return parse(self.files.meta["period"])

    @cached_property
    def lacking(self) -> Mapping[str, frozenset[str]]:
        """Month (2026-09) → items that were expected and not reported; '' is energy itself."""
        found: dict[str, set[str]] = {}
        for part in filter(None, (self.result.get("missing_months") or "").split(";")):
            item, _, months = part.rpartition(":")
            for month in months.split(","):
                found.setdefault(month, set()).add(item)
        return {month: frozenset(items) for month, items in found.items()}

    @cached_property
    def _rules(self) -> tuple[RuleText, ...]:
        return rules_of(self.files.meta)

    def edition(self, edition_id: str) -> Edition:
        """The edition of an account by which the run was made."""
        return edition_among(edition_id, self._rules)

    def factor(self, order: str, item: str, month: Any, measured: bool) -> Row:
        """What the parameters of an item took in a month; empty where the item takes none."""
        return self.factors.get((order, item, month, measured), {})


def read(files: RunFiles, subject: int) -> Frozen:
    """The rows of an enterprise; a Problem when the run does not know it."""
    return read_all([files], subject)[0]


def read_all(runs: Sequence[RunFiles], subject: int) -> list[Frozen]:
    """The rows of an enterprise in several runs, each file asked once; a Problem as with one."""
    with duckdb.connect(config={"threads": 1}) as con:
        results = _rows(con, runs, "results", "subject = ?", subject)
        for files, found in zip(runs, results, strict=True):
            if not found:
                raise Problem("basis_not_in_run", subject=subject, run=files.folder.name)
        keys = sorted({found[0]["natural_key"] for found in results})
        own = "natural_key IN (SELECT unnest(?::VARCHAR[]))"
        lines = _rows(con, runs, "lines", f"{own} ORDER BY item, month", keys)
        items = sorted({row["item"] for rows in lines for row in rows})
        used = f"(natural_key = '' OR {own}) AND item IN (SELECT unnest(?::VARCHAR[]))"
        factors = _rows(con, runs, "factors", used, keys, items)
        told = f"{own} ORDER BY item, month, paper"
        refused = _rows(con, runs, "refused", told, keys)
    return [
        Frozen(files, row[0], tuple(line), _by_key(taken), tuple(left))
        for files, row, line, taken, left in zip(
            runs, results, lines, factors, refused, strict=True
        )
    ]


def _by_key(factors: list[Row]) -> dict[FactorKey, Row]:
    return {(f["preference"], f["item"], f["month"], bool(f["natural_key"])): f for f in factors}


def _rows(
    con: duckdb.DuckDBPyConnection, runs: Sequence[RunFiles], name: str, condition: str,
    *values: Any,
) -> list[list[Row]]:  # fmt: skip
    """The rows of a table in each of the runs; none where a run has no such table."""
    paths = {str(files.path(name)): n for n, files in enumerate(runs) if name in files.names}
    found: list[list[Row]] = [[] for _ in runs]
    if not paths:
        return found
    cursor = con.execute(
        f"""SELECT * FROM read_parquet(?, filename = 'file_here', union_by_name = true)
            WHERE {condition}""", [list(paths), *values],
    )  # fmt: skip
    names = [column[0] for column in cursor.description or ()]
    for row in cursor.fetchall():
        made = dict(zip(names, row, strict=True))
        found[paths[made.pop("file_here")]].append(made)
    return found
