"""What the frozen files of a run hold about one enterprise.

Lines and factors are read with a filter on the natural key, so that a page reads the few rows of
one enterprise and not a region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from tanma.domain.messages import Problem
from tanma.domain.periods import Period, parse
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

    @property
    def run_id(self) -> str:
        return self.files.folder.name.removeprefix("run=")

    @property
    def subject(self) -> int:
        return int(self.result["subject"])

    @cached_property
    def period(self) -> Period:
        return parse(self.files.meta["period"])

    def factor(self, order: str, item: str, month: Any, measured: bool) -> Row:
        """What the parameters of an item took in a month; empty where the item takes none."""
        return self.factors.get((order, item, month, measured), {})


def read(files: RunFiles, subject: int) -> Frozen:
    """The rows of an enterprise; a Problem when the run does not know it."""
    with duckdb.connect(config={"threads": 1}) as con:
        found = _rows(con, files, "results", "subject = ?", subject)
        if not found:
            raise Problem("basis_not_in_run", subject=subject, run=files.folder.name)
        key = found[0]["natural_key"]
        lines = _rows(con, files, "lines", "natural_key = ? ORDER BY item, month", key)
        items = sorted({row["item"] for row in lines})
        used = "natural_key IN ('', ?) AND item IN (SELECT unnest(?::VARCHAR[]))"
        factors = _rows(con, files, "factors", used, key, items)
        told = "natural_key = ? ORDER BY item, month, paper"
        refused = _rows(con, files, "refused", told, key) if "refused" in files.names else []
    by_key = {(f["preference"], f["item"], f["month"], bool(f["natural_key"])): f for f in factors}
    return Frozen(files, found[0], tuple(lines), by_key, tuple(refused))


def _rows(
    con: duckdb.DuckDBPyConnection, files: RunFiles, name: str, condition: str, *values: Any
) -> list[Row]:
    cursor = con.execute(
        f"SELECT * FROM read_parquet(?) WHERE {condition}", [str(files.path(name)), *values]
    )
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
