"""The data identifiers that are read, from a table with its source card."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from tanma.domain.messages import Problem


@dataclass(frozen=True)
class Identifier:
    """One data identifier: how many bytes its value has and what they mean."""

    identifier: str
    name: str
    name_zh: str
    name_en: str
    kind: str
    unit: str
    item: str
    """What it usually counts; a connection may say otherwise."""
    bytes: int
    decimals: int
    signed: bool
    occurred: bool
    evidence: str
    note: str


@cache
def identifiers() -> Mapping[str, Identifier]:
    """Name → identifier, in the order of the table."""
    text = (resources.files(__package__) / "identifiers.csv").read_text(encoding="utf-8")
    rows = (_row(cells) for cells in csv.DictReader(text.splitlines()))
    return MappingProxyType({row.name: row for row in rows})


@cache
def card() -> dict[str, Any]:
    """The source card of the table."""
    text = (resources.files(__package__) / "identifiers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def find(name: str) -> Identifier:
    """The identifier of that name; a Problem lists the known ones."""
    if name not in identifiers():
        raise Problem("dlt645_identifier", name=name, known=", ".join(identifiers()))
    return identifiers()[name]


def _row(cells: dict[str, str]) -> Identifier:
    numbers = {name: int(cells.pop(name)) for name in ("bytes", "decimals")}
    flags = {name: cells.pop(name) == "yes" for name in ("signed", "occurred")}
    return Identifier(**cells, **numbers, **flags)  # type: ignore[arg-type]
