"""Which grades moved between a run and the one it is compared with: one join, then the few rows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from tanma.apps.codes.models import Result, Run
from tanma.apps.codes.runs import causes
from tanma.apps.people.door import Viewer, visible


@dataclass(frozen=True)
class Moved:
    """One enterprise whose grade differs, with both results."""

    now: Result
    before: Result

    @property
    def causes(self) -> list[str]:
        return causes(self.before, self.now)

    @property
    def steps(self) -> int | None:
        """Grades worse (positive) or better; None where one side has no grade."""
        if self.now.grade is None or self.before.grade is None:
            return None
        return self.now.grade - self.before.grade


def changed(who: Viewer, run: Run, before: Run) -> QuerySet[Result]:
    """Results of a run whose grade differs from the same enterprise's in another run."""
    old = Result.objects.filter(run=before, subject=OuterRef("subject"))
    rows = visible(who, Result.objects.filter(run=run)).annotate(
        was_id=Subquery(old.values("pk")[:1]), was_grade=Subquery(old.values("grade")[:1])
    )
    differs = Q(grade__lt=F("was_grade")) | Q(grade__gt=F("was_grade"))
    came = Q(grade__isnull=False, was_grade__isnull=True)
    went = Q(grade__isnull=True, was_grade__isnull=False)
    return rows.filter(was_id__isnull=False).filter(differs | came | went)


def moved(who: Viewer, run: Run, before: Run | None) -> list[Moved]:
    """Every grade that moved, in the order of the enterprises' identifiers."""
    if before is None:
        return []
    now = list(changed(who, run, before).order_by("natural_key"))
    subjects = [r.subject for r in now]
    old = {r.subject: r for r in before.results.filter(subject__in=subjects)}
    return [Moved(r, old[r.subject]) for r in now]
