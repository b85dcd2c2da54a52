"""Accounting editions as data: which lines count, by which formula, in which total.

An edition is a TOML file of `editions/`. Unknown or missing keys, formulas that do not fit, unknown
totals and items counted twice in one total are refused with file, line and repair. What an edition
must hold beside the one it follows stands in `successor`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from tanma.domain.factors.preferences import (
    Preferences,
    order_from,
    preference_names,
    preferences,
)
from tanma.domain.factors.tables import Row
from tanma.domain.messages import Problem
from tanma.domain.methods import shared  # registers the formulas
from tanma.domain.quantities import EVIDENCE, find, inputs, quantities

Names = Mapping[str, str]
"""{"zh": …, "en": …}"""

_FILES = resources.files(__package__).joinpath("editions")


@dataclass(frozen=True)
class TotalDef:
    """A total of an edition: over lines that name it, or a sum of other totals (`of`).

    `empty` states what a total without any line means: "missing", or "zero" where nothing declared
    means nothing to count, such as a neutralised amount.
    """

    id: str
    name: Names
    of: Mapping[str, int] = field(default_factory=dict)
    empty: str = "missing"


@dataclass(frozen=True)
class LineDef:
    """A kind of line: the items it takes, its formula and factors, and the totals it enters."""

    id: str
    name: Names
    items: tuple[str, ...]
    without: tuple[str, ...]
    formula: str
    scope: int
    category: str
    totals: Mapping[str, int]
    factors: Mapping[str, tuple[str, ...]]
    preferences: str = ""  # instead of the edition's own

    def captures(self, item: str) -> dict[str, str] | None:
        """What the placeholders of the first fitting pattern hold, None where none fits."""
        if any(_fits(pattern, item) is not None for pattern in self.without):
            return None
        return next((c for p in self.items if (c := _fits(p, item)) is not None), None)


@dataclass(frozen=True)
class LeftOut:
    """Items an edition deliberately does not count, and why."""

    items: tuple[str, ...]
    reason: Names

    def fits(self, item: str) -> bool:
        """Whether an item is one of them."""
        return any(_fits(pattern, item) is not None for pattern in self.items)


@dataclass(frozen=True)
class Derived:
    """A ratio of totals: a registered formula and the total behind each of its inputs."""

    id: str
    formula: str
    inputs: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Edition:
    """A declared account; see docs/explanation/accounting.md. Each is itself alone."""

    id: str
    title: Names
    document: str
    edition: str
    in_force_from: date
    in_force_to: date | None
    dates_evidence: str
    evidence: str
    boundary: Names
    gwp_set: str
    quantum: str
    preferences: str  # the order of preference that fills the factors of its lines
    industries: tuple[str, ...]
    frozen: Mapping[str, tuple[str, ...]]
    totals: tuple[TotalDef, ...]
    lines: tuple[LineDef, ...]
    left_out: tuple[LeftOut, ...]
    derived: tuple[Derived, ...]
    orders: tuple[Preferences, ...] = ()
    """orders of preference of its own, beside those that come with the package"""
    file: str = ""

    def covers(self, industry: str) -> bool:
        """Whether the edition applies to an industry code (an empty list covers all)."""
        return not self.industries or industry.startswith(self.industries)

    def line(self, line_id: str) -> LineDef:
        """The line of that id; a Problem lists the known ones."""
        found = {line.id: line for line in self.lines}
        if line_id not in found:
            raise Problem(
                "edition_line_unknown", edition=self.id, line_id=line_id, known=", ".join(found)
            )
        return found[line_id]

    def order(self, line: LineDef) -> Preferences:
        """The order of preference that fills the factors of a line."""
        name = line.preferences or self.preferences
        return next((o for o in self.orders if o.id == name), None) or preferences(name)

    def membership(self) -> list[tuple[str, str, int]]:
        """(line, total, coefficient) with sums of totals expanded: a total is Σ coefficient × line.

        Lines whose coefficients cancel, such as self-use in the net, do not appear.
        """
        weights = {total.id: self._weights(total.id) for total in self.totals}
        return [
            (line.id, total_id, coefficient)
            for total_id, parts in weights.items()
            for line in self.lines
            if (coefficient := sum(parts.get(t, 0) * sign for t, sign in line.totals.items()))
        ]

    def _weights(self, total_id: str) -> dict[str, int]:
        of = next(total.of for total in self.totals if total.id == total_id)
        if not of:
            return {total_id: 1}
        weights: dict[str, int] = {}
        for part, sign in of.items():
            for base, weight in self._weights(part).items():
                weights[base] = weights.get(base, 0) + sign * weight
        return weights


@cache
def editions() -> Mapping[str, Edition]:
    """Every edition that is shipped, by id."""
    files = sorted((f for f in _FILES.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    loaded = [read_edition(f.read_text(encoding="utf-8"), f.name) for f in files]
    return {edition.id: edition for edition in loaded}


def edition(edition_id: str) -> Edition:
    """The edition of that id; a Problem lists the known ones."""
    known = editions()
    if edition_id not in known:
        raise Problem("edition_unknown", edition=edition_id, known=", ".join(known))
    return known[edition_id]


def _fits(pattern: str, item: str) -> dict[str, str] | None:
    match = _regex(pattern).fullmatch(item)
    return match.groupdict() if match else None


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", pattern)
    named = [f"(?P<{p}>[^.]+)" if i % 2 else re.escape(p) for i, p in enumerate(parts)]
    return re.compile("".join(named))


_EDITION_KEYS: dict[str, tuple[type, bool]] = {
    "id": (str, True),
    "title": (dict, True),
    "document": (str, True),
    "edition": (str, True),
    "in_force_from": (date, True),
    "in_force_to": (date, False),
    "dates_evidence": (str, True),
    "evidence": (str, True),
    "boundary": (dict, True),
    "gwp_set": (str, False),
    "quantum": (str, True),
    "preferences": (str, True),
    "industries": (list, False),
    "frozen": (dict, False),
    "total": (list, True),
    "line": (list, True),
    "left_out": (list, False),
    "derived": (list, False),
    "order": (list, False),
}
_TOTAL_KEYS = {
    "id": (str, True),
    "name": (dict, True),
    "of": (dict, False),
    "empty": (str, False),
}
_LINE_KEYS = {
    "id": (str, True),
    "name": (dict, True),
    "items": (list, True),
    "without": (list, False),
    "formula": (str, True),
    "scope": (int, True),
    "category": (str, True),
    "totals": (dict, True),
    "factors": (dict, True),
    "preferences": (str, False),
}
_LEFT_OUT_KEYS = {"items": (list, True), "reason": (dict, True)}
_DERIVED_KEYS = {"id": (str, True), "formula": (str, True), "inputs": (dict, True)}
_BUILT = ("gwp_set", "industries", "frozen", "total", "line", "left_out", "derived", "order")
_ALLOWED = {
    "evidence": EVIDENCE,
    "dates_evidence": EVIDENCE,
    "quantum": ("mg", "gce"),
    "empty": ("missing", "zero"),
    "scope": (1, 2),
    "category": (
        "fuel", "process", "electricity", "heat", "renewable", "feedstock", "output",
    ),
}
_TEXT_LISTS = ("items", "without", "industries")
_SIGNS = ("of", "totals")
_KEYED = {"factors": None, "frozen": 4}
"""tables of keys into the factor tables, and how many parts a key has where that is fixed"""
_PART = re.compile(r"[^{}]*(\{\w+\}[^{}]*)*")
_INDUSTRY = re.compile(r"[0-9]{1,4}")
_ORDER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class _File:
    """A file being read: where its problems are reported."""

    name: str
    text: str

    def line_of(self, needle: str) -> int:
        """The first line that contains a text, 1 where none does."""
        lines = self.text.splitlines()
        return next((i for i, line in enumerate(lines, 1) if needle in line), 1)

    def problem(self, code: str, needle: str, **params: object) -> Problem:
        return Problem(code, file=self.name, line=self.line_of(needle), **params)

    def wrong(self, key: str, value: object, allowed: str, needle: str = "") -> Problem:
        told = {"key": key, "value": value, "allowed": allowed}
        return self.problem("edition_value_wrong", needle or key, **told)

    def step(self, number: int) -> str:
        """Where a step of an order of preference stands, for problems."""
        lines = enumerate(self.text.splitlines(), 1)
        found = [n for n, line in lines if line.strip().startswith("[[order.step]]")]
        return f"line {found[number - 1]}, step {number}" if number <= len(found) else "order"

    def checked(self, table: Any, keys: Mapping[str, tuple[type, bool]]) -> Any:
        """The table, once its keys, types and allowed words are in order."""
        if not isinstance(table, Mapping):
            raise self.wrong("[[…]]", table, "a table of " + ", ".join(keys), str(table))
        self._check_keys(table, keys)
        for key, words in _ALLOWED.items():
            if key in table and table[key] not in words:
                raise self.wrong(key, table[key], ", ".join(map(str, words)))
        self._check_names(table)
        self._check_signs(table)
        self._check_paths(table)
        for key in _TEXT_LISTS:
            for text in table.get(key, ()):
                self._check_pattern(key, text)
        return table

    def _check_keys(
        self, table: Mapping[str, Any], keys: Mapping[str, tuple[type, bool]]
    ) -> None:
        where = f'"{table["id"]}"' if isinstance(table.get("id"), str) else "[["
        for key in table:
            if key not in keys:
                raise self.problem("edition_key_unknown", key, key=key, allowed=", ".join(keys))
        for key, (kind, needed) in keys.items():
            if key not in table and needed:
                raise self.problem("edition_key_missing", where, key=key)
            if key in table and not isinstance(table[key], kind):
                raise self.wrong(key, table[key], kind.__name__)

    def _check_signs(self, table: Mapping[str, Any]) -> None:
        """Totals are added or deducted; inputs of a ratio name one."""
        for key in _SIGNS:
            for name, sign in table.get(key, {}).items():
                if type(sign) is not int or sign not in (-1, 1):
                    raise self.wrong(key, f"{name} = {sign}", "1, -1")
        for name, total in table.get("inputs", {}).items():
            if not isinstance(total, str):
                raise self.wrong("inputs", f"{name} = {total}", "the id of a total")

    def _check_paths(self, table: Mapping[str, Any]) -> None:
        """Keys into the factor tables are lists of texts with whole placeholders."""
        for key, parts in _KEYED.items():
            for name, path in table.get(key, {}).items():
                whole = isinstance(path, list) and parts in (None, len(path))
                if not whole or not all(isinstance(p, str) and _PART.fullmatch(p) for p in path):
                    raise self.wrong(key, f"{name} = {path}", '["grid", "average", …]', name)

    def _check_pattern(self, key: str, text: Any) -> None:
        if not isinstance(text, str) or (key == "industries" and not _INDUSTRY.fullmatch(text)):
            allowed = "0–9" if key == "industries" else "fuel.{fuel}.burnt"
            raise self.wrong(key, text, allowed, str(text))
        try:
            _regex(text)
        except re.error as error:
            raise self.wrong(key, text, f"{{name}} once each ({error})", text) from None

    def _check_names(self, table: Mapping[str, Any]) -> None:
        for key in ("title", "name", "boundary", "reason"):
            if key not in table:
                continue
            texts = table[key].values()
            if set(table[key]) != {"zh", "en"} or not all(isinstance(t, str) for t in texts):
                raise self.wrong(key, table[key], "{zh, en}")


def read_edition(
    text: str, file_name: str, rows: Iterable[tuple[str, Row]] | None = None
) -> Edition:
    """An edition from the text of its file; a Problem names file, line and repair.

    With `rows`, (family, row) of the factor tables, the steps of its own orders must find some.
    """
    file = _File(file_name, text)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Problem("edition_not_toml", file=file_name, reason=str(error)) from None
    table = file.checked(raw, _EDITION_KEYS)
    made = Edition(
        **{key: table.get(key) for key in _EDITION_KEYS if key not in _BUILT},
        gwp_set=table.get("gwp_set", ""),
        industries=tuple(table.get("industries", ())),
        frozen={k: tuple(v) for k, v in table.get("frozen", {}).items()},
        totals=tuple(TotalDef(**file.checked(t, _TOTAL_KEYS)) for t in table["total"]),
        lines=tuple(_line(file.checked(t, _LINE_KEYS)) for t in table["line"]),
        left_out=tuple(
            LeftOut(tuple(file.checked(t, _LEFT_OUT_KEYS)["items"]), t["reason"])
            for t in table.get("left_out", ())
        ),
        derived=tuple(Derived(**file.checked(t, _DERIVED_KEYS)) for t in table.get("derived", ())),
        orders=_orders(file, table.get("order", ()), rows),
        file=file_name,
    )
    _check_whole(file, made)
    return made


def _orders(
    file: _File, tables: Sequence[Any], rows: Iterable[tuple[str, Row]] | None
) -> tuple[Preferences, ...]:
    """The edition's own orders of preference; their names become parts of columns."""
    known, taken = None if rows is None else list(rows), set(preference_names())
    made: list[Preferences] = []
    first = 0
    for table in tables:
        if not isinstance(table, Mapping):
            raise file.wrong("order", table, "[[order]]")
        order = order_from(table, file.name, rows=known, where=_after(file, first))
        first += len(table["step"])
        if not _ORDER.fullmatch(order.id) or order.id in taken:
            others = ", ".join(sorted(taken))
            raise file.wrong("order", order.id, f"a-z 0-9 -, other than {others}", order.id)
        taken.add(order.id)
        made.append(order)
    return tuple(made)


