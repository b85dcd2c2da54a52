"""The desk: rows that nobody could place are kept, until a person says whose they are."""

from __future__ import annotations

import pyarrow as pa

from tanma.apps.imports import files
from tanma.apps.imports.models import Batch, DeskCase, Waiting


def keep(batch: Batch, waiting: pa.Table) -> None:
    """Store the facts of unknown identifiers and open a case for each identifier."""
    if not len(waiting):
        return
    files.write_table(batch, "waiting", waiting)
    rows = waiting.group_by(["subject_scheme", "subject_value"]).aggregate(
        [("row", "count_distinct")]
    )
    for one in rows.to_pylist():
        wanted = {"scheme": one["subject_scheme"] or "", "value": one["subject_value"] or ""}
        open_unknown(batch, one["row_count_distinct"], **wanted)


def open_unknown(batch: Batch, rows: int, *, scheme: str, value: str) -> None:
    case, _ = DeskCase.objects.get_or_create(
        kind=DeskCase.Kind.UNKNOWN, scheme=scheme, value=value, state=DeskCase.State.OPEN
    )
    case.rows += rows
    case.save(update_fields=["rows"])
    Waiting.objects.create(case=case, batch=batch, rows=rows)
