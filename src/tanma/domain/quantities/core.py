"""`@quantity`: a formula written once as a plain function, and the graph its names make.

A parameter names what the formula needs: another quantity, or an input declared in a table. All
readings follow the same graph, so a formula that needs another quantity contains its formula.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tanma.domain import numbers
from tanma.domain.messages import Problem
from tanma.domain.quantities.helpers import Total
from tanma.domain.quantities.sql import Sql
from tanma.domain.quantities.text import Text
from tanma.domain.quantities.units import Units

EVIDENCE = ("confirmed", "recalled", "unconfirmed", "own_rule")
"""confirmed: text or arithmetic seen; recalled: from knowledge; unconfirmed: inferred;
own_rule: Tanma's own stated rule."""

QUANTA = {"mg": ("tCO2", numbers.EMISSION_DECIMALS), "gce": ("tce", numbers.ENERGY_DECIMALS)}
"""quantum → (unit it divides, decimals it is posted with)."""


@dataclass(frozen=True)
class Input:
    """A leaf of the graph: what a formula takes from facts or factor tables."""

    id: str
    kind: str  # activity, factor, or lines (posted integers of many lines)
    unit: str
    symbol: str
    name_zh: str
    name_en: str
    low: float
    high: float

    def name(self, lang: str) -> str:
        return self.name_zh if lang == "zh" else self.name_en


@dataclass(frozen=True)
class Quantity:
    """A formula with its unit, its source and its four readings."""

    id: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    unit: str
    source: str
    clause: str | None
    evidence: str
    symbol: str
    name_zh: str
    name_en: str
    quantum: str | None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def name(self, lang: str) -> str:
        return self.name_zh if lang == "zh" else self.name_en

    @property
    def decimals(self) -> int:
        """Decimals a line of this quantity is posted with."""
        if self.quantum is None:
            raise Problem("quantity_not_posted", quantity=self.id)
        return QUANTA[self.quantum][1]

    def reads(self, given: Container[str] = ()) -> tuple[str, ...]:
        """The names read when `given` ones replace the formulas of those quantities."""
        found: dict[str, None] = {}
        for need in self.needs:
            nested = need in _QUANTITIES and need not in given
            for name in _QUANTITIES[need].reads(given) if nested else (need,):
                found[name] = None
        return tuple(found)

    def inputs(self) -> tuple[str, ...]:
        """The inputs below this quantity, each once, in the order they are needed."""
        return self.reads()

    def number(self, values: Mapping[str, Any]) -> Any:
        """The number: None where anything is missing, a Problem where a divisor is zero.

        A value given under the name of a needed quantity replaces its formula.
        """
        if any(values.get(name) is None for name in self.reads(values)):
            return None
        arguments = {need: _number_of(need, values) for need in self.needs}
        try:
            result = self.function(**arguments)
        except ZeroDivisionError:
            raise Problem(
                "quantity_division_by_zero", quantity=self.id, values=_listed(arguments)
            ) from None
        return result if isinstance(result, Total) else float(result)

    def posted(self, values: Mapping[str, Any]) -> int | None:
        """The number as an int64 count of its quantum, half to even."""
        number = self.number(values)
        if number is None:
            return None
        if not math.fabs(number * 10.0**self.decimals) < numbers.INT64_LIMIT:
            raise Problem("quantity_out_of_range", quantity=self.id, value=number, unit=self.unit)
        return numbers.post(number, self.decimals)

    def written(self) -> str:
        """The formula as written, in symbols."""
        return str(self.function(**{need: Text(symbol(need)) for need in self.needs}))

    def with_values(self, values: Mapping[str, Any]) -> str:
        """The formula with the values of what it needs put in."""
        return str(self.function(**{need: Text.of(values.get(need)) for need in self.needs}))

    def sql(self, columns: Mapping[str, str] | None = None) -> Sql:
        """The formula as a DuckDB expression over `columns` (input → expression; default its id).

        NULL where an input is missing or a divisor is zero; see `flag_sql`.
        """
        return Sql.of(self.function(**{need: _sql_of(need, columns or {}) for need in self.needs}))

    def posted_sql(self, columns: Mapping[str, str] | None = None) -> str:
        """The posted integer as a BIGINT expression; NULL where it does not fit."""
        return numbers.post_sql(self.sql(columns).text, self.decimals)

    def flag_sql(self, columns: Mapping[str, str] | None = None) -> str:
        """A code of the message catalogue where a value exists but cannot be posted, else NULL."""
        sql, given = self.sql(columns), columns or {}
        missing = " OR ".join(f"{given.get(name, name)} IS NULL" for name in self.reads(given))
        zero = " OR ".join(f"{divisor} = 0" for divisor in sql.divisors)
        cases = f"WHEN {missing} THEN NULL "
        cases += f"WHEN {zero} THEN 'quantity_division_by_zero' " if zero else ""
        if self.quantum:
            fits = _fits(sql.text, self.decimals)
            cases += f"WHEN NOT ({fits}) THEN 'quantity_out_of_range' "
        return f"CAST(CASE {cases}END AS VARCHAR)"

    def measured(self, values: Mapping[str, Any], item_unit: str = "t") -> Units:
        """The formula with pint quantities, each input in its declared unit."""
        return Units.of(
            self.function(**{need: _units_of(need, values, item_unit) for need in self.needs})
        )


