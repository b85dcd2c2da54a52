"""The SQL reading: the formula as one DuckDB expression, bit for bit the number reading.

Every literal and column is cast to DOUBLE and every operation bracketed, so that DuckDB carries
out the same binary64 operations in the same order. A zero divisor gives NULL, and is listed in
`divisors` so that a flag can name it.
"""

from __future__ import annotations

from typing import Any, Self

from tanma.domain.quantities.reading import Ratio, Reading


class Sql(Reading):
    """A DuckDB expression and the divisors in it."""

    __slots__ = ("divisors", "text")

    def __init__(self, text: str, divisors: tuple[str, ...] = ()) -> None:
        self.text, self.divisors = text, divisors

    def __str__(self) -> str:
        return self.text

    @classmethod
    def column(cls, expression: str) -> Self:
        """A column, or any expression, read as binary64."""
        return cls(f"CAST({expression} AS DOUBLE)")

    @classmethod
    def of(cls, value: Any) -> Sql:
        """A reading or a number of the formula as an expression."""
        if isinstance(value, Sql):
            return value
        if isinstance(value, Ratio) and value.bottom != 1:
            return cls(f"({_literal(value.top)} / {_literal(value.bottom)})")
        return cls(_literal(value))

    @classmethod
    def binary(cls, operator: str, left: Any, right: Any) -> Self:
        a, b = cls.of(left), cls.of(right)
        divisors = a.divisors + b.divisors
        if operator != "/":
            return cls(f"({a} {operator} {b})", divisors)
        if isinstance(right, Ratio | int | float):  # a number of the formula is never zero
            return cls(f"({a} / {b})", divisors)
        return cls(f"({a} / nullif({b}, {_literal(0)}))", (*divisors, b.text))

    @classmethod
    def compare(cls, operator: str, left: Any, right: Any) -> Self:
        a, b = cls.of(left), cls.of(right)
        return cls(f"({a} {operator} {b})", a.divisors + b.divisors)

    @classmethod
    def smaller(cls, left: Any, right: Any) -> Self:
        # DuckDB's least() skips NULL; a missing side must stay missing.
        a, b = cls.of(left), cls.of(right)
        text = f"(CASE WHEN {a} <= {b} THEN {a} WHEN {b} < {a} THEN {b} END)"
        return cls(text, a.divisors + b.divisors)

    @classmethod
    def choose(cls, condition: Any, chosen: Any, other: Any) -> Self:
        c, a, b = cls.of(condition), cls.of(chosen), cls.of(other)
        known = f"{a} IS NOT NULL AND {b} IS NOT NULL"
        text = f"(CASE WHEN {known} AND {c} THEN {a} WHEN {known} AND NOT {c} THEN {b} END)"
        return cls(text, c.divisors + a.divisors + b.divisors)

    @classmethod
    def total(cls, lines: Any) -> Self:
        return cls(total_sql(cls.of(lines).text)["value"])


def total_sql(column: str, low: str = "NULL", high: str = "NULL") -> dict[str, str]:
    """The aggregates of `total` over a column of posted integers: one expression per field.

    Integers are added as HUGEINT: neither the order of rows nor the number of threads shows.
    """

    def bound(limit: str) -> str:
        return f"CASE WHEN count(*) = count({limit}) THEN sum({limit}) END"

    return {
        "value": bound(column),
        "known": f"coalesce(sum({column}), 0)",
        "missing": f"count(*) - count({column})",
        "low": bound(f"coalesce({column}, {low})"),
        "high": bound(f"coalesce({column}, {high})"),
    }


def _literal(value: float) -> str:
    # Read from text: a bare 0.1 would be a DECIMAL to DuckDB before it is cast.
    return f"CAST('{float(value)!r}' AS DOUBLE)"
