"""What the engine runs: one plan per formula over all lines, and the binding of items to lines.

A plan is SQL over one relation with the columns `activity` (DOUBLE, in the item's unit) and one
per factor, named as the formula's parameter. Edition, line, enterprise and month are columns too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tanma.domain.messages import Problem
from tanma.domain.methods.edition import Edition, LeftOut, activity_of
from tanma.domain.quantities import find, inputs

ACTIVITY = "activity"


@dataclass(frozen=True)
class FormulaPlan:
    """One set-based plan: expressions over `activity` and the factor columns."""

    formula: str
    activity: str
    factors: tuple[str, ...]
    decimals: int
    value_sql: str
    posted_sql: str
    flag_sql: str


@dataclass(frozen=True)
class BoundLine:
    """A line of an edition on one item: the key and the expected unit of every factor.

    `preferences` names the order of preference (`domain.factors`) that fills them.
    """

    edition: str
    line_id: str
    item: str
    formula: str
    factors: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]
    preferences: str


@dataclass(frozen=True)
class Binding:
    """An edition on a set of items: lines, items left out with a reason, and items not known."""

    lines: tuple[BoundLine, ...]
    left_out: Mapping[str, LeftOut]
    unmatched: tuple[str, ...]


def formula_plan(formula: str) -> FormulaPlan:
    """The plan of one formula, the same for every edition and every enterprise."""
    quantity, activity = find(formula), activity_of(formula)
    columns = {activity: ACTIVITY}
    factors = tuple(name for name in quantity.inputs() if name != activity)
    return FormulaPlan(
        formula=formula,
        activity=activity,
        factors=factors,
        decimals=quantity.decimals,
        value_sql=quantity.sql(columns).text,
        posted_sql=quantity.posted_sql(columns),
        flag_sql=_flag_sql(formula, factors, columns),
    )


def lines_sql(edition: Edition) -> list[FormulaPlan]:
    """The plans an edition needs: one per formula, not per line."""
    return [formula_plan(formula) for formula in dict.fromkeys(x.formula for x in edition.lines)]


def bind(
    edition: Edition, items: Mapping[str, str], places: Mapping[str, str] | None = None
) -> Binding:
    """The lines of an edition on these items (item → its unit).

    `places` fills placeholders such as {province}; {year} is left for the engine, which knows the
    month of each line. Factor units must equal `units`; `same_unit` compares.
    """
    lines: list[BoundLine] = []
    left_out: dict[str, LeftOut] = {}
    unmatched: list[str] = []
    for item, unit in items.items():
        found = _bound(edition, item, unit, places or {})
        reason = next((e for e in edition.left_out if e.fits(item)), None)
        if found:
            lines.extend(found)
        elif reason:
            left_out[item] = reason
        else:
            unmatched.append(item)
    return Binding(tuple(lines), left_out, tuple(unmatched))


def same_unit(found: str, expected: str) -> bool:
    """Whether a factor's printed unit is the expected one; what it is per (clinker, Al) is text."""
    return _plain_unit(found) == _plain_unit(expected)


def missing_problem(line: BoundLine, factor: str, month: str) -> Problem:
    """The problem of a line whose factor was not found; an 等价 coefficient has its own."""
    code = missing_code(factor)
    key = "/".join(line.factors[factor])
    return Problem(
        code, edition=line.edition, line_id=line.line_id, item=line.item, key=key, month=month
    )


def missing_code(name: str) -> str:
    """The code of a line that lacks this input."""
    if inputs()[name].kind == "activity":
        return "method_activity_missing"
    equivalent = name.startswith("equivalent_")
    return "method_equivalent_missing" if equivalent else "method_factor_missing"


def _flag_sql(formula: str, factors: tuple[str, ...], columns: Mapping[str, str]) -> str:
    """The code of why a line has no posted integer, NULL where it has one."""
    missing = [f"WHEN {ACTIVITY} IS NULL THEN 'method_activity_missing'"]
    missing += [f"WHEN {name} IS NULL THEN '{missing_code(name)}'" for name in factors]
    return f"CASE {' '.join(missing)} ELSE {find(formula).flag_sql(columns)} END"


def _bound(edition: Edition, item: str, unit: str, places: Mapping[str, str]) -> list[BoundLine]:
    bound = []
    for line in edition.lines:
        captures = line.captures(item)
        if captures is not None:
            filled = _Fill({**places, **captures, "item": item})
            factors = {
                name: tuple(part.format_map(filled) for part in key)
                for name, key in line.factors.items()
            }
            units = {name: inputs()[name].unit.replace("{unit}", unit) for name in factors}
            order = line.preferences or edition.preferences
            bound.append(BoundLine(edition.id, line.id, item, line.formula, factors, units, order))
    return bound


class _Fill(dict[str, str]):
    """Fills the placeholders it knows and leaves the others as written."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _plain_unit(unit: str) -> str:
    joined = unit.replace("10^4 Nm3", "10^4m3").replace("10^4Nm3", "10^4m3")
    joined = joined.replace("10^4 m3", "10^4m3").replace("CO2e", "CO2")
    return joined.split(" ")[0]
