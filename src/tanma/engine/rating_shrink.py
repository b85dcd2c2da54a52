"""Small industries that keep part of their own average, where the scheme says so.

The posted pair takes the place of the population's sums; what it was made of stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import duckdb
import pyarrow as pa

from tanma.domain.rating.benchmark import Choice
from tanma.domain.rating.scheme import Population
from tanma.domain.rating.shrink import K_DECIMALS, LOG_SCALE, Spread, blend, k_of

WEIGHT_DECIMALS = 6
COLUMNS: dict[str, pa.DataType] = {
    "shrink_weight": pa.string(), "shrink_k": pa.string(), "own_level": pa.string(),
    "own_key": pa.string(), "own_n": pa.int64(), "own_n_eff": pa.float64(),
}  # fmt: skip
"""What an average was shrunk from; weight and k as text, so that they stand in the digest."""


@dataclass(frozen=True)
class Compared:
    """The pair whose quotient is the average, and what it was shrunk from, if it was."""

    numerator: int
    denominator: int
    shrink_weight: str | None = None
    shrink_k: str | None = None
    own_level: str | None = None
    own_key: str | None = None
    own_n: int | None = None
    own_n_eff: float | None = None


def compared(choice: Choice, k: Fraction | None) -> Compared:
    """The sums of the population, or what a smaller one shrunk toward it gives with k."""
    wide, own = choice.aggregate, choice.own
    if k is None or own is None:
        return Compared(wide.sum_numerator, wide.sum_denominator)
    made = blend(own, wide, k)
    return Compared(
        made.numerator, made.denominator, f"{float(made.weight):.{WEIGHT_DECIMALS}f}",
        f"{float(k):.{K_DECIMALS}f}", own.level, own.key, own.n, float(own.n_eff),
    )  # fmt: skip


def k_by_period(
    con: duckdb.DuckDBPyConnection, rows: str, population: Population
) -> dict[str, Fraction | None]:
    """Period → k, from the members' quotients in industries of the finest level; {} without rule.

    An industry without a sign of ln L (no emission) tells nothing of its spread.
    """
    rule = population.shrink
    if rule is None:
        return {}
    digits = population.levels[0].digits
    found = con.execute(
        f"""SELECT period, count(y), sum(y), sum(y * y) FROM (
            SELECT period, left(grp, {digits}) AS key, CASE WHEN member AND basis = 'main'
            AND industry AND length(grp) >= {digits} AND ew > 0 AND dw > 0
            THEN round(ln(ew::DOUBLE / dw::DOUBLE) * {LOG_SCALE})::HUGEINT END AS y FROM {rows}
        ) GROUP BY period, key ORDER BY period, key"""
    ).fetchall()
    spreads: dict[str, list[Spread]] = {}
    for period, n, total, squares in found:
        spread = spreads.setdefault(period, [])
        if n:
            spread.append(Spread(int(n), int(total), int(squares)))
    return {period: k_of(rule, spread) for period, spread in spreads.items()}


def published(population: Population) -> str:
    """SQL: the further columns of a scheme that shrinks."""
    return "" if population.shrink is None else ", " + ", ".join(COLUMNS)
