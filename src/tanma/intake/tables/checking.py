"""A sheet judged: good rows as facts or readings, every fault in the row report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tanma.intake.tables import balances, duplicates, facts, readings, slips
from tanma.intake.tables.cells import Context
from tanma.intake.tables.columns import Work, read_columns
from tanma.intake.tables.header import misspelt
from tanma.intake.tables.report import WARNING, Report
from tanma.intake.tables.sheet import Sheet


@dataclass(frozen=True)
class Checked:
    """What a sheet gave: facts or readings of its good rows, and the report on all of them."""

    sheet: Sheet
    facts: pa.Table
    readings: pa.Table
    report: Report
    rejected: NDArray[np.bool_]
    repeated: NDArray[np.bool_]

    @property
    def counts(self) -> dict[str, int]:
        """Rows by fate, and what came out of them."""
        warned = sum(len(f.at) for f in self.report.findings if f.severity == WARNING)
        return {
            "rows": len(self.sheet.rows),
            "good": int((~self.rejected & ~self.repeated).sum()),
            "rejected": int(self.rejected.sum()),
            "repeated": int(self.repeated.sum()),
            "warnings": warned,
            "facts": self.facts.num_rows,
            "readings": self.readings.num_rows,
        }


def check(sheet: Sheet, context: Context) -> Checked:
    """Judge every row: errors leave the row out, warnings keep it, equal repeats count once."""
    work = Work(sheet, context, Report(sheet.rows))
    read_columns(work)
    _tell_misspelt(work)
    if sheet.package.output == "readings":
        return _check_readings(work)
    return _check_facts(work)


def _tell_misspelt(work: Work) -> None:
    """A column that nobody reads, but that was probably meant to be read: told once."""
    none = pa.array([""])
    for header, name in misspelt(work.sheet.grid.match).items():
        case: dict[str, object] = {"field": header, "text": "", "nearest": name}
        at = np.array([0], np.int64)
        work.report.add("header_not_read", WARNING, header, at, none, [case], at)


def _check_facts(work: Work) -> Checked:
    rules = [r for r in work.sheet.package.facts if work.sheet.has(r.cell)]
    stated = [facts.state(work, rule) for rule in rules]
    span = facts.days(work)
    for one in stated:
        slips.check(work, one, span)
    balances.check(work, stated)
    content = [one.content() for one in stated]
    repeated = duplicates.check(work, content, ~work.report.rejected())
    rejected = work.report.rejected()
    keep = ~rejected & ~repeated
    made = facts.build(work, stated, span, keep)
    none = readings.READING_SCHEMA.empty_table()
    return Checked(work.sheet, made, none, work.report, rejected, repeated)


def _check_readings(work: Work) -> Checked:
    series = readings.state(work)
    content = readings.content(series)
    repeated = duplicates.check(work, content, ~work.report.rejected())
    rejected = work.report.rejected()
    made = readings.build(work, series, ~rejected & ~repeated)
    none = facts.FACT_SCHEMA.empty_table()
    return Checked(work.sheet, none, made, work.report, rejected, repeated)
