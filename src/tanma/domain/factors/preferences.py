"""Orders of preference: which value an edition takes for each input of a formula.

An order is a table of steps; the first step that finds a value wins. Steps name where to look
(measured facts, the supplier's certificate, a set in the factor tables), by which rule, and the
choice code that is left on the line. Choosing is not calculating: formulas never see any of it.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from tanma.domain.factors.tables import Row, factor_rows, table
from tanma.domain.messages import Problem

CHOICES = {
    "measured": ("实测", "measured"),
    "supplier": ("供应商证明", "supplier's certificate"),
    "measured_ncv": ("按实测热值折算", "from the measured calorific value"),
    "default": ("缺省值", "default"),
    "latest_published": ("最新公布值", "latest published"),
    "year_before": ("上年或此前最新公布值", "latest published of a year before"),
    "derived_ncv": ("按缺省热值折算", "from the default calorific value"),
    "range_low": ("取值范围下限", "low end of a range"),
    "range_high": ("取值范围上限", "high end of a range"),
    "frozen": ("固定因子（趋势）", "frozen factor (trend)"),
    "missing": ("缺失", "missing"),
}
"""Choice code → how pages name it, Chinese and English."""

FAMILIES = ("fuel", "electricity", "heat", "process")
ORIGINS = ("measured", "supplier", "table")
LEVELS = ("", "province", "region", "national")
RULES = ("in_force", "latest_published", "latest_before")
_TOP = ("id", "title_zh", "title_en", "evidence", "note_zh", "note_en", "based_on", "step")
_STEP = (
    "family",
    "parameter",
    "origin",
    "choice",
    "take",
    "source",
    "set_id",
    "kind",
    "level",
    "rule",
    "over",
    "may_be_empty",
)
_NEEDED = ("family", "parameter", "origin", "take", "choice")
_KIND_NEEDED = ("grid", "power_coal", "process")
"""Tables in which the kind decides the value: a step has to name it."""


@dataclass(frozen=True)
class Step:
    """One line of an order of preference.

    `parameter` is the input of the formula, `take` the parameter of the table or measured item,
    `over` a constant by which the value is divided. `region` and `data_year` pin one grid factor.
    """

    family: str
    parameter: str
    origin: str
    choice: str
    take: str
    source: str = ""
    set_id: str = ""
    kind: str = ""
    level: str = ""
    rule: str = "in_force"
    over: str = ""
    may_be_empty: bool = False
    region: str = ""
    data_year: int = 0


@dataclass(frozen=True)
class Preferences:
    """An edition's order of preference; steps in order of rank."""

    id: str
    title_zh: str
    title_en: str
    evidence: str
    steps: tuple[Step, ...]
    note_zh: str = ""
    note_en: str = ""
    based_on: str = ""
    own: int = 0
    """so many of the steps are its own, the others those of the order it is based on"""

    def upon(self, base: Preferences) -> Preferences:
        """The own steps, and another order for every parameter that they do not mention."""
        mine = self.steps[: self.own]
        mentioned = {s.parameter for s in mine}
        kept = (s for s in base.steps if s.parameter not in mentioned)
        return replace(self, steps=(*mine, *kept))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The inputs of formulas that this order can fill, in order of first mention."""
        return tuple(dict.fromkeys(s.parameter for s in self.steps))

    def families(self, parameter: str) -> tuple[str, ...]:
        """The families of items for which a parameter is looked for."""
        return tuple(dict.fromkeys(s.family for s in self.steps if s.parameter == parameter))


@cache
def preferences(name: str) -> Preferences:
    """An order of preference that comes with the package."""
    folder = resources.files("tanma.domain.factors") / "preferences"
    names = sorted(f.name.removesuffix(".toml") for f in folder.iterdir())
    if name not in names:
        raise Problem("preference_unknown", name=name, allowed=", ".join(names))
    return read_preferences(folder / f"{name}.toml")


def preference_names() -> list[str]:
    """The orders of preference that come with the package."""
    folder = resources.files("tanma.domain.factors") / "preferences"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir())


def read_preferences(file: Traversable) -> Preferences:
    """The order of preference in a file, checked against the factor tables."""
    return order_from(_parse(file), file.name, rows=factor_rows())


def order_from(
    data: Mapping[str, Any], file: str, *, rows: Iterable[tuple[str, Row]] | None,
    where: Callable[[int], str] = "step {}".format,
) -> Preferences:  # fmt: skip
    """An order of preference from its table; `where` names a step, counted from 1, in problems.

    With `based_on` the steps of another order hold for every parameter this one does not mention.
    Steps must find something among `rows` of (family, row); None when that was checked before.
    """
    needed = ("id", "title_zh", "title_en", "evidence", "step")
    _check_keys(file, "top", data, _TOP, needed)
    for key in (k for k in data if k != "step"):
        _check_word(file, "top", key, data[key])
    known = None if rows is None else list(rows)
    listed = data["step"] if isinstance(data["step"], list) else [data["step"]]
    own = [s for n, one in enumerate(listed, 1) for s in _steps(file, where(n), one, known)]
    plain = {key: value for key, value in data.items() if key != "step"}
    made = Preferences(**plain, steps=tuple(own), own=len(own))
    return made.upon(preferences(made.based_on)) if made.based_on else made


def _parse(file: Traversable) -> dict[str, Any]:
    text = file.read_text(encoding="utf-8")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise Problem(
            "preference_unreadable", file=file.name, line=line, reason=str(error)
        ) from None


def _check_keys(
    file: str, where: str, data: Mapping[str, Any], allowed: tuple[str, ...],
    needed: tuple[str, ...],
) -> None:  # fmt: skip
    for key in data:
        if key not in allowed:
            names = ", ".join(allowed)
            raise Problem("preference_key_unknown", file=file, where=where, key=key, allowed=names)
    for key in needed:
        if key not in data:
            raise Problem("preference_key_missing", file=file, where=where, key=key)


def _check_word(file: str, where: str, key: str, value: Any) -> None:
    if not isinstance(value, str):
        told = {"value": value, "allowed": 'a text in quotes, "…"'}
        raise Problem("preference_value_unknown", file=file, where=where, key=key, **told)


def _steps(
    file: str, where: str, data: Any, rows: Sequence[tuple[str, Row]] | None
) -> Iterator[Step]:
    """The steps that one entry stands for: lists of families, sets and kinds are written out."""
    if not isinstance(data, dict):
        told = {"value": data, "allowed": "[[step]]"}
        raise Problem("preference_value_unknown", file=file, where=where, key="step", **told)
    _check_keys(file, where, data, _STEP, _needed(data))
    for key, value in data.items():
        if key != "may_be_empty" or not isinstance(value, bool):
            for word in value if isinstance(value, list) else [value]:
                _check_word(file, where, key, word)
    lists = {k: v for k, v in data.items() if isinstance(v, list)}
    for values in itertools.product(*lists.values()):
        step = Step(**{**data, **dict(zip(lists, values, strict=True))})
        _check_values(file, where, step)
        if step.origin == "table" and not step.may_be_empty and rows is not None:
            _check_finds(file, where, step, rows)
        yield step


def _needed(data: Mapping[str, Any]) -> tuple[str, ...]:
    if data.get("origin") != "table":
        return _NEEDED
    return (
        (*_NEEDED, "source", "kind")
        if data.get("source") in _KIND_NEEDED
        else (
            *_NEEDED,
            "source",
        )
    )


def _check_values(file: str, where: str, step: Step) -> None:
    legal = {
        "family": FAMILIES,
        "origin": ORIGINS,
        "choice": tuple(CHOICES),
        "level": LEVELS,
        "rule": RULES,
        "over": ("", *(r["key"] for r in table("constants").rows)),
    }
    if not re.fullmatch(r"[a-z][a-z0-9_]*", step.parameter):
        # It becomes a column name of the SQL.
        legal["parameter"] = ("a-z", "0-9", "_")
    for key, allowed in legal.items():
        value = getattr(step, key)
        if value not in allowed:
            raise Problem(
                "preference_value_unknown",
                file=file,
                where=where,
                key=key,
                value=value,
                allowed=", ".join(filter(None, allowed)),
            )


def _check_finds(
    file: str, where: str, step: Step, rows: Iterable[tuple[str, Row]]
) -> None:
    if not any(step_matches(step, family, row) for family, row in rows):
        raise Problem(
            "preference_finds_nothing",
            file=file,
            where=where,
            source=step.source,
            take=step.take,
            set_id=step.set_id or "-",
            kind=step.kind or "-",
        )


def step_matches(step: Step, family: str, row: Row) -> bool:
    """Whether a row of a family belongs to what a step names, days and regions aside."""
    wanted = (step.source, step.take, step.set_id)
    same = wanted == (family, row["parameter"], row["set_id"])
    return same and step.kind in ("", row["kind"])


def freeze_grid(order: Preferences, year: int, region: str) -> Preferences:
    """The same order with one grid factor for all lines, for trends; its year and region show.

    The kind stays what the order takes first. A Problem lists what there is when there is none.
    """
    first = next(s for s in order.steps if s.source == "grid")
    pinned = replace(
        first, choice="frozen", rule="frozen", level="frozen", region=region, data_year=year
    )
    rows = [r for f, r in factor_rows() if step_matches(first, f, r)]
    if not any((r["data_year"], r["region"]) == (str(year), region) for r in rows):
        near = ", ".join(f"{r['data_year']} {r['region']}" for r in rows if r["region"] == region)
        raise Problem(
            "factor_frozen_missing", year=year, region=region, kind=first.kind, near=near or "-"
        )
    kept = [s for s in order.steps if s.parameter != first.parameter]
    return replace(order, steps=(pinned, *kept))
