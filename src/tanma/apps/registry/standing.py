"""What publications say of an enterprise, told to the registry by the room that publishes.

Lists of enterprises are filtered and sorted by grade, but grades live above the registry; the room
above registers itself here, as the registry does with `people.set_placement`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet


@dataclass(frozen=True)
class Standing:
    """One enterprise in one publication. Amounts are counts as posted; intensity is for display."""

    period: str = ""
    number: int | None = None
    edition: str = ""
    graded: bool = False
    reason: str = ""
    grade: int | None = None
    level: str | None = None
    data_basis: str = ""
    net_mg: int | None = None
    intensity: float | None = None


NONE = Standing()


class StandingSource(Protocol):
    """What the registry asks of the room above."""

    def of(self, subjects: Iterable[int]) -> dict[int, Standing]:
        """The newest publication's word on some enterprises."""

    def subjects(self, **conditions: Any) -> QuerySet[Any]:
        """Subjects in the newest publication that meet conditions on its rows."""

    def column(self, name: str) -> Any:
        """An expression over the outer row's id: one column of the newest publication."""

    def history(self, subject: int) -> list[Standing]:
        """The published periods of one enterprise, newest first."""


_source: list[StandingSource] = []


def set_standings(source: StandingSource) -> None:
    _source[:] = [source]


def standings() -> StandingSource:
    return _source[0]
