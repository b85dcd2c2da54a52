"""What the desk does when files come in or are taken back: it registers itself, as a room above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from tanma.apps.imports.meters import Fault
from tanma.apps.imports.models import Batch
from tanma.apps.people.door import Viewer


@dataclass(frozen=True)
class Raised:
    """Questions that a batch brought: (kind in words, how many open), and how many decided."""

    open: list[tuple[str, int]]
    decided: int

    @property
    def any(self) -> bool:
        return bool(self.open or self.decided)


class Desk(Protocol):
    """Keeps rows that nobody could place, looks at what came, hears of what is taken back."""

    def keep(self, batch: Batch, waiting: pa.Table) -> None:
        """Facts of a batch whose subjects nobody knows."""

    def after(self, batch: Batch) -> None:
        """The batch is in; it may bring questions for a person."""

    def withdrawn(self, batch: Batch, author: str, evidence: str) -> None:
        """The batch was taken back; what followed from it follows no more."""

    def raised(self, batch: Batch, viewer: Viewer) -> Raised:
        """Cases that a batch brought, of those that the viewer may see."""
        raise NotImplementedError

    def counts(self, viewer: Viewer) -> dict[str, int]:
        """Open cases by kind, of those that the viewer may see."""
        raise NotImplementedError


_desks: list[Desk] = []


def set_desk(one: Desk) -> None:
    """The desk that hears of every batch from now on."""
    _desks[:] = [one]


def desk() -> Desk:
    return _desks[0]


Judge = Callable[[pa.Table], list[Fault]]
_judges: dict[str, Judge] = {}
_followers: dict[str, Callable[[], object]] = {}


def set_judge(scheme: str, judge: Judge) -> None:
    """Who looks at the facts of good rows about things of a scheme before they go in."""
    _judges[scheme] = judge


def judge(scheme: str) -> Judge | None:
    return _judges.get(scheme)


def set_follower(name: str, project: Callable[[], object]) -> None:
    """Who brings lists of its own up to the facts after a batch went in or was taken back."""
    _followers[name] = project


def follow() -> None:
    """Let every room above bring its lists up."""
    for project in _followers.values():
        project()