_QUANTITIES: dict[str, Quantity] = {}
_INPUTS: dict[str, Input] = {}


def declare(declared: Input) -> None:
    """Add an input to the registry; an id names one thing only."""
    _refuse_twice(declared.id)
    _INPUTS[declared.id] = declared


def quantity(
    *,
    unit: str,
    source: str,
    evidence: str,
    symbol: str,
    name_zh: str,
    name_en: str,
    clause: str | None = None,
    quantum: str | None = None,
) -> Callable[[Callable[..., Any]], Quantity]:
    """Register a plain function as a quantity; its parameter names are what it needs."""

    def register(function: Callable[..., Any]) -> Quantity:
        name = function.__name__
        _refuse_twice(name)
        needs = tuple(inspect.signature(function).parameters)
        _check(name, needs, clause, evidence, unit, quantum)
        made = Quantity(
            name, function, needs, unit, source, clause, evidence, symbol, name_zh, name_en, quantum
        )
        _QUANTITIES[name] = made
        return made

    return register


def quantities() -> Mapping[str, Quantity]:
    """Every registered quantity by id."""
    return _QUANTITIES


def inputs() -> Mapping[str, Input]:
    """Every declared input by id."""
    return _INPUTS


def find(name: str) -> Quantity:
    """The quantity of that id; a Problem lists the known ones."""
    if name not in _QUANTITIES:
        raise Problem("quantity_unknown", quantity=name, known=", ".join(sorted(_QUANTITIES)))
    return _QUANTITIES[name]


def described(name: str) -> Quantity | Input:
    """The quantity or input a parameter names."""
    return _QUANTITIES[name] if name in _QUANTITIES else _INPUTS[name]


def symbol(name: str) -> str:
    """The symbol a name is written with."""
    return described(name).symbol


def below(name: str) -> Iterator[Quantity]:
    """The quantity and those it needs, deepest last."""
    found = find(name)
    yield found
    for need in found.needs:
        if need in _QUANTITIES:
            yield from below(need)


def _refuse_twice(name: str) -> None:
    if name in _QUANTITIES or name in _INPUTS:
        raise Problem("quantity_twice", quantity=name)


def _check(
    name: str,
    needs: tuple[str, ...],
    clause: str | None,
    evidence: str,
    unit: str,
    quantum: str | None,
) -> None:
    for need in needs:
        if need not in _QUANTITIES and need not in _INPUTS:
            raise Problem("quantity_input_unknown", quantity=name, parameter=need)
    if evidence not in EVIDENCE or (clause is not None and evidence != "confirmed"):
        raise Problem("quantity_clause_unread", quantity=name, clause=clause, evidence=evidence)
    if quantum is not None and (quantum not in QUANTA or QUANTA[quantum][0] != unit):
        raise Problem("quantity_quantum_wrong", quantity=name, quantum=quantum, unit=unit)


def _number_of(need: str, values: Mapping[str, Any]) -> Any:
    if need in values:
        is_lines = need in _INPUTS and _INPUTS[need].kind == "lines"
        return values[need] if is_lines else float(values[need])
    return _QUANTITIES[need].number(values)


def _sql_of(need: str, columns: Mapping[str, str]) -> Sql:
    if need in _QUANTITIES and need not in columns:
        return _QUANTITIES[need].sql(columns)
    expression = columns.get(need, need)
    # Lines are posted integers and are added as such.
    is_lines = need in _INPUTS and _INPUTS[need].kind == "lines"
    return Sql(expression) if is_lines else Sql.column(expression)


def _units_of(need: str, values: Mapping[str, Any], item_unit: str) -> Units:
    if need in _QUANTITIES and need not in values:
        return _QUANTITIES[need].measured(values, item_unit)
    return Units.of(values[need], described(need).unit, item_unit)


def _fits(value: str, decimals: int) -> str:
    return f"abs({value} * {10**decimals}::DOUBLE) < {numbers.INT64_LIMIT}::DOUBLE"


def _listed(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{symbol(name)} = {Text.of(value)}" for name, value in arguments.items())
