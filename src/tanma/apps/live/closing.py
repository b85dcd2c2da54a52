"""Which figures of an area's estimated account are not shown, so that none tells one enterprise.

A figure is an item on a day, an item over the month, or a total. Few enterprises stand behind it,
or it is hidden so that none of those follows from the others by subtraction (`engine.disclosure`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

from tanma.apps.live.account import Account, Line
from tanma.engine.disclosure import closed_lines

TOTAL, DIRECT, INDIRECT, COAL = "=total", "=direct", "=indirect", "=coal"
"""Totals; no item is called so."""
Key: TypeAlias = "tuple[str, dt.date | None]"
"""What, and the day; None: the month."""


@dataclass(frozen=True)
class Figure:
    """One figure: how large (mg), and how many enterprises stand behind it."""

    key: Key
    size: int
    enterprises: int


@dataclass(frozen=True)
class Closed:
    """The figures that are not shown; none of an enterprise's own account."""

    keys: frozenset[Key] = frozenset()

    def has(self, what: str, day: dt.date | None = None) -> bool:
        return (what, day) in self.keys


def withheld(found: Account) -> Closed:
    """Of the account of an area."""
    figures = _figures(found)
    out = closed_lines(_lines(found, figures), lambda f: f.enterprises, lambda f: f.size)
    return Closed(frozenset(f.key for f in out))


def _figures(found: Account) -> dict[Key, Figure]:
    """Every figure that a page shows."""
    days = {(d.item, d.day): abs(d.mg or 0) for d in found.days}
    made: dict[Key, Figure] = {
        key: Figure(key, size, found.behind[key]) for key, size in days.items()
    }
    for line in found.lines:
        size = sum(v for (item, _), v in days.items() if item == line.item)
        made[line.item, None] = Figure((line.item, None), size, line.enterprises)
    for what, own in _parts(found).items():
        for day in (None, found.today):
            parts = [made[x.item, day] for x in own if (x.item, day) in made]
            if parts:
                made[what, day] = _over(parts, (what, day))
    return made


def _over(parts: list[Figure], key: Key) -> Figure:
    """A total. At least as many stand behind it as behind its largest part."""
    return Figure(key, sum(p.size for p in parts), max(p.enterprises for p in parts))


def _parts(found: Account) -> dict[str, list[Line]]:
    counted = [x for x in found.lines if x.counts]
    return {
        DIRECT: [x for x in counted if x.direct],
        INDIRECT: [x for x in counted if not x.direct],
        TOTAL: counted,
        COAL: counted,
    }


def _lines(found: Account, figures: dict[Key, Figure]) -> list[list[Figure]]:
    """What adds up: days to their month, items to each total, the two halves to the whole."""
    wanted: list[list[Key]] = [
        [(x.item, None), *((x.item, d.day) for d in found.days if d.item == x.item)]
        for x in found.lines if x.counts
    ]  # fmt: skip
    for day in (None, found.today):
        for what, own in _parts(found).items():
            wanted.append([(what, day), *((x.item, day) for x in own)])
        wanted.append([(TOTAL, day), (DIRECT, day), (INDIRECT, day)])
    wanted += [[(x.item, day)] for x in found.lines for day in (None, found.today)]
    return [[figures[key] for key in line if key in figures] for line in wanted]
