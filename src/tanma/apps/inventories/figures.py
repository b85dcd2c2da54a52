"""Accounts as figures: totals, scopes, sources and months of one edition, all sums of integers.

A sum with a missing line is missing; nothing is filled in. Totals carry the edition's own names.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

from tanma.apps.inventories.frozen import Frozen, Row
from tanma.apps.rules import door as rules
from tanma.domain.factors.lookup import grid_place
from tanma.domain.factors.tables import EVIDENCE_ORDER, factor_rows, number
from tanma.domain.items import Item
from tanma.domain.items import items as catalogue
from tanma.domain.methods import BoundLine, Edition, LineDef, TotalDef, activity_of, bind
from tanma.domain.quantities import described, find
from tanma.domain.reference.regions import regions
from tanma.engine.accounts import CODE, MARKET, STATUTORY, column_of

GRID_FACTOR = "grid_tco2_per_mwh"
TOTALS = {
    "code_net": CODE,
    "code_gross": CODE,
    "code_neutral": CODE,
    "statutory": STATUTORY,
    "location_based": STATUTORY,
    "market_based": STATUTORY,
    "carbon_market": MARKET,
}
"""Every emission total and the edition that defines it, in the order of the page."""
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class FactorUsed:
    """A factor of a line as it was frozen: the digits with unit, the choice, the table row."""

    name: str
    unit: str
    text: str | None
    choice: str
    row_id: str
    evidence: str
    data_year: int | None


@dataclass(frozen=True)
class Entry:
    """One frozen line as an edition reads it: amount × factors = posted count of its quantum."""

    line: LineDef
    bound: BoundLine
    month: date
    amount: int | None
    source: str
    split: bool
    seq: int
    posted: int | None
    factors: tuple[FactorUsed, ...]

    @property
    def item(self) -> Item:
        return catalogue()[self.bound.item]

    @property
    def key(self) -> tuple[str, str]:
        """The source of emission: line of the edition and item."""
        return (self.line.id, self.bound.item)

    def at(self, factor: str, value: float) -> int | None:
        """The line posted again with one factor replaced; unchanged where it has no such factor."""
        if factor not in self.bound.factors:
            return self.posted
        values = {f.name: None if f.text is None else float(f.text) for f in self.factors}
        scale = 10.0**self.item.scale
        amount = None if self.amount is None else self.amount / scale
        activity = activity_of(self.bound.formula)
        return find(self.bound.formula).posted({**values, activity: amount, factor: value})


@dataclass(frozen=True)
class Account:
    """What one edition counts for one enterprise in one run."""

    edition: Edition
    entries: tuple[Entry, ...]

    @cached_property
    def _weights(self) -> dict[tuple[str, str], int]:
        return {(line, total): weight for line, total, weight in self.edition.membership()}

    def total_def(self, total: str) -> TotalDef:
        return next(t for t in self.edition.totals if t.id == total)

    def counted(self, total: str) -> list[tuple[Entry, int]]:
        """The entries of a total with their sign; what cancels does not appear."""
        weighted = ((e, self._weights.get((e.line.id, total), 0)) for e in self.entries)
        return [(entry, weight) for entry, weight in weighted if weight]

    def total(self, total: str) -> int | None:
        """The posted total; missing with any line, or without any unless the edition means 0."""
        counted = self.counted(total)
        if not counted:
            return 0 if self.empty_is_zero(total) else None
        return added(signed(entry, weight) for entry, weight in counted)

    def empty_is_zero(self, total: str) -> bool:
        """A sum of parts that are each 0 when empty is 0 as well."""
        made = self.total_def(total)
        parts = made.of or {}
        return all(map(self.empty_is_zero, parts)) if parts else made.empty == "zero"

    def missing(self, total: str) -> int:
        """How many lines of a total have no posted value."""
        return sum(entry.posted is None for entry, _ in self.counted(total))

    def by(self, total: str, key: Callable[[Entry], K]) -> dict[K, int | None]:
        """A total split by something its entries have; the parts add up to it exactly."""
        parts: dict[K, list[int | None]] = {}
        for entry, weight in self.counted(total):
            parts.setdefault(key(entry), []).append(signed(entry, weight))
        return {k: added(values) for k, values in parts.items()}

    def sources(self, total: str) -> list[Source]:
        """The emission-source list of a total, the largest first."""
        groups: dict[tuple[str, str], list[tuple[Entry, int]]] = {}
        for entry, weight in self.counted(total):
            groups.setdefault(entry.key, []).append((entry, weight))
        whole = self.total(total)
        found = [Source(tuple(e for e, _ in g), g[0][1], whole) for g in groups.values()]
        return sorted(found, key=lambda s: -abs(s.posted or 0))

    def months(self, total: str, months: Sequence[date]) -> list[int | None]:
        """A total month by month."""
        parts = self.by(total, lambda entry: entry.month)
        return [parts.get(month) for month in months]

    def months_at(self, total: str, months: Sequence[date], grid: float) -> list[int | None]:
        """The same with one grid factor for all months, so that only the activity moves."""
        parts: dict[date, list[int | None]] = {}
        for entry, weight in self.counted(total):
            again = entry.at(GRID_FACTOR, grid)
            parts.setdefault(entry.month, []).append(None if again is None else weight * again)
        return [added(parts[month]) if month in parts else None for month in months]


@dataclass(frozen=True)
class Source:
    """One emission source over the period: line × item, its months added up."""

    entries: tuple[Entry, ...]
    weight: int
    whole: int | None

    @property
    def first(self) -> Entry:
        return self.entries[0]

    @property
    def item(self) -> Item:
        return self.first.item

    @property
    def amount(self) -> int | None:
        return added(entry.amount for entry in self.entries)

    @property
    def posted(self) -> int | None:
        return added(signed(entry, self.weight) for entry in self.entries)

    @property
    def share(self) -> Fraction | None:
        return share(self.posted, self.whole)

    @property
    def factors(self) -> dict[str, list[FactorUsed]]:
        """Factor name → its distinct frozen values."""
        found: dict[str, dict[tuple[str | None, str], FactorUsed]] = {}
        for entry in self.entries:
            for used in entry.factors:
                found.setdefault(used.name, {})[used.text, used.row_id] = used
        return {name: list(values.values()) for name, values in found.items()}

    @property
    def evidence(self) -> str:
        """The weakest mark of its factors; empty when all were measured or are missing."""
        marks = {used.evidence for entry in self.entries for used in entry.factors}
        return next((mark for mark in EVIDENCE_ORDER if mark in marks), "")


def account(frozen: Frozen, edition_id: str) -> Account:
    """An edition over the frozen lines of an enterprise."""
    made = frozen.edition(edition_id)
    rows: dict[str, list[Row]] = {}
    for row in frozen.lines:
        rows.setdefault(row["item"], []).append(row)
    units = {item: catalogue()[item].unit for item in rows}
    lines = bind(made, units, {"province": frozen.files.meta["grid_region"]}).lines
    entries = (_entry(frozen, made, line, row) for line in lines for row in rows[line.item])
    return Account(made, tuple(entries))


def _entry(frozen: Frozen, made: Edition, bound: BoundLine, row: Row) -> Entry:
    taken = frozen.factor(bound.preferences, row["item"], row["month"], row["measured"])
    return Entry(
        line=made.line(bound.line_id),
        bound=bound,
        month=row["month"],
        amount=row["value"],
        source=row["source"],
        split=bool(row["split"]),
        seq=row["seq"],
        posted=row.get(column_of(bound)),
        factors=tuple(_used(name, taken, row["item"]) for name in bound.factors),
    )


def _used(name: str, taken: Row, item: str) -> FactorUsed:
    unit = described(name).unit.replace("{unit}", catalogue()[item].unit)
    return FactorUsed(
        name, unit, taken.get(name), taken.get(f"{name}_choice") or "",
        taken.get(f"{name}_row") or "", taken.get(f"{name}_evidence") or "",
        taken.get(f"{name}_year"),
    )  # fmt: skip


def signed(entry: Entry, weight: int) -> int | None:
    return None if entry.posted is None else weight * entry.posted


def added(values: Iterable[int | None]) -> int | None:
    """The exact sum; missing when any part is."""
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def share(part: int | None, whole: int | None) -> Fraction | None:
    """The exact share of a whole; none of nothing."""
    return None if part is None or not whole else Fraction(part, whole)


@dataclass(frozen=True)
class FrozenGrid:
    """The one grid factor that a trend uses, as its edition names it."""

    region: str
    year: str
    value: float
    text: str
    row_id: str
    evidence: str


def frozen_grid(made: Edition, meta: Mapping[str, Any]) -> FrozenGrid | None:
    """The frozen factor of an edition, at the place and level that the run's accounts use.

    It may stand in a table of the region, also one released after the run: a trend is drawn today,
    names its factor and is part of no result. None where the edition freezes nothing or no table
    holds the year.
    """
    if "grid" not in made.frozen:
        return None
    _, kind, _, year = made.frozen["grid"]
    chosen = (str(meta["grid_region"]), str(meta.get("grid_level")))
    region = grid_place(*chosen, date(int(year), 12, 31))
    wanted = {"kind": kind, "region": region, "data_year": year}
    for family, row in factor_rows(rules.library_here().values()):
        if family == "grid" and all(row[name] == value for name, value in wanted.items()):
            text = f"{row['value']} {row['unit']}"
            value = number(row["value"])
            return FrozenGrid(region, year, value, text, row["id"], row["evidence"])
    return None


def region_name(code: str, lang: str) -> str:
    """Name of a province or of a regional grid (which stands in the grid table only)."""
    found = regions().get(code)
    if found is not None:
        return found.name_en if lang == "en" else found.name_zh
    grid = factor_rows(rules.library_here().values())
    names = (r["name_zh"] for f, r in grid if (f, r["region"]) == ("grid", code))
    return code if lang == "en" else next(names, code)
