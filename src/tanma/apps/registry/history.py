"""One enterprise through time: its dated attributes, and every version of every fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tanma.apps.facts import door as facts
from tanma.apps.facts.door import Fact
from tanma.apps.people.door import Viewer
from tanma.domain.periods import Period

OPEN_YEAR = 9999
RESTRICTED = {"statistical_only", "personal"}


@dataclass(frozen=True)
class Stretch:
    """What an attribute said from a day until another; `end` is None while it holds."""

    text: str
    start: date
    end: date | None
    fact: Fact


@dataclass(frozen=True)
class Version:
    """One version of a fact; `current` is the one that counts as known at the chosen time."""

    fact: Fact
    current: bool

    @property
    def withdrawn(self) -> bool:
        return self.fact.value is None and self.fact.text is None


def stretches(known: Sequence[Fact], item: str) -> list[Stretch]:
    """An attribute's values one after another: a later start ends the one before."""
    own = sorted((f for f in known if f.item == item), key=lambda f: (f.valid_from, facts.rank(f)))
    by_start = {f.valid_from: f for f in own}
    starts = sorted(by_start)
    found = []
    # without any start the list of ends is longer by one: an attribute nobody ever stated
    for start, following in zip(starts, [*starts[1:], date.max], strict=False):
        fact = by_start[start]
        end = min(fact.valid_to, following)
        found.append(Stretch(fact.text or "", start, None if end.year == OPEN_YEAR else end, fact))
    return _joined(found)


def _joined(found: list[Stretch]) -> list[Stretch]:
    """Neighbours that say the same become one: a repeated statement is not a change."""
    joined: list[Stretch] = []
    for stretch in found:
        last = joined[-1] if joined else None
        if last and last.text == stretch.text and last.end == stretch.start:
            joined[-1] = Stretch(last.text, last.start, stretch.end, last.fact)
        else:
            joined.append(stretch)
    return joined


def readable(rows: Sequence[Fact], viewer: Viewer, subject: int) -> list[Fact]:
    """Without facts given for aggregates only, where the viewer may not see those."""
    if viewer.may("see_statistical", subject):
        return list(rows)
    return [f for f in rows if f.data_class not in RESTRICTED]


def versions(
    rows: Sequence[Fact],
    *,
    known_at: int | None = None,
    item: str = "",
    period: Period | None = None,
) -> list[Version]:
    """Every version received until a time, newest span first, the current one of each marked."""
    known = [f for f in rows if known_at is None or f.stamp <= known_at]
    counted = {f.seq for f in facts.current(known)}
    shown = [f for f in known if (not item or f.item == item) and _inside(f, period)]
    shown.sort(key=lambda f: (f.item, -f.valid_from.toordinal(), f.source, -f.seq))
    return [Version(f, f.seq in counted) for f in shown]


def _inside(fact: Fact, period: Period | None) -> bool:
    return period is None or (fact.valid_from < period.end and fact.valid_to > period.start)
