"""The carbon consumption index of an area: normal or abnormal, and why. It has no grades."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tanma.domain.rating.scheme import Source, Words


@dataclass(frozen=True)
class AboveRegion:
    """So many times the index of the whole region, and rising."""

    zh: str
    en: str
    factor: Fraction


@dataclass(frozen=True)
class YearlyRise:
    """Up by more than this share against the year before."""

    zh: str
    en: str
    more_than: Fraction


@dataclass(frozen=True)
class Comparison:
    """The smallest share of an area's emission that must stand behind both years."""

    min_share: Fraction


@dataclass(frozen=True)
class Disclosure:
    """The smallest number of enterprises behind a figure that leaves the office."""

    min_n: int


@dataclass(frozen=True)
class IndexRule:
    """One edition of the rule of the regional index."""

    id: str
    edition: str
    title: Words
    origin: str
    valid_from: date
    numerator: Words
    denominator: Words
    unit: str
    direction: Words
    structure: Words
    structure_digits: int
    above_region: AboveRegion
    yearly_rise: YearlyRise
    comparison: Comparison
    disclosure: Disclosure
    sources: tuple[Source, ...]
    file: str = field(default="", compare=False)

    def conditions(self) -> dict[str, Words]:
        """Condition id → its text with the numbers put in."""
        above, rise = self.above_region, self.yearly_rise
        factor, percent = f"{float(above.factor):g}", f"{float(rise.more_than * 100):g}"
        return {
            "above_region": Words(above.zh.format(factor=factor), above.en.format(factor=factor)),
            "yearly_rise": Words(rise.zh.format(percent=percent), rise.en.format(percent=percent)),
        }


@dataclass(frozen=True)
class Totals:
    """Numerator [mg CO2] and denominator [fen] of an index, as exact sums."""

    emission_mg: int
    output_fen: int

    @property
    def ratio(self) -> Fraction | None:
        """mg per fen; None without a positive output."""
        return Fraction(self.emission_mg, self.output_fen) if self.output_fen > 0 else None


@dataclass(frozen=True)
class Verdict:
    """Whether an index is abnormal, by which conditions; None where it cannot be told."""

    abnormal: bool | None
    causes: tuple[str, ...] = ()


def judge(
    rule: IndexRule, area: Totals, region: Totals, years: tuple[Totals, Totals] | None, *,
    whole: bool = False,
) -> Verdict:  # fmt: skip
    """Judge an area's index against the whole region's and its own of the year before.

    `years`: this period and the year before over the same enterprises. Both conditions look at
    them: without them, or without output, the verdict is unknown. `whole`: the area is the region
    itself, which is only compared with its own past.
    """
    now = area.ratio
    same, past = (t.ratio for t in years) if years is not None else (None, None)
    if now is None or same is None or past is None:
        return Verdict(None)
    causes = []
    limit = region.ratio
    above = limit is not None and now > rule.above_region.factor * limit
    if not whole and above and same > past:
        causes.append("above_region")
    if same > (1 + rule.yearly_rise.more_than) * past:
        causes.append("yearly_rise")
    return Verdict(bool(causes), tuple(causes))


def adjusted(parts: Iterable[tuple[Totals, Totals]]) -> Fraction | None:
    """The structure-adjusted index [1]: Σ E ÷ Σ_j (output_j × region's E_j ÷ output_j).

    `parts`: per industry the area's totals and the whole region's. None where nothing is expected.
    """
    emission, expected = 0, Fraction(0)
    for own, region in parts:
        ratio = region.ratio
        if ratio is None:
            continue
        emission += own.emission_mg
        expected += own.output_fen * ratio
    return Fraction(emission) / expected if expected > 0 else None
