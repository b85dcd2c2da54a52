"""What a figure is over a period: a sum of months, a quotient of sums, or what was published.

A period with a missing month has no value: a gap is never filled and never counts as 0. Two
periods are compared only where both have a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Protocol

from tanma.domain.periods import Period

Span = tuple[int, int]
"""First and end month of a period: 2025 and 2025Q4/r4 are the same span."""
MONTHS_OF_YEAR = 12


def span_of(period: Period) -> Span:
    return period.first_month, period.end_month


@dataclass(frozen=True)
class Pair:
    """A figure now and a year before over what was reported both times; `n` enterprises of it."""

    now: Fraction
    before: Fraction
    n: int | None = None

    @property
    def change(self) -> Fraction | None:
        """Relative change; none against nothing or a negative amount."""
        return self.now / self.before - 1 if self.before > 0 else None


class Measure(Protocol):
    """One figure of one unit."""

    def of(self, period: Period) -> Fraction | None:
        """Its value in the unit it is shown in."""

    def pair(self, period: Period) -> Pair | None:
        """Its value beside the year before."""

    def base(self, year: Period, period: Period) -> Fraction | None:
        """What counts as 100 for a period where a whole year is the base."""


def _pair(measure: Measure, period: Period) -> Pair | None:
    now, before = measure.of(period), measure.of(period.year_before())
    return None if now is None or before is None else Pair(now, before)


@dataclass(frozen=True)
class Sum:
    """Counts of months, each 10^-decimals of the unit; they add up.

    `pairs`: comparisons that publications froze over the same enterprises, instead of our own.
    """

    months: Mapping[date, int]
    decimals: int = 0
    pairs: Mapping[Span, Pair] | None = None

    def of(self, period: Period) -> Fraction | None:
        parts = [self.months.get(month) for month in period.months]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return Fraction(sum(known), 10**self.decimals)

    def pair(self, period: Period) -> Pair | None:
        return _pair(self, period) if self.pairs is None else self.pairs.get(span_of(period))

    def base(self, year: Period, period: Period) -> Fraction | None:
        """The part of the year that a period of this length has on average."""
        whole = self.of(year)
        return None if whole is None else whole * len(period.months) / len(year.months)


@dataclass(frozen=True)
class Ratio:
    """Top ÷ bottom over the same months; per is how many bottom units one shown unit has."""

    top: Measure
    bottom: Measure
    per: int = 1

    def of(self, period: Period) -> Fraction | None:
        top, bottom = self.top.of(period), self.bottom.of(period)
        if top is None or bottom is None or bottom <= 0:
            return None
        return top * self.per / bottom

    def pair(self, period: Period) -> Pair | None:
        return _pair(self, period)

    def base(self, year: Period, period: Period) -> Fraction | None:
        return self.of(year)


@dataclass(frozen=True)
class Known:
    """What publications say, period by period. `pairs`: comparisons that they froze themselves.

    `adds` tells amounts, of which a period has its part of a year, from ratios.
    """

    values: Mapping[Span, Fraction]
    pairs: Mapping[Span, Pair] | None = None
    adds: bool = False

    def of(self, period: Period) -> Fraction | None:
        return self.values.get(span_of(period))

    def pair(self, period: Period) -> Pair | None:
        return _pair(self, period) if self.pairs is None else self.pairs.get(span_of(period))

    def base(self, year: Period, period: Period) -> Fraction | None:
        whole = self.of(year)
        if whole is None or not self.adds:
            return whole
        return whole * len(period.months) / len(year.months)


def index(measure: Measure, year: Period, period: Period) -> Fraction | None:
    """The figure with the base year as 100."""
    value, base = measure.of(period), measure.base(year, period)
    return None if value is None or base is None or base <= 0 else value * 100 / base
