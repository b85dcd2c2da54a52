"""Table packages as declarations: what a sheet is called, which columns it has, what rows state.

`fields.toml` defines every column once; a file of `packages/` lists the columns of one sheet and
how its rows become facts or readings. A mapping for a foreign file is the same kind of file, with
columns of its own. Unknown keys, columns, items and units are refused with file, line and repair.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from tanma.domain.items import items, sources
from tanma.domain.messages import Problem
from tanma.intake import units

FieldType = Literal[
    "text", "id", "uscc", "certificate", "industry", "area", "choice", "source", "carrier",
    "product", "metered", "unit", "period", "month", "date", "datetime", "moment", "decimal",
    "integer", "number",
]  # fmt: skip
CONVERTED = frozenset({"decimal", "integer", "number"})
"""Types whose cells are numbers: formulas there are refused."""


class _Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    pass


class Field(_Strict, frozen=True):
    """One column: its headers, its type and the help that a template prints."""

    zh: str
    title_en: str
    type: FieldType
    aliases: list[str] = []
    values: dict[str, str] = {}
    help_zh: str = ""
    help_en: str = ""
    most: int = 0
    """Characters that fit where the text is kept; 0: no bound of its own."""
    least: str = ""
    greatest: str = ""
    """Bounds of an integer or a number, both allowed themselves."""
    withdraw: str = ""
    """What a cell says to take back what was stated before; an empty cell says nothing."""


class Subject(_Strict, frozen=True):
    """What a row speaks of: an external identifier in a column, its scheme fixed or in another."""

    column: str
    scheme: str = ""
    scheme_column: str = ""
    within: str = ""
    """Column of the enterprise that gives the identifier: it is unique there, not everywhere."""


class Span(_Strict, frozen=True):
    """When a row holds: a period, one day, or from and to (empty means still valid).

    `always`: what it says of its thing holds without bounds, so that a correction, also one of
    from and to, replaces it; they are only compared.
    """

    period: str = ""
    day: str = ""
    always: bool = False
    from_: str = msgspec.field(default="", name="from")
    to: str = ""


class FactRule(_Strict, frozen=True):
    """How one fact comes out of a row: which item, which column, in which unit."""

    item: str = ""
    item_column: str = ""
    carrier: str = ""
    product: str = ""
    flow: str = ""
    flow_is: str = ""
    value: str = ""
    text: str = ""
    unit: str = ""
    enthalpy: str = ""
    """Column that lets steam be stated in tonnes, kJ/kg."""
    kind: Literal["amount", "cumulative", "stock"] = "amount"
    at: Literal["end", "start", "year_start"] = "end"
    negative: Literal["", "error", "warning"] = ""
    not_positive: Literal["", "warning"] = ""
    compare_history: bool = False

    @property
    def cell(self) -> str:
        """The column that carries what is stated."""
        return self.value or self.text


class Balance(_Strict, frozen=True):
    """Parts that make a whole, value added by income, and the column that may declare it."""

    parts: list[str]
    total: str = ""
    ceiling: str = ""
    """A column that the whole cannot be above: output for value added."""


class ReadingsRule(_Strict, frozen=True):
    """How a row becomes readings of a channel: where the interval lies and what it counts."""

    resolution: str
    zone: str
    channel: list[str] = []
    channel_is: str = ""
    default_quantity: str = ""
    quantity_is: str = ""
    start: str = ""
    end: str = ""
    date: str = ""
    end_date: str = ""
    date_format: str = "%Y-%m-%d"
    end_seconds: str = ""
    zero_seconds_is_day_end: bool = False
    length_seconds: int = 0
    value: str = ""
    unit: str = ""
    unit_is: str = ""
    missing_when_zero: list[str] = []


class Wide(_Strict, frozen=True):
    """Value columns whose header is a local time of day."""

    pattern: str
    stamp: Literal["start", "end"]
    template_step_minutes: int


class Package(_Strict, frozen=True):
    """One kind of sheet."""

    title_zh: str
    title_en: str
    source: str
    data_class: Literal["public", "internal", "statistical_only", "personal"]
    columns: list[str]
    required: list[str]
    key: list[str]
    name: str = ""
    evidence: str = ""
    output: Literal["facts", "readings"] = "facts"
    header: list[str] = []
    subject: Subject | None = None
    span: Span | None = None
    document: str = ""
    past_years: int = 20
    future_years: int = 0
    facts: list[FactRule] = []
    balances: list[Balance] = []
    readings: ReadingsRule | None = None
    wide: Wide | None = None
    fields: dict[str, Field] = {}
    examples: list[dict[str, str]] = []

    @property
    def must_have(self) -> list[str]:
        """Columns that the header must show."""
        return self.header or self.required


def package_names() -> list[str]:
    folder = resources.files(__package__) / "packages"
    return sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml"))


@cache
def packages() -> Mapping[str, Package]:
    """Package name → declaration."""
    return {name: load_package(name) for name in package_names()}


def load_package(name: str | Path) -> Package:
    """The package of that name, or the one declared in a file of your own (a path to a .toml)."""
    if isinstance(name, Path) or name.endswith(".toml"):
        path = Path(name)
        return read_package(path.name, path.read_text(encoding="utf-8"))
    if name not in package_names():
        raise Problem("table_package_unknown", name=name, known=", ".join(package_names()))
    file = resources.files(__package__) / "packages" / f"{name}.toml"
    return read_package(f"{name}.toml", file.read_text(encoding="utf-8"))


@cache
def shared_fields() -> Mapping[str, Field]:
    """Every column of the project, by field name."""
    text = (resources.files(__package__) / "fields.toml").read_text(encoding="utf-8")
    fields: dict[str, Field] = _convert("fields.toml", text, dict[str, Field])
    return fields


def read_package(file: str, text: str) -> Package:
    """One declaration, checked: a wrong one is refused with file, line and what to do."""
    package: Package = _convert(file, text, Package)
    own = {**{c: f for c, f in shared_fields().items() if c in package.columns}, **package.fields}
    package = msgspec.structs.replace(package, name=file.removesuffix(".toml"), fields=own)
    for key, known in _references(package):
        if key not in known:
            line = _line_of(text, f'"{key}"')
            raise Problem("table_package_reference", file=file, line=line, key=key)
    return package


def _convert(file: str, text: str, kind: Any) -> Any:
    try:
        return msgspec.convert(tomllib.loads(text), kind)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        line = _wrong_line(text, str(error))
        raise Problem("table_package_wrong", file=file, line=line, reason=str(error)) from None


def _wrong_line(text: str, reason: str) -> int:
    """The line that an error speaks of: by number, else by a key it quotes, else the first."""
    told = re.search(r"at line (\d+)", reason)
    if told or "at end of document" in reason:
        return int(told[1]) if told else len(text.splitlines())
    quoted = [re.split(r"[.\[\]]+", part.strip("$.")) for part in reason.split("`")[1::2]]
    keys = [key for parts in quoted for key in reversed(parts) if key and not key.isdigit()]
    return next((line for line in (_line_of(text, key) for key in keys) if line), 1)


def _line_of(text: str, part: str) -> int:
    lines = [n for n, line in enumerate(text.splitlines(), start=1) if part in line]
    return lines[0] if lines else 0


def _references(package: Package) -> list[tuple[str, Container[str]]]:
    """Every name that a declaration uses, with the set that must know it."""
    columns = set(package.columns) & set(package.fields)
    used = [*package.columns, *package.required, *package.header, *package.key, package.document]
    if package.subject:
        used += [package.subject.column, package.subject.scheme_column, package.subject.within]
    if package.span:
        used += [package.span.period, package.span.day, package.span.from_, package.span.to]
    for balance in package.balances:
        used += [balance.total, balance.ceiling, *balance.parts]
    for rule in package.facts:
        used += [rule.item_column, rule.carrier, rule.product, rule.flow, rule.cell, rule.unit,
                 rule.enthalpy]  # fmt: skip
    if package.readings:
        r = package.readings
        used += [*r.channel, r.start, r.end, r.date, r.end_date, r.end_seconds, r.value, r.unit]
    names: list[tuple[str, Container[str]]] = [(name, columns) for name in used if name]
    names += [(rule.item, items()) for rule in package.facts if rule.item]
    names += [(package.source, sources())]
    if package.readings and package.readings.unit_is:
        names += [(package.readings.unit_is, units.units())]
    return names
