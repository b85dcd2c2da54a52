"""Which publication counts: the newest of a period kind; earlier ones stay readable."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from tanma.apps.codes.models import Result, Run, State
from tanma.apps.inventories import door as inventories

GRADED_ON = "rolling"
"""The published grade rests on rolling four quarters."""


def published(kind: str = GRADED_ON) -> QuerySet[Run]:
    """Publications of a period kind in force, newest period first."""
    return Run.objects.filter(state=State.PUBLISHED, period_kind=kind).order_by(
        "-period_end", "-number"
    )


def number_text(number: int, published: date) -> str:
    """2026-0003: the year of publication and the number in the row of all publications."""
    return f"{published.year}-{number:04d}"


def number_of(run: Run) -> str:
    """2026-0003, or "" for a run that was never published."""
    if run.number is None or run.published_at is None:
        return ""
    return number_text(run.number, timezone.localtime(run.published_at).date())


def latest(kind: str = GRADED_ON) -> Run | None:
    return published(kind).first()


def latest_result(subject: int, kind: str = GRADED_ON) -> Result | None:
    """What the newest publication says of an enterprise."""
    run = latest(kind)
    return Result.objects.filter(run=run, subject=subject).select_related("run").first()


def history(subject: int, kind: str = GRADED_ON, periods: int = 8) -> list[Result]:
    """The last periods of an enterprise, oldest first, each from the publication in force."""
    rows = Result.objects.filter(subject=subject, run__in=published(kind)).select_related("run")
    newest: dict[str, Result] = {}
    for row in rows.order_by("run__period_end", "run__number"):
        newest[row.run.period] = row
    return list(newest.values())[-periods:]


def of_subject(subject: int) -> list[inventories.Publication]:
    """Publications in force that say something of an enterprise, the newest period first."""
    rows = Result.objects.filter(subject=subject, run__state=State.PUBLISHED).select_related("run")
    ordered = sorted(
        (row.run for row in rows),
        key=lambda r: (r.period_end, r.period_kind == GRADED_ON, r.number or 0),
        reverse=True,
    )
    return [
        inventories.Publication(run.uid, run.period, run.number or 0, run.published_at)
        for run in ordered
    ]