def _after(file: _File, first: int) -> Callable[[int], str]:
    """Where the steps of an order stand that begin after so many others."""
    return lambda number: file.step(first + number)


def _line(table: Mapping[str, Any]) -> LineDef:
    lists = {"items": tuple(table["items"]), "without": tuple(table.get("without", ()))}
    factors = {name: tuple(key) for name, key in table["factors"].items()}
    return LineDef(**{**table, **lists, "factors": factors})


def _check_whole(file: _File, made: Edition) -> None:
    for group in (made.totals, made.lines, made.derived):
        _check_once(file, [entry.id for entry in group])
    if made.in_force_to and made.in_force_to <= made.in_force_from:
        raise file.problem(
            "edition_value_wrong",
            "in_force_to",
            key="in_force_to",
            value=made.in_force_to,
            allowed=f"> {made.in_force_from}",
        )
    _check_sums(file, made)
    known = {total.id for total in made.totals}
    for owner, named in _named_totals(made):
        for total_id in named:
            if total_id not in known:
                raise file.problem(
                    "edition_total_unknown",
                    f'"{owner}"',
                    owner=owner,
                    total=total_id,
                    known=", ".join(sorted(known)),
                )
    for line in made.lines:
        _check_formula(file, made, line)
    _check_counted_once(file, made)
    _check_references(file, made)


