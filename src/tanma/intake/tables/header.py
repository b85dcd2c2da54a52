"""Which package a header belongs to, and which column is which field."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tanma.domain.messages import Problem
from tanma.intake.tables.packages import Package, packages

HEADER_ROWS = 10
"""Titles may stand above the header: it is looked for among so many first rows."""
NEAREST, ONE_COLUMN = 3, 2
"""How many packages are offered where a header is within one column of several."""
LOOKED_AT = 60
"""Headers that are compared letter by letter where nothing fits."""
NEAR = 0.6
"""How much a header must resemble the name of a column to be taken for a slip of the pen."""
_DASHES = re.compile(r"[‐-―−~～至]")


@dataclass(frozen=True)
class Match:
    """A header read as one package: field → position; positions of wide value columns."""

    package: Package
    positions: dict[str, int]
    wide: list[int]
    ignored: list[str]

    @property
    def score(self) -> tuple[int, int]:
        return len(self.positions) + len(self.wide), -len(self.ignored)


@lru_cache(4096)
def fold(text: str) -> str:
    """One form for headers that mean the same: width, blanks, case, dashes and the * of must."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).strip("*＊").lower()
    return _DASHES.sub("-", plain)


def _names(package: Package) -> dict[str, str]:
    """Folded header → field; a field's own name and zh win over aliases of another."""
    names: dict[str, str] = {}
    for field in package.columns:
        spec = package.fields[field]
        names.setdefault(fold(spec.zh), field)
        names.setdefault(fold(field), field)
    for field in package.columns:
        for alias in package.fields[field].aliases:
            names.setdefault(fold(alias), field)
    return names


def match(package: Package, header: Sequence[str]) -> Match:
    """The header as that package reads it, complete or not."""
    names, positions, wide, ignored = _names(package), dict[str, int](), list[int](), list[str]()
    pattern = re.compile(package.wide.pattern) if package.wide else None
    for position, text in enumerate(header):
        field = names.get(fold(text))
        if field and field not in positions:
            positions[field] = position
        elif field:
            first = header[positions[field]]
            raise Problem("header_twice", header=text, other=first, field=package.fields[field].zh)
        elif pattern and pattern.match(text.strip()):
            wide.append(position)
        elif text.strip():
            ignored.append(text)
    return Match(package, positions, wide, ignored)


def missing(found: Match) -> list[str]:
    """Fields that the package cannot do without and the header does not show."""
    package = found.package
    lacking = [f for f in package.must_have if f not in found.positions]
    stated = {rule.cell for rule in package.facts} - set(package.key)
    if not lacking and stated and not stated & set(found.positions):
        lacking = [rule.cell for rule in package.facts[:1]]
    if package.wide and not found.wide:
        lacking.append("00:00")
    return lacking


def misspelt(found: Match, first: int | None = None) -> dict[str, str]:
    """Header that is not read → the name of a column that is missing and that it resembles.

    `first`: how many of the headers that are not read are looked at.
    """
    package = found.package
    names = [package.fields[f].zh for f in package.columns if f not in found.positions]
    near = {text: difflib.get_close_matches(text, names, 1, NEAR) for text in found.ignored[:first]}
    return {text: hits[0] for text, hits in near.items() if hits}


def find(rows: Sequence[Sequence[str]], package: Package | None) -> tuple[int, Match]:
    """(index of the header row, match) among the first rows, or a Problem with the nearest name."""
    candidates = [package] if package else list(packages().values())
    found = [(n, m) for n, row in enumerate(rows[:HEADER_ROWS]) for m in _matches(candidates, row)]
    whole = [(n, m) for n, m in found if not missing(m)]
    if whole:
        return max(whole, key=lambda pair: (pair[1].score, -pair[0]))
    nearest = sorted(found, key=lambda pair: (_likeness(pair[1]), -pair[0]), reverse=True)
    if not nearest or not _likeness(nearest[0][1])[0]:
        raise Problem("header_unknown", header=_sample(rows), known=_titles(candidates))
    row, best = nearest[0]
    least = _likeness(best)[0] - ONE_COLUMN
    near = [m.package.name for n, m in nearest if n == row and _likeness(m)[0] >= least]
    raise _wrong(row, best, rows[row], near[:NEAREST])


def _likeness(found: Match) -> tuple[int, int]:
    """A name that is read counts twice, one that is nearly right once."""
    near = misspelt(found, LOOKED_AT)
    return ONE_COLUMN * (len(found.positions) + len(found.wide)) + len(near), -len(found.ignored)


def _matches(candidates: Iterable[Package], row: Sequence[str]) -> list[Match]:
    matches = []
    for package in candidates:
        try:
            matches.append(match(package, row))
        except Problem:
            if len(list(candidates)) == 1:
                raise
    return matches


def _wrong(row: int, found: Match, header: Sequence[str], near: list[str]) -> Problem:
    """What disagrees, in words and as columns that a page can list."""
    fields, unread = found.package.fields, found.ignored[:LOOKED_AT]
    names = [fields[f].zh if f in fields else f for f in missing(found)]
    lacking = [(n, *difflib.get_close_matches(n, unread, 1, 0.3)) for n in names]
    hints = [f"{pair[1]} → {pair[0]}" for pair in lacking if len(pair) > 1]
    meant = misspelt(found, LOOKED_AT) | {pair[1]: pair[0] for pair in lacking if len(pair) > 1}
    return Problem(
        "header_wrong",
        row=row + 1,
        package=found.package.title_zh,
        package_en=found.package.title_en,
        missing="、".join(names),
        found="、".join(h for h in header if h.strip()),
        nearest="；".join(hints) or "—",
        name=found.package.name,
        near=near,
        lacking=lacking,
        unread=[(text, meant.get(text, "")) for text in unread],
    )


def _sample(rows: Sequence[Sequence[str]]) -> str:
    cells = [c for row in rows[:1] for c in row if c.strip()]
    return "、".join(cells)[:200]


def _titles(candidates: Iterable[Package]) -> str:
    return "、".join(p.title_zh for p in candidates)
