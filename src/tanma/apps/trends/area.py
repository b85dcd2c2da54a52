"""Every figure of one area as published: sums over its enterprises, exact as the runs froze them.

Months come from the months of the newest run that holds them, other figures from the publication
of just that period. A comparison with the year before is the one the run froze, over the
enterprises that reported everything both times. What fewer enterprises stand behind than the rule
of disclosure allows is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.areas.door import QUOTIENT, AreaFigures, Years, area_figures, frozen, publications
from tanma.apps.codes import door as codes
from tanma.apps.kit.door import clauses
from tanma.apps.trends.figures import Figure, Text
from tanma.apps.trends.measures import Known, Pair, Span, Sum, span_of
from tanma.domain.numbers import EMISSION_DECIMALS, ENERGY_DECIMALS
from tanma.domain.periods import parse
from tanma.engine.disclosure import few

Yearly = Callable[[Years], "float | int | None"]
Value = Callable[[AreaFigures], "float | int | None"]


@dataclass(frozen=True)
class Figured:
    """How a published figure of an area is read; `years` gives it for each side of a pair."""

    id: str
    group: str
    name: Text
    unit: Text
    value: Value
    decimals: int = 0
    adds: bool = True
    years: Yearly | None = None
    note: Text = ""
    rests_on: tuple[str, ...] = ("energy", "parts")
    """What is not shown where these sums are withheld."""


SMALLER = _("数值越小越好。")
PUBLISHED: tuple[Figured, ...] = (
    Figured("deduction", "emission", _("碳中和量"), "tCO₂", lambda a: a.deduction_mg,
            EMISSION_DECIMALS),
    Figured("statutory", "emission", _("法定核算总量（企业口径合计）"), "tCO₂",
            lambda a: a.statutory_mg, EMISSION_DECIMALS),
    Figured("direct", "emission", _("直接排放"), "tCO₂", lambda a: a.direct_mg, EMISSION_DECIMALS),
    Figured("indirect", "emission", _("间接排放"), "tCO₂", lambda a: a.indirect_mg,
            EMISSION_DECIMALS),
    Figured("consolidated", "emission", _("区域合并排放"), "tCO₂", lambda a: a.consolidated_mg,
            EMISSION_DECIMALS),
    Figured("energy", "energy", _("综合能源消费量（当量值）"), "tce",
            lambda a: a.energy_calorific_gce, ENERGY_DECIMALS,
            years=lambda y: y.amount("energy_calorific_gce"), rests_on=("energy",)),
    Figured("L", "rate", _("碳效值（企业合计）"), _("吨/万元"), lambda a: a.intensity, adds=False,
            years=lambda y: y.intensity, note=SMALLER, rests_on=QUOTIENT),
    Figured("energy/added", "rate", _("单位增加值能耗（当量值）"), _("tce/万元"),
            lambda a: a.energy_intensity, adds=False, years=lambda y: y.energy_intensity,
            rests_on=QUOTIENT),
    Figured("index", "rate", _("碳耗指数"), _("吨/万元"), lambda a: a.index, adds=False,
            years=lambda y: y.index, note=SMALLER, rests_on=QUOTIENT),
    Figured("neutrality", "rate", _("碳中和率"), "%",
            lambda a: None if a.neutrality is None else 100 * a.neutrality, adds=False),
    Figured("coded", "rate", _("已赋码企业"), _("家"), lambda a: a.coded, adds=False,
            rests_on=()),
)  # fmt: skip
MONTHLY: tuple[tuple[str, Text, str], ...] = (
    ("net", _("碳效码口径净排放"), "net_mg"),
    ("gross", _("碳效码口径毛排放"), "gross_mg"),
)


@dataclass(frozen=True)
class Region:
    """One area in every publication in force."""

    hierarchy: str
    code: str

    @cached_property
    def runs(self) -> list[codes.Run]:
        """The publication in force of each period, whatever its kind, newest period first."""
        kinds = ("rolling", "quarter", "half", "year", "month")
        found = [run for kind in kinds for run in publications(kind)]
        return sorted(found, key=lambda r: (r.period_end, r.number or 0), reverse=True)

    @cached_property
    def areas(self) -> dict[Span, AreaFigures]:
        """Span → the area as published, where enough enterprises stand behind it."""
        found: dict[Span, AreaFigures] = {}
        for run in self.runs:
            span = span_of(parse(run.period))
            area = area_figures(frozen(run), self.hierarchy, self.code, "")
            if area is not None and not few(area.enterprises):
                found.setdefault(span, area)
        return found

    @cached_property
    def months(self) -> dict[date, dict[str, int]]:
        """Month → its sums in the newest run that has it."""
        found: dict[date, dict[str, int]] = {}
        for area in self.areas.values():
            for row in area.data.rows("monthly", *area.key):
                if not few(row["enterprises"]):
                    found.setdefault(row["month"], row)
        return found

    def pairs(self, of: Yearly, decimals: int) -> dict[Span, Pair]:
        """Comparisons over the enterprises complete in both years, where they tell of the area."""
        found = {}
        for span, area in self.areas.items():
            years = area.years
            sides = [of(y) for y in years] if years else [None, None]
            if sides[0] is not None and sides[1] is not None:
                now, before = (Fraction(side) / 10**decimals for side in sides if side is not None)
                found[span] = Pair(now, before, area.row.get("same_n"))
        return found


def figures(region: Region) -> list[Figure]:
    return [*_monthly(region), *_published(region)] if region.areas else []


def _monthly(region: Region) -> Iterator[Figure]:
    for key, name, column in MONTHLY:
        months = {m: row[column] for m, row in region.months.items() if row[column] is not None}
        pairs = (
            region.pairs(lambda y: y.amount("net_mg"), EMISSION_DECIMALS) if key == "net" else {}
        )
        note = _noted(region, ("energy",))
        yield Figure(key, "emission", name, "tCO₂", Sum(months, EMISSION_DECIMALS, pairs),
                     note=note)  # fmt: skip


def _published(region: Region) -> Iterator[Figure]:
    for one in PUBLISHED:
        values = {
            span: Fraction(value) / 10**one.decimals
            for span, area in region.areas.items()
            if (value := one.value(area)) is not None
        }
        pairs = region.pairs(one.years, one.decimals) if one.years else {}
        measure = Known(values, pairs, one.adds)
        note = _noted(region, one.rests_on, one.note)
        yield Figure(one.id, one.group, one.name, one.unit, measure, one.adds, note=note)


def _noted(region: Region, rests_on: tuple[str, ...], note: Text = "") -> Text:
    """The note of a figure, with why periods of it are not shown."""
    why = next((w for area in region.areas.values() if (w := area.why(*rests_on))), "")
    return clauses([note, gettext("部分期间%(why)s") % {"why": why}]) if why else note


def bounds(region: Region) -> tuple[date, date] | None:
    """First and last month that the figures speak of."""
    if not region.months:
        return None
    return min(region.months), max(region.months)
