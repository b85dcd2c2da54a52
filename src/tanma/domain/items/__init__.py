"""The item catalogue: what a fact can be about, in which unit and at which scale.

`items.csv` names every item, `carriers.csv` the energy, materials and products behind them with
the names that people write, `sources.csv` who can say something. The card `items.toml` tells where
the names come from; a table that does not fit it is refused.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeVar

from tanma.domain.messages import Problem

KINDS = frozenset({"amount", "cumulative", "stock", "attribute"})
DATA_CLASSES = frozenset({"public", "internal", "statistical_only", "personal"})


@dataclass(frozen=True)
class Item:
    """One thing a fact can state. `scale` counts decimals of `unit`: 12.5 kWh at 3 is 12500."""

    item: str
    name_zh: str
    name_en: str
    group: str
    kind: str
    unit: str
    scale: int
    carrier: str
    flow: str
    data_class: str
    note: str


@dataclass(frozen=True)
class Carrier:
    """An energy, material or product under the names that people write."""

    carrier: str
    name_zh: str
    name_en: str
    group: str
    aliases: str

    @property
    def names(self) -> list[str]:
        """Every spelling under which the carrier is found, its id and bare id included."""
        bare = self.carrier.partition(".")[2]
        spelled = [self.carrier, bare, self.name_zh, self.name_en, *self.aliases.split("|")]
        return list(dict.fromkeys(s for s in spelled if s))


@dataclass(frozen=True)
class Source:
    """Who said it."""

    source: str
    name_zh: str
    name_en: str
    owner: str


Row = TypeVar("Row", Item, Carrier, Source)


@cache
def items() -> Mapping[str, Item]:
    """Item id → item, in the order of the table."""
    return MappingProxyType(_load(Item, "items.csv"))


@cache
def carriers() -> Mapping[str, Carrier]:
    """Carrier id → carrier with its names."""
    return MappingProxyType(_load(Carrier, "carriers.csv"))


@cache
def sources() -> Mapping[str, Source]:
    """Source id → source."""
    return MappingProxyType(_load(Source, "sources.csv"))


METERED_GROUPS = (
    "electricity", "reactive", "heat", "steam", "gas", "fuel", "water", "state",
)  # fmt: skip
METERED_FLOWS = ("burnt", "transformed", "produced")
"""Groups of what a meter can count or show, and the flows of fuels among it."""


def metered() -> list[Item]:
    """What a channel of a meter can be of, group by group."""
    return [
        i for group in METERED_GROUPS for i in items().values()
        if i.group == group and (group != "fuel" or i.flow in METERED_FLOWS)
    ]  # fmt: skip


@cache
def by_flow() -> Mapping[tuple[str, str], str]:
    """(carrier, flow) → item id."""
    return MappingProxyType({(i.carrier, i.flow): i.item for i in items().values() if i.flow})


@cache
def card() -> dict[str, str]:
    """The source card of the three tables."""
    text = (resources.files(__package__) / "items.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _load(kind: type[Row], file: str) -> dict[str, Row]:
    text = (resources.files(__package__) / file).read_text(encoding="utf-8")
    return read_table(kind, file, text)


def read_table(kind: type[Row], file: str, text: str) -> dict[str, Row]:
    """Rows of one catalogue table by their first column; a wrong table is refused with its line."""
    names = [f.name for f in fields(kind)]
    reader = csv.DictReader(text.splitlines())
    if reader.fieldnames != names:
        found = ", ".join(reader.fieldnames or [])
        raise Problem("items_header", file=file, found=found, expected=", ".join(names))
    rows: dict[str, Row] = {}
    for line, cells in enumerate(reader, start=2):
        row = _row(kind, file, line, cells)
        if cells[names[0]] in rows:
            raise Problem("items_duplicate", file=file, line=line, id=cells[names[0]])
        rows[cells[names[0]]] = row
    return rows


def _row(kind: type[Row], file: str, line: int, cells: dict[str, str]) -> Row:
    typed: dict[str, Any] = dict(cells)
    if kind is Item:
        _check_item(file, line, cells)
        typed["scale"] = int(cells["scale"] or 0)
    return kind(**typed)


def _check_item(file: str, line: int, cells: dict[str, str]) -> None:
    wrong = [
        (cells["kind"] not in KINDS, "kind", KINDS),
        (cells["data_class"] not in DATA_CLASSES, "data_class", DATA_CLASSES),
    ]
    for bad, column, allowed in wrong:
        if bad:
            names = ", ".join(sorted(allowed))
            raise Problem(
                "items_value", file=file, line=line, column=column, value=cells[column],
                allowed=names,
            )  # fmt: skip
    if cells["kind"] != "attribute" and not (cells["unit"] and cells["scale"].isdigit()):
        raise Problem("items_unit", file=file, line=line, id=cells["item"])
