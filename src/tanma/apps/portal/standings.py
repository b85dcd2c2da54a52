"""The newest publication as the registry's lists ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from tanma.apps.codes import door as codes
from tanma.apps.registry.door import Standing

PERIODS = 12


class PublishedStandings:
    """Reads results of the publication in force; answers empty while there is none."""

    def of(self, subjects: Iterable[int]) -> dict[int, Standing]:
        rows = codes.Result.objects.filter(run=codes.latest(), subject__in=list(subjects))
        return {r.subject: standing(r) for r in rows.select_related("run")}

    def subjects(self, **conditions: Any) -> QuerySet[Any]:
        rows = codes.Result.objects.filter(run=codes.latest(), **conditions)
        return rows.values("subject")

    def column(self, name: str) -> Subquery:
        rows = codes.Result.objects.filter(
            run=codes.latest(), subject=OuterRef("id"), status="graded"
        )
        return Subquery(rows.values(name)[:1])

    def history(self, subject: int) -> list[Standing]:
        return [standing(r) for r in reversed(codes.history(subject, periods=PERIODS))]


def standing(result: codes.Result) -> Standing:
    """A result without a code tells no amount: its sum may lack months."""
    graded = result.status == "graded"
    return Standing(
        period=result.run.period, number=result.run.number,
        edition=result.run.edition, graded=graded,
        reason=str(codes.REASONS.get(result.reason, result.reason)),
        grade=result.grade, level=result.level or None,
        data_basis=result.data_basis, net_mg=result.net_mg if graded else None,
        intensity=result.intensity if graded else None,
    )  # fmt: skip
