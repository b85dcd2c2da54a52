"""What stands beside a grade and never replaces it: the robust population, and probabilities.

Both are given as SQL over the working tables of `engine.rating`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tanma.domain.rating.scheme import LABEL, Scheme

MAD_TO_SIGMA = 1.4826
"""The median absolute deviation of a normal variable times this is its standard deviation."""
POPULATION = ("period", "basis", "benchmark_level", "benchmark_key")

# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: the error stays below 1.5e-7,
# which a displayed probability never shows. DuckDB has no erf.
_ERF_P = 0.3275911
_ERF_A = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def robust_query(rows: str, choices: str, scheme: Scheme) -> str:
    """Per population in use: the bounds of its log ratio, and the sums of the members inside."""
    columns = ", ".join(POPULATION)
    reach = float(scheme.robust.mad_z) * MAD_TO_SIGMA
    return f"""WITH members AS (
            SELECT period, basis, grp, industry, ew, dw, {log_ratio("e", "d")} AS log_ratio
            FROM {rows} WHERE member AND basis = 'main' AND grp IS NOT NULL
        ), peers AS (
            FROM ({_placed(scheme)}) SEMI JOIN {choices} USING ({columns})
        ), centres AS (
            SELECT {columns}, median(log_ratio) AS mid, mad(log_ratio) AS spread
            FROM peers GROUP BY ALL
        ), bounds AS (
            SELECT {columns},
            CASE WHEN spread > 0 THEN mid - {reach} * spread ELSE '-infinity' END AS low,
            CASE WHEN spread > 0 THEN mid + {reach} * spread ELSE 'infinity' END AS high
            FROM centres
        ) SELECT {columns}, low::DOUBLE AS low, high::DOUBLE AS high, sum(ew) AS robust_numerator,
            sum(dw) AS robust_denominator FROM peers JOIN bounds USING ({columns})
        WHERE log_ratio IS NULL OR log_ratio BETWEEN low::DOUBLE AND high::DOUBLE GROUP BY ALL"""


def log_ratio(numerator: str, denominator: str) -> str:
    """SQL: the logarithm of a quotient; NULL where there is none."""
    return f"CASE WHEN {numerator} > 0 THEN ln({numerator}::DOUBLE / {denominator}) END"


def _placed(scheme: Scheme) -> str:
    """SQL: every member once per population that it belongs to."""
    amounts = "ew, dw, log_ratio FROM members WHERE"
    parts = [
        f"""SELECT period, basis, '{LABEL}' AS benchmark_level, grp AS benchmark_key, {amounts}
        NOT industry"""
    ]
    parts += [
        f"""SELECT period, basis, '{level.id}', left(grp, {level.digits}), {amounts}
        industry AND length(grp) >= {level.digits}"""
        for level in scheme.population.levels
    ]
    return " UNION ALL ".join(parts)


def normal_cdf(z: str) -> str:
    """SQL: the standard normal distribution function of an expression."""
    t = f"(1 / (1 + {_ERF_P} * abs({z}) / sqrt(2)))"
    polynomial = ""
    for coefficient in reversed(_ERF_A):
        polynomial = f"{t} * ({coefficient}{f' + {polynomial}' if polynomial else ''})"
    return f"(0.5 + sign({z}) * 0.5 * (1 - {polynomial} * exp(-({z}) * ({z}) / 2)))"


def probabilities(ratio: str, uncertainty: str, cuts: Sequence[float]) -> str:
    """SQL: the probability of each grade as a list, for a ratio with relative uncertainty."""
    sigma = f"sqrt(ln(1 + {uncertainty} * {uncertainty}))"
    below = [normal_cdf(f"(ln({cut} / {ratio}) / {sigma})") for cut in cuts]
    edges = ["0", *below, "1"]
    parts = [f"{edges[i + 1]} - {edges[i]}" for i in range(len(cuts) + 1)]
    return f"CASE WHEN {uncertainty} > 0 AND {ratio} > 0 THEN [{', '.join(parts)}] END"
