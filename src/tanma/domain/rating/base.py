"""An intensity held against a base period: two ratios beside the ratio K, which they never replace.

K stands still when everybody improves alike. These two show whether an industry moved: over its
average in the base period as it was, and over the same average declining by a declared share.
"""

from __future__ import annotations

from dataclasses import dataclass

from tanma.domain.periods import parse
from tanma.domain.rating.scheme import Base


@dataclass(frozen=True)
class ToBase:
    """Averages [unit of the intensity] and an intensity's ratios to them [1].

    target and ratio_pathway are None without a declared decline, and before the base period.
    """

    base_benchmark: float
    ratio_frozen: float
    target_benchmark: float | None
    ratio_pathway: float | None


def years_after(rule: Base, period: str) -> float:
    """Years from the end of the base period to the end of a period, in twelfths [a]."""
    return (parse(period).end_month - parse(rule.period).end_month) / 12


def to_base(
    rule: Base, intensity: float | None, base_benchmark: float | None, years: float
) -> ToBase | None:
    """L ÷ B₀ and L ÷ B_t with B_t = B₀ · (1 − ρ)^t, t years after the base period.

    None without an intensity or an average above zero. For display; no grade rests on it.
    """
    if intensity is None or not base_benchmark or base_benchmark <= 0:
        return None
    frozen = intensity / base_benchmark
    if rule.yearly_decline is None or years < 0:
        return ToBase(base_benchmark, frozen, None, None)
    target = base_benchmark * float(1 - rule.yearly_decline) ** years
    return ToBase(base_benchmark, frozen, target, intensity / target)


def same_months(period: str, other: str) -> bool:
    """Whether two periods are the same months, whatever they are called (2024, 2024Q4/r4)."""
    one, two = parse(period), parse(other)
    return (one.first_month, one.end_month) == (two.first_month, two.end_month)
