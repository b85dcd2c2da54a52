"""The row report of a batch, put into words when it is read."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.imports import files
from tanma.apps.imports.models import Batch
from tanma.domain.messages import render


def report_table(batch: Batch) -> pa.Table | None:
    """The findings of a batch as columns, whether it was imported or only checked."""
    if batch.checked is not None:
        table: pa.Table = batch.checked.report.table()
        return table
    return files.read_table(batch, "report")


def report_lines(
    batch: Batch, limit: int, *, offset: int = 0, code: str = "", severity: str = ""
) -> list[dict[str, Any]]:
    """Lines of the row report, errors and warnings by row, in Chinese and English."""
    table = filtered(report_table(batch), code, severity)
    if table is None:
        return []
    return [_line(row) for row in table.slice(offset, limit).to_pylist()]


def report_count(batch: Batch) -> int:
    """Lines of the row report."""
    if batch.checked is not None:
        return int(batch.checked.report.table().num_rows)
    return files.count_rows(batch, "report")


def filtered(table: pa.Table | None, code: str, severity: str) -> pa.Table | None:
    for column, wanted in (("code", code), ("severity", severity)):
        if table is not None and wanted:
            table = table.filter(pc.equal(table[column], wanted))
    return table


def _line(row: dict[str, Any]) -> dict[str, Any]:
    params = {**json.loads(row.pop("params") or "{}"), "row": row["row"]}
    words = {
        "zh": f"第 {row['row']} 行：{render(row['code'], 'zh', params)}",
        "en": f"Row {row['row']}: {render(row['code'], 'en', params)}",
    }
    return {**row, **words}


def codes(batch: Batch) -> list[tuple[str, str, int]]:
    """(code, severity, lines) of a report, the most frequent first."""
    table = report_table(batch)
    if table is None:
        return []
    counted = table.group_by(["code", "severity"]).aggregate([([], "count_all")])
    rows = counted.sort_by([("count_all", "descending"), ("code", "ascending")]).to_pylist()
    return [(r["code"], r["severity"], r["count_all"]) for r in rows]