def _check_once(file: _File, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for entry in ids:
        if entry in seen:
            raise file.problem("edition_twice", f'"{entry}"', id=entry)
        seen.add(entry)


def _named_totals(made: Edition) -> Iterator[tuple[str, Iterable[str]]]:
    for total in made.totals:
        yield total.id, total.of
    for line in made.lines:
        yield line.id, line.totals
    for derived in made.derived:
        yield derived.id, derived.inputs.values()


def _check_formula(file: _File, made: Edition, line: LineDef) -> None:
    formula = find(line.formula)
    needed = set(formula.inputs()) - {activity_of(line.formula)}
    if set(line.factors) != needed or formula.quantum != made.quantum:
        raise file.problem(
            "edition_formula_mismatch",
            f'"{line.id}"',
            line_id=line.id,
            formula=line.formula,
            given=", ".join(sorted(line.factors)),
            needed=", ".join(sorted(needed)),
            quantum=formula.quantum,
            expected=made.quantum,
        )


def _check_sums(file: _File, made: Edition) -> None:
    """A total may add up totals that stand before it alone: no sum contains itself."""
    seen: set[str] = set()
    ids = {total.id for total in made.totals}
    for total in made.totals:
        for part in total.of:
            if part in ids and part not in seen:
                raise file.wrong("of", part, f"a total above {total.id}", f'"{total.id}"')
        seen.add(total.id)


def _check_references(file: _File, made: Edition) -> None:
    """What the edition names elsewhere: formulas of ratios, orders of preference, frozen keys."""
    for derived in made.derived:
        _check_derived(file, derived)
    for line in made.lines:
        _check_order(file, made, line)
    for key in made.frozen:
        if key != "grid":
            raise file.wrong("frozen", key, "grid", f"{key} =")


def _check_order(file: _File, made: Edition, line: LineDef) -> None:
    """The order of preference is known, and fills what the formula needs."""
    name = line.preferences or made.preferences
    known = (*preference_names(), *(o.id for o in made.orders))
    if name not in known:
        raise file.wrong("preferences", name, ", ".join(known), f'"{name}"')
    lacking = [f for f in line.factors if f not in made.order(line).parameters]
    if lacking:
        raise file.problem(
            "edition_order_lacks", f'"{line.id}"', line_id=line.id, order=name,
            lacking=", ".join(lacking),
        )  # fmt: skip


def _check_derived(file: _File, derived: Derived) -> None:
    needed = set(find(derived.formula).inputs())
    if set(derived.inputs) != needed:
        raise file.wrong(
            "inputs", ", ".join(derived.inputs) or "-", ", ".join(sorted(needed)),
            f'"{derived.id}"',
        )  # fmt: skip


def _check_counted_once(file: _File, made: Edition) -> None:
    """Two lines of one total may not take the same item: both routes would be summed."""
    seen: list[tuple[str, LineDef, str]] = []
    for line in made.lines:
        for pattern in line.items:
            sample = re.sub(r"\{\w+\}", "any", pattern)
            for total_id in line.totals:
                for other_total, other, other_sample in seen:
                    twice = other_total == total_id and other is not line
                    if twice and (_takes(other, sample) or _takes(line, other_sample)):
                        raise file.problem(
                            "edition_item_twice",
                            f'"{line.id}"',
                            item=pattern,
                            total=total_id,
                            first=other.id,
                            second=line.id,
                        )
                seen.append((total_id, line, sample))


def _takes(line: LineDef, item: str) -> bool:
    return line.captures(item) is not None


def activity_of(formula: str) -> str:
    """The one input of a line formula that takes the item's amount."""
    activities = [name for name in find(formula).inputs() if inputs()[name].kind == "activity"]
    if len(activities) != 1:
        raise Problem(
            "edition_formula_no_line", formula=formula, activities=", ".join(activities) or "-"
        )
    return activities[0]


def line_formulas() -> list[str]:
    """Every registered formula that can serve a line: posted, with one activity."""
    assert shared  # imported for its registrations
    return [
        name
        for name, formula in quantities().items()
        if formula.quantum
        and sum(inputs()[leaf].kind == "activity" for leaf in formula.inputs()) == 1
    ]
