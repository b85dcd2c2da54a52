"""Which runs a page may open: the publications, told by the room that owns them.

Runs and publications belong to the room above; it registers itself here when the site starts, as
the registry does for placements. Files are read from the lake by run id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from tanma.domain.messages import Problem
from tanma.domain.periods import parse
from tanma.lake.results import Run as RunFiles
from tanma.lake.results import read


@dataclass(frozen=True)
class Publication:
    """One publication that says something of an enterprise."""

    run_id: str
    """As in the lake's folder names: `domain.identity.id_text` of the run."""
    period: str
    number: int
    published_at: datetime | None = None


Publications = Callable[[int], Sequence[Publication]]
"""subject → its publications in force, the newest period first."""
_source: list[Publications] = []


def set_publications(source: Publications) -> None:
    """Register where publications come from; the last registration counts."""
    _source[:] = [source]


def publications(subject: int) -> list[Publication]:
    return list(_source[0](subject)) if _source else []


def files(run_id: str) -> RunFiles:
    """The frozen files of a run; a Problem when there is none of that id."""
    return read(settings.TANMA.lake, run_id)


def newest(subject: int, name: str, period: str = "") -> Publication:
    """The newest publication of a period (of any, when empty); a Problem lists what there is."""
    wanted = parse(period).text if period else ""
    found = publications(subject)
    chosen = next((p for p in found if p.period == wanted or not wanted), None)
    if chosen is None:
        known = ", ".join(dict.fromkeys(p.period for p in found)) or "—"
        raise Problem("basis_no_run", name=name, period=wanted or "—", known=known)
    return chosen
