"""Tables that another system hands in: the same doors as the page, without a person at it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile

from tanma.api import schemas
from tanma.api.access import SIGNED_IN, viewer
from tanma.apps.imports import door as imports
from tanma.apps.people import door as people
from tanma.domain.identity import id_from_text

router = Router(tags=["imports"], auth=SIGNED_IN)
LIMIT = Query(100, ge=1, le=1000)
OFFSET = Query(0, ge=0, le=2**31 - 1)


@router.post(
    "imports", response={200: schemas.ImportOut, 202: schemas.ImportOut}, operation_id="hand_in"
)
def hand_in(
    request: HttpRequest, file: File[UploadedFile], package: str = Form(""),
    dry_run: bool = Form(False),
) -> Status[dict[str, Any]]:  # fmt: skip
    """Hand in a table (CSV, XLSX, ODS). 202: still being imported, ask for it again.

    Without `package` the sheet is recognised by its header; `dry_run` checks and imports nothing.
    Good rows are kept, the report tells the others. The same file again changes nothing.
    """
    taken = imports.take(file, viewer(request), package=package, dry_run=dry_run)
    return Status(202 if taken.busy else 200, _import(taken))


@router.get("imports", response=schemas.ImportsOut, operation_id="imports")
def handed_in(request: HttpRequest, limit: int = LIMIT, offset: int = OFFSET) -> dict[str, Any]:
    """Files that the caller may see, the newest first."""
    rows = people.visible(viewer(request), imports.Batch.objects.all())
    chosen = rows.order_by("-created_at", "-id")[offset : offset + limit]
    return {"count": rows.count(), "items": [_import(b) for b in chosen]}


@router.get("imports/{batch}", response=schemas.ImportOut, operation_id="import")
def one(request: HttpRequest, batch: str) -> dict[str, Any]:
    """What became of a file."""
    return _import(_visible(request, batch))


@router.get("imports/{batch}/report", response=schemas.FindingsOut, operation_id="import_report")
def report(
    request: HttpRequest, batch: str, limit: int = LIMIT, offset: int = OFFSET
) -> dict[str, Any]:
    """The row report of a file: row, column, value, what is wrong, what to do."""
    found = _visible(request, batch)
    lines = imports.report_lines(found, limit, offset=offset)
    return {"count": imports.report_count(found), "items": lines}


def _visible(request: HttpRequest, batch: str) -> imports.Batch:
    rows = people.visible(viewer(request), imports.Batch.objects.all())
    found = rows.filter(pk=id_from_text(batch)).first()
    if found is None:
        raise Http404(batch)
    return found


def _import(batch: imports.Batch) -> dict[str, Any]:
    return {
        "uid": batch.uid, "file": batch.file, "package": batch.package, "state": batch.state,
        "repeated": batch.repeated, "rows_read": batch.rows, "rows_taken": batch.good,
        "rows_repeated": batch.repeats, "rows_refused": batch.bad, "rows_at_desk": batch.desk,
        "facts_superseded": batch.superseded, "report_lines": imports.report_count(batch),
        "handed_in_at": batch.created_at, "finished_at": batch.finished_at,
        "problem": batch.problem or None,
    }  # fmt: skip
