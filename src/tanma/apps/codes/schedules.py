"""Routine evaluations: computed by themselves when a period is over and its data are there.

A schedule names the kind of period, the days to wait after its end, and how complete the data must
be. It computes and stores a run, with counts by grade beside those of the publication before, and
stops there: review, check and publication stay with three persons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import IntegrityError
from django.utils import timezone

from tanma.apps.catalogue import door as catalogue
from tanma.apps.codes.models import Run, Schedule, State
from tanma.apps.codes.runs import SCHEME, compute
from tanma.apps.people.door import SYSTEM, Viewer
from tanma.apps.registry.door import Enterprise
from tanma.domain.periods import Period, month_of, parse, quarter_of

BY = Viewer(name="定时评价", grants=SYSTEM.grants)
MOST_DAYS = 366


@dataclass(frozen=True)
class Next:
    """The period that a schedule looks at next, the day it is due, and whether it is there."""

    period: Period
    due_on: date
    run: Run | None


def make(kind: str, days_after: int, least_percent: int, viewer: Viewer) -> Schedule:
    viewer.require("start_run")
    return Schedule.objects.create(
        kind=kind, days_after=days_after, least_percent=least_percent, made_by=viewer.name
    )


def end(schedule: Schedule, viewer: Viewer) -> None:
    """Stop a schedule; what it computed stays."""
    viewer.require("start_run")
    schedule.ended_by, schedule.ended_at = viewer.name, timezone.now()
    schedule.save(update_fields=["ended_by", "ended_at"])


def active() -> list[Schedule]:
    return list(Schedule.objects.filter(ended_at=None).order_by("made_at", "pk"))


def last_period(kind: str, day: date) -> Period:
    """The last period of a kind that was over on a day."""
    if kind in {"quarter", "rolling"}:
        quarter = quarter_of(day).previous()
        return parse(f"{quarter.text}/r4") if kind == "rolling" else quarter
    if kind == "half":
        return parse(f"{day.year}H{1 if day.month <= 6 else 2}").previous()
    return parse(f"{day.year}").previous()


def next_of(schedule: Schedule, today: date) -> Next:
    """The last period that is over, with its run; the one after it where that is there already."""
    period = last_period(schedule.kind, today)
    found = _run_of(period)
    if found is not None:
        period = period.shifted(3 if schedule.kind == "rolling" else len(period.months))
    return Next(period, period.end + timedelta(days=schedule.days_after), found)


def _run_of(period: Period) -> Run | None:
    """Any run of a period that was not sent back, by whomever: nothing is computed twice."""
    rows = Run.objects.filter(scheme=SCHEME, period=period.text).exclude(state=State.REJECTED)
    return rows.order_by("-created_at").first()


def complete_percent(period: Period) -> float:
    """How many of the active above-scale enterprises owe nothing for its last month [%].

    What came in the twelve months before is asked for: nothing at all is not complete.
    """
    firms = set(
        Enterprise.objects.filter(status="active", size_class="above").values_list("id", flat=True)
    )
    month = month_of(period.end - timedelta(days=1))
    owing = catalogue.missing(month, asked_since=month.year_before().start).keys() & firms
    return 100.0 * (1 - len(owing) / len(firms)) if firms else 0.0


def run_due(today: date) -> Iterator[Run]:
    """Compute every run that is due and whose data are there; what was found is noted."""
    for schedule in active():
        ahead = next_of(schedule, today)
        if ahead.due_on > today:
            continue
        schedule.found_percent = complete_percent(ahead.period)
        schedule.looked_at = timezone.now()
        schedule.save(update_fields=["found_percent", "looked_at"])
        if schedule.found_percent < schedule.least_percent:
            continue
        try:
            yield compute(ahead.period.text, BY, schedule=schedule)
        except IntegrityError:
            continue  # another keeper was faster; its run is there
