"""What a rating scheme is: two indicators, their bands and words, and the population compared with.

A scheme says how a numerator and a denominator become an *intensity* L (banded to a level) and a
*ratio* K to the group's total ÷ total (banded to a grade). Every number comes from a TOML file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

EVIDENCE = ("confirmed", "unconfirmed", "recalled", "proposed", "assumed", "example")
"""How sure a source is; everything but `confirmed` is shown to users as such."""
PERIODS = ("month", "quarter", "half_year", "year", "rolling_four_quarters")
REGIONS = ("run", "province", "city", "county")
SIZE_CLASSES = ("above", "any")
LABEL = "label"
"""The benchmark level of a group that is not an industry code."""


@dataclass(frozen=True)
class Words:
    """A text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Source:
    """Where a rule comes from, and how sure that is."""

    title: str
    kind: str
    carries: str
    evidence: str


@dataclass(frozen=True)
class Quantity:
    """A named amount: its unit, and the decimals of the posted integer (t with 9: mg)."""

    id: str
    zh: str
    en: str
    unit: str
    scale: int
    definition: Words


@dataclass(frozen=True)
class Band:
    """A named range; `upper` is None for the last, `inclusive` says on which side a tie falls."""

    id: str
    zh: str
    en: str
    upper: Fraction | None = None
    inclusive: bool = True
    upper_text: str = ""


@dataclass(frozen=True)
class Indicator:
    """A quotient with its symbol, words, unit and bands from best to worst."""

    symbol: str
    zh: str
    en: str
    unit: str
    bands: tuple[Band, ...]
    comparison: str = "ratio_of_sums"

    @property
    def cuts(self) -> tuple[Fraction, ...]:
        return tuple(band.upper for band in self.bands if band.upper is not None)


@dataclass(frozen=True)
class IndustryLevel:
    """A depth of the industry code: 小类 has 4 digits, everything together 0."""

    id: str
    zh: str
    en: str
    digits: int


@dataclass(frozen=True)
class Shrink:
    """An industry too small to stand alone keeps part of its own average.

    Without `k` it is estimated from the members; where they cannot tell, `fallback_k` holds.
    """

    evidence: str
    fallback_k: Fraction
    k: Fraction | None = None


@dataclass(frozen=True)
class Population:
    """Who forms the benchmark, how far a small industry climbs, and whether it also shrinks."""

    region: str
    size_class: str
    min_n: int
    min_neff: Fraction
    rank_level: str
    industry_pattern: str = ""
    levels: tuple[IndustryLevel, ...] = ()
    shrink: Shrink | None = None

    def is_industry(self, group: str) -> bool:
        """Whether a group climbs by its prefix; any other label stays where it is."""
        return bool(self.industry_pattern and re.fullmatch(self.industry_pattern, group))

    def candidates(self, group: str) -> list[tuple[str, str]]:
        """(level, key) from the closest population outwards."""
        if not self.is_industry(group):
            return [(LABEL, group)]
        return [(lv.id, group[: lv.digits]) for lv in self.levels if len(group) >= lv.digits]


@dataclass(frozen=True)
class Fallback:
    """The denominator used when the first is ≤ 0, or below a share of this one, or missing."""

    id: str
    zh: str
    en: str
    unit: str
    below_share: Fraction
    when_missing: bool


@dataclass(frozen=True)
class NetNegative:
    """What a numerator below zero gets."""

    grade: str
    level: str


@dataclass(frozen=True)
class Neutrality:
    """The rate of what was neutralised, and its mark."""

    numerator: str
    denominator: str
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class Robust:
    """Parameters of the shadow grade: never published, never swapped for the grade."""

    mad_z: Fraction
    leave_one_out_share: Fraction
    confidence: Fraction


@dataclass(frozen=True)
class Uncertainty:
    """Relative standard uncertainty of an amount of the period, by who said it.

    For the probability beside a grade alone; no amount and no grade is changed by it.
    """

    evidence: str
    metered: Fraction
    statistics: Fraction
    declared: Fraction


@dataclass(frozen=True)
class Base:
    """A base period whose averages later intensities are also held against, beside the grade.

    As they were, and declining by a share each year where one is declared.
    """

    evidence: str
    period: str
    yearly_decline: Fraction | None = None


@dataclass(frozen=True)
class Condition:
    """Abnormal from these bands on, of the ratio to the group and of the change on the year.

    The texts may name the cut-offs: {ratio} as a factor, {percent} as a rise.
    """

    id: str
    zh: str
    en: str
    ratio_at_least: int
    change_at_least: int


@dataclass(frozen=True)
class Comparison:
    """The share of the present sum that must stand behind both years."""

    min_share: Fraction


@dataclass(frozen=True)
class Disclosure:
    """The smallest number of enterprises behind a figure that leaves the office."""

    min_n: int


@dataclass(frozen=True)
class Abnormal:
    """A label instead of grades: normal or abnormal, by the ratio and by the change on the year."""

    change: Indicator
    conditions: tuple[Condition, ...]
    comparison: Comparison
    disclosure: Disclosure
    structure: Words
    """the structure-adjusted quotient in words; its parts are codes of so many digits"""
    structure_digits: int


@dataclass(frozen=True)
class Scheme:
    """One edition of a rating scheme."""

    id: str
    edition: str
    title: Words
    evidence: str
    direction: Words
    valid_from: date
    validity_evidence: str
    periods: tuple[str, ...]
    published_period: str
    sources: tuple[Source, ...]
    numerator: Quantity
    denominator: Quantity
    intensity: Indicator
    ratio: Indicator
    population: Population
    robust: Robust
    valid_to: date | None = None
    fallback: Fallback | None = None
    net_negative: NetNegative | None = None
    neutrality: Neutrality | None = None
    uncertainty: Uncertainty | None = None
    abnormal: Abnormal | None = None
    base: Base | None = None
    file: str = field(default="", compare=False)

    def covers(self, day: date) -> bool:
        """Whether the edition is valid on a day; the end is exclusive."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def pair(self, level: str, grade: int) -> Words:
        """Level and grade in one breath: 高碳2级. The axes stay apart; both are said."""
        band = next(b for b in self.intensity.bands if b.id == level)
        return Words(f"{band.zh}{grade}级", f"{band.en}, grade {grade}")
