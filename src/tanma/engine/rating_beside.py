"""What stands beside a grade and never replaces it: the robust population, and probabilities.

Both are given as SQL over the working tables of `engine.rating`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.domain.periods import parse
from tanma.domain.rating.base import same_months, to_base, years_after
from tanma.domain.rating.scheme import LABEL, Scheme
from tanma.lake.sql import text

MAD_TO_SIGMA = 1.4826
"""The median absolute deviation of a normal variable times this is its standard deviation."""
POPULATION = ("period", "basis", "benchmark_level", "benchmark_key")
PRIOR_MEMBERS = 30
"""With fewer members their spread says too little to judge an uncertain ratio by it."""
LEAST_WEIGHT = 0.5
"""What a row says of itself never counts less than what its peers make likely."""

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
            FROM ({_placed(scheme, "ew, dw, log_ratio")}) SEMI JOIN {choices} USING ({columns})
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


def _placed(scheme: Scheme, columns: str) -> str:
    """SQL: every member once per population that it belongs to."""
    amounts = f"{columns} FROM members WHERE"
    parts = [
        f"""SELECT period, basis, '{LABEL}' AS benchmark_level, grp AS benchmark_key, {amounts}
        NOT industry"""
    ]
    parts += [
        f"""SELECT period, basis, {text(level.id)}, left(grp, {level.digits}), {amounts}
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


def errors_query(rows: str, choices: str, scheme: Scheme) -> str:
    """Per population in use: the relative variance of its average, from its members' errors.

    Shares are rounded to 10⁻⁹ and added as integers, so that the order of adding changes nothing.
    """
    columns = ", ".join(POPULATION)
    part = "round(dw::DOUBLE / members_denominator::DOUBLE * uncertainty * 1e9)::HUGEINT"
    return f"""WITH members AS (
            SELECT period, basis, grp, industry, dw, uncertainty FROM {rows}
            WHERE member AND basis = 'main' AND grp IS NOT NULL AND uncertainty > 0
        ), populations AS (SELECT DISTINCT {columns}, members_denominator FROM {choices}
        ) SELECT {columns}, sum({part} * {part})::DOUBLE / 1e18 AS population_error
        FROM ({_placed(scheme, "dw, uncertainty")}) JOIN populations USING ({columns})
        GROUP BY ALL"""


def prior_query(rows: str, choices: str) -> str:
    """Per period: the centre of the members' ln K, its variance as observed, and their own noise.

    Medians, which one wild member does not move and which do not depend on the order of rows.
    """
    return f"""SELECT period, median(log_k) AS centre,
            pow({MAD_TO_SIGMA} * mad(log_k), 2) AS observed,
            median(ln(1 + uncertainty * uncertainty)) AS noise
        FROM (SELECT period, uncertainty, ln(ew::DOUBLE * sum_denominator::DOUBLE
                     / (dw::DOUBLE * sum_numerator::DOUBLE)) AS log_k
              FROM {rows} JOIN {choices} USING (period, basis, grp)
              WHERE member AND basis = 'main' AND ew > 0 AND uncertainty > 0)
        GROUP BY period HAVING count(*) >= {PRIOR_MEMBERS}"""


def likely_query(graded: str, errors: str, prior: str, cuts: Sequence[float]) -> str:
    """The graded rows with `probabilities`, one for each grade.

    ln K is taken as normal. Its variance is that of the row's own quotient and of the population's
    average, in which a member's own error is partly undone by itself. Where enough members tell how
    far ratios spread, centre and variance are those given both (normal with normal prior). A shrunk
    average rests on two populations that overlap; its error is not worked out.
    """
    own = "uncertainty * uncertainty"
    share = """CASE WHEN member AND basis = 'main' THEN dw::DOUBLE / members_denominator::DOUBLE
        ELSE 0 END"""
    variance = f"greatest((1 - 2 * {share}) * {own} + coalesce(population_error, 0), 0)"
    spread = "greatest(observed - prior.noise, 0)"
    return f"""WITH uncertain AS (
            SELECT g.*, centre, {spread} AS spread,
            CASE WHEN uncertainty > 0 AND k > 0 AND shrink_weight IS NULL
                THEN ln(1 + {variance}) END AS variance
            FROM {graded} g LEFT JOIN {errors} USING ({", ".join(POPULATION)})
            LEFT JOIN {prior} prior USING (period)
        ), weighed AS (
            SELECT *, CASE WHEN centre IS NULL THEN 1
                ELSE greatest(spread / nullif(spread + variance, 0), {LEAST_WEIGHT})
                END AS own_weight
            FROM uncertain
        ), placed AS (
            SELECT *, own_weight * ln(CASE WHEN variance > 0 THEN k END)
                + (1 - own_weight) * coalesce(centre, 0) AS middle,
            sqrt(own_weight * variance) AS sigma FROM weighed
        ), below AS (SELECT *, {below_cuts("middle", "sigma", cuts)} AS chances FROM placed
        ) SELECT * EXCLUDE (centre, spread, variance, own_weight, middle, sigma, chances),
            list_transform(chances[2:], lambda p, i: p - chances[i]) AS probabilities FROM below"""


def below_cuts(middle: str, sigma: str, cuts: Sequence[float]) -> str:
    """SQL: the probabilities to lie below each cut-off, from 0 to 1, for a normal ln K."""
    logs = ", ".join(f"ln({cut})" for cut in cuts)
    z = f"((c - {middle}) / {sigma})"
    return f"""CASE WHEN {sigma} > 0 THEN
        [0] || list_transform([{logs}], lambda c: {normal_cdf(z)}) || [1] END"""


BASE: dict[str, pa.DataType] = {
    "base_benchmark": pa.float64(), "ratio_frozen": pa.float64(),
    "target_benchmark": pa.float64(), "ratio_pathway": pa.float64(),
}  # fmt: skip
"""The columns that a scheme with a base period adds to a rated table."""


def with_base(rated: pa.Table, scheme: Scheme) -> pa.Table:
    """A rated table with the ratios to the base period, where the scheme declares one.

    The base average is that of the same group in the base period, which stands in the same table.
    A period by a name that is none has no place on the path.
    """
    if (rule := scheme.base) is None:
        return rated
    rows = rated.select(["period", "group", "basis", "benchmark", "intensity"]).to_pylist()
    periods = {row["period"] for row in rows}
    years = {name: years_after(rule, name) for name in periods if _is_period(name)}
    first = min((name for name in years if same_months(name, rule.period)), default=None)
    averages = {
        row["group"]: row["benchmark"]
        for row in rows
        if row["period"] == first and row["basis"] == "main"
    }
    found = [
        to_base(rule, row["intensity"], averages.get(row["group"]), years.get(row["period"], -1.0))
        for row in rows
    ]
    for name, kind in BASE.items():
        values = [None if one is None else getattr(one, name) for one in found]
        rated = rated.append_column(name, pa.array(values, kind))
    return rated


def _is_period(name: str) -> bool:
    """Tables to rate may call their periods anything; a year from the base needs a calendar."""
    try:
        parse(name)
    except Problem:
        return False
    return True
