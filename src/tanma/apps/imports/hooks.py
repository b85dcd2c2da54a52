"""What the desk does when files come in or are taken back: it registers itself, as a room above."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa

from tanma.apps.imports.models import Batch
from tanma.apps.people.door import Viewer


class Desk(Protocol):
    """Keeps rows that nobody could place, looks at what came, hears of what is taken back."""

    def keep(self, batch: Batch, waiting: pa.Table) -> None:
        """Facts of a batch whose subjects nobody knows."""

    def after(self, batch: Batch) -> None:
        """The batch is in; it may bring questions for a person."""

    def withdrawn(self, batch: Batch, author: str, evidence: str) -> None:
        """The batch was taken back; what followed from it follows no more."""

    def counts(self, viewer: Viewer) -> dict[str, int]:
        """Open cases by kind, of those that the viewer may see."""
        raise NotImplementedError


_desks: list[Desk] = []


def set_desk(one: Desk) -> None:
    """The desk that hears of every batch from now on."""
    _desks[:] = [one]


def desk() -> Desk:
    return _desks[0]
