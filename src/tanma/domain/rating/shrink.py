"""An industry too small to stand alone keeps part of its own average: docs/design/rating.md.

log B = w · log B_own + (1 − w) · log B_wide with w = n_eff ÷ (n_eff + k), k the variance of ln L
inside industries over that between them. Own proposal: no published rule was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

from tanma.domain.rating.benchmark import Aggregate
from tanma.domain.rating.scheme import Shrink

LEAST_MEMBERS = 30
"""With fewer members their spread says too little, as for the prior of probabilities."""
LOG_SCALE = 10**6
"""ln L is counted in millionths: sums of whole numbers do not depend on the order of rows."""
K_DECIMALS = 4
DIGITS = 50
POSTED = 10**15
"""A blended average is posted as a quotient whose numerator is at least this: 16 digits."""


@dataclass(frozen=True)
class Spread:
    """Members of one industry: how many, Σ and Σ² of their ln L in millionths."""

    n: int
    total: int
    squares: int


def variances(industries: Iterable[Spread]) -> tuple[Fraction, Fraction] | None:
    """Variance of ln L within and between industries, by one-way analysis of variance.

    Within is the mean square inside industries; between is what the mean square of industries
    exceeds it by, per effective member, at least 0. None where the members cannot tell.
    """
    groups = list(industries)
    n, count = sum(g.n for g in groups), len(groups)
    if n < LEAST_MEMBERS or not 2 <= count < n:
        return None
    within = sum((g.squares - Fraction(g.total**2, g.n) for g in groups), Fraction()) / (n - count)
    mean = Fraction(sum(g.total for g in groups), n)
    apart = sum((g.n * (Fraction(g.total, g.n) - mean) ** 2 for g in groups), Fraction())
    per_industry = (n - Fraction(sum(g.n**2 for g in groups), n)) / (count - 1)
    return within, max((apart / (count - 1) - within) / per_industry, Fraction())


def k_of(rule: Shrink, industries: Iterable[Spread]) -> Fraction | None:
    """The scheme's k, or the estimate at four decimals; None is infinite: nothing own is kept."""
    if rule.k is not None:
        return rule.k
    within, between = variances(industries) or (Fraction(), Fraction())
    if between:
        return Fraction(round(within / between * 10**K_DECIMALS), 10**K_DECIMALS)
    return None if within else rule.fallback_k


@dataclass(frozen=True)
class Blend:
    """The average between two populations as a quotient of whole numbers, and its weight w."""

    weight: Fraction
    numerator: int
    denominator: int


def blend(own: Aggregate, wide: Aggregate, k: Fraction) -> Blend:
    """The average of a small population shrunk toward that of a wider one.

    It is irrational, so it is posted once: the numerator at the wider population's denominator,
    half-even, both with as many further decimals as the numerator needs to have 16 digits. Cut-offs
    then compare whole numbers, as for any other average.
    """
    weight = own.n_eff / (own.n_eff + k)
    with localcontext() as context:
        context.prec = DIGITS
        share = Decimal(weight.numerator) / weight.denominator
        average = (share * _log(own) + (1 - share) * _log(wide)).exp()
        denominator = wide.sum_denominator
        while average * denominator < POSTED:
            denominator *= 10
        numerator = (average * denominator).to_integral_value(ROUND_HALF_EVEN)
    return Blend(weight, int(numerator), denominator)


def _log(population: Aggregate) -> Decimal:
    return (Decimal(population.sum_numerator) / population.sum_denominator).ln()
