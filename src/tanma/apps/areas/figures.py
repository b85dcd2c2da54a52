"""The figures of an area in a run: sums as posted, quotients from them, and its year before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.utils.translation import gettext

from tanma.apps.areas.frozen import Frozen, Row
from tanma.apps.kit.door import Amount, big_tonnes, clauses, lang, percent, scaled, statistics_only
from tanma.apps.registry.door import Area
from tanma.domain.rating.attention import Totals, Verdict, index_rule, judge

GRADES = range(1, 6)
LEVELS = ("low", "mid", "high")
CITIES, COUNTIES, TOWNS = ("city",), ("county", "new_area"), ("township",)
"""kinds of areas"""
MG_PER_T, FEN_PER_WAN, GCE_PER_TCE = 10**9, 10**6, 10**6


def quotient(amount: int | None, money_fen: int | None, scale: int = MG_PER_T) -> float | None:
    """Amount per 10⁴ yuan, for display: counts of 1/scale over fen."""
    if amount is None or not money_fen or money_fen < 0:
        return None
    return float(Fraction(amount * FEN_PER_WAN, money_fen * scale))


def change(now: float | int | None, before: float | int | None) -> float | None:
    """Relative change against the year before; None where either is missing or not positive."""
    if now is None or before is None or before <= 0:
        return None
    return float(Fraction(now) / Fraction(before) - 1)


QUOTIENT = ("money", "energy")
"""What is divided by money rests on both kinds of sums."""


@dataclass(frozen=True)
class Years:
    """One side of a comparison: sums over the enterprises complete in both years."""

    row: Row
    side: str

    def amount(self, name: str) -> int | None:
        value = self.row.get(f"{self.side}_{name}")
        return None if value is None else int(value)

    @property
    def intensity(self) -> float | None:
        return quotient(self.amount("net_with_value_added_mg"), self.amount("value_added_fen"))

    @property
    def energy_intensity(self) -> float | None:
        energy = self.amount("energy_with_value_added_gce")
        return quotient(energy, self.amount("value_added_fen"), GCE_PER_TCE)

    @property
    def index(self) -> float | None:
        return quotient(self.amount("index_mg"), self.amount("index_output_fen"))

    @property
    def totals(self) -> Totals:
        return Totals(self.amount("index_mg") or 0, self.amount("index_output_fen") or 0)


@dataclass(frozen=True)
class AreaFigures:
    """One area of one hierarchy: counts of mg, g of standard coal and fen; quotients of them."""

    data: Frozen
    hierarchy: str
    code: str
    name: str
    row: Row

    def __getattr__(self, name: str) -> Any:
        """A sum of the area as frozen."""
        row = self.__dict__["row"]
        try:
            return row[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def key(self) -> tuple[str, str]:
        return self.hierarchy, self.code

    @property
    def whole(self) -> bool:
        return self.code == self.data.home

    @property
    def intensity(self) -> float | None:
        """t per 10⁴ yuan of value added, of enterprises with both."""
        return quotient(self.net_with_value_added_mg, self.value_added_fen)

    @property
    def comparable(self) -> bool:
        """Whether the enterprises that reported both years stand for the area."""
        same, net = self.row.get("same_net_mg"), self.net_mg
        if same is None or net is None or self.row.get("before_net_mg") is None:
            return False
        return bool(same >= index_rule().comparison.min_share * net)

    def yearly(self, of: Callable[[Years], float | None]) -> float | None:
        """Change of a figure against the year before over the same enterprises; None without."""
        if not self.comparable:
            return None
        return change(of(Years(self.row, "same")), of(Years(self.row, "before")))

    @property
    def grade_5_change(self) -> int | None:
        """Of those graded both times, how many more are of grade 5."""
        if not self.comparable or not self.row["same_graded"]:
            return None
        return int(self.row["same_grade_5"] - self.row["before_grade_5"])

    @property
    def energy_intensity(self) -> float | None:
        """tce per 10⁴ yuan of value added, of enterprises with both."""
        return quotient(self.energy_with_value_added_gce, self.value_added_fen, GCE_PER_TCE)

    @property
    def index(self) -> float | None:
        return quotient(self.index_mg, self.index_output_fen)

    @property
    def years(self) -> tuple[Years, Years] | None:
        """This period and the year before over the same enterprises, where they compare."""
        return (Years(self.row, "same"), Years(self.row, "before")) if self.comparable else None

    @property
    def index_change(self) -> float | None:
        return self.yearly(lambda y: y.index)

    @property
    def adjusted_index(self) -> float | None:
        if self.why(*QUOTIENT):
            return None
        return self.data.derived.adjusted.get(self.key)

    def why(self, *kinds: str) -> str:
        """Why a figure of it is not shown that rests on these kinds of sums; "" where it is."""
        shut = any(self.data.untold.has(kind, *self.key) for kind in kinds)
        return statistics_only() if shut else ""

    @property
    def neutrality(self) -> float | None:
        """碳中和率: deduction ÷ gross."""
        known = self.gross_mg and self.deduction_mg is not None
        return self.deduction_mg / self.gross_mg if known else None

    @property
    def grades(self) -> dict[int, int]:
        return {g: self.row[f"grade_{g}"] for g in GRADES}

    @property
    def uncoded(self) -> int:
        return int(self.enterprises - self.coded)

    @property
    def indirect_mg(self) -> int | None:
        """Power and heat bought less sold; with the direct emissions it gives the plain sum."""
        if self.why("energy", "parts"):
            return None
        return int(
            self.power_bought_mg - self.power_sold_mg + self.heat_bought_mg - self.heat_sold_mg
        )

    @property
    def completeness(self) -> Row:
        return self.data.derived.completeness.get(self.key, NOTHING)

    def bound(self, lang: str) -> Amount | str:
        """What the missing part may come to at most, or why that is not shown."""
        return self.why("energy", "upper") or big_tonnes(self.completeness["upper_mg"], lang)

    @property
    def reporting(self) -> int:
        """Enterprises at work whose emission is known: who stands behind the sums."""
        return int(self.completeness["expected"] - self.completeness["unbounded"])

    @cached_property
    def verdict(self) -> Verdict:
        region = self.data.areas.get(("statutory", self.data.home), self.row)
        found = self.years
        years = None
        if found is not None and found[1].index is not None:
            years = found[0].totals, found[1].totals
        return judge(index_rule(), totals_of(self.row), totals_of(region), years, whole=self.whole)


NOTHING: Row = {"expected": 0, "complete": 0, "unbounded": 0, "upper_mg": 0}


def totals_of(row: Row) -> Totals:
    """What an index is made of; nothing where half of it is not told."""
    if row["index_mg"] is None or row["index_output_fen"] is None:
        return Totals(0, 0)
    return Totals(row["index_mg"], row["index_output_fen"])


def names(codes: list[str]) -> dict[str, str]:
    """Area code → name in the page's language; the code itself where the register has none."""
    found = {c: c for c in codes}
    english = lang() == "en"
    for area in Area.objects.filter(code__in=codes):
        found[area.code] = (area.name_en if english else "") or area.name_zh or area.code
    return found


def area_figures(
    data: Frozen, hierarchy: str, code: str, name: str | None = None
) -> AreaFigures | None:
    """The figures of one area; the whole region is the same in each hierarchy.

    Who already has the name, or shows none, gives it and spares the register a question.
    """
    asked = "statutory" if code == data.home else hierarchy
    row = data.areas.get((asked, code))
    if row is None:
        return None
    return AreaFigures(data, asked, code, names([code])[code] if name is None else name, row)


def children(data: Frozen, hierarchy: str, code: str) -> list[AreaFigures]:
    """The areas directly below, with figures; empty at the lowest level."""
    below = [c for c in data.trees[hierarchy].children(code) if (hierarchy, c) in data.areas]
    called = names(below)
    return [AreaFigures(data, hierarchy, c, called[c], data.areas[hierarchy, c]) for c in below]


@dataclass(frozen=True)
class Remainder:
    """Enterprises of an area that hang on none of its children: what makes the sum exact."""

    enterprises: int
    net_mg: int | None
    """None where it would follow from it what one or two gave for statistics alone."""


def remainder(data: Frozen, hierarchy: str, code: str) -> Remainder:
    """Who hangs on the area itself, counted from the results and not as a difference.

    For the whole region in the management hierarchy that includes who is in no management area.
    """
    direct = data.derived.direct
    rows = [direct.get((hierarchy, code))]
    if hierarchy == "management" and code == data.home:
        tree = data.trees[hierarchy]
        rows += [
            r for (h, c), r in direct.items()
            if h == hierarchy and c != code and not tree.inside(c, code)
        ]  # fmt: skip
    known = [r for r in rows if r]
    beside = [(hierarchy, c) for c in (code, *data.trees[hierarchy].children(code))]
    shut = any(data.untold.has("energy", *key) for key in beside)
    net_mg = None if shut else sum(r["net_mg"] for r in known)
    return Remainder(sum(r["enterprises"] for r in known), net_mg)


def level_below(data: Frozen, code: str, kinds: tuple[str, ...]) -> list[AreaFigures]:
    """Areas of some kinds inside an area of the statutory hierarchy, itself left out."""
    tree = data.trees["statutory"]
    inside = [c for c in tree.ancestors if c != code and tree.inside(c, code)]
    wanted = Area.objects.filter(kind__in=kinds, code__in=inside).values_list("code", flat=True)
    below = [c for c in sorted(wanted) if ("statutory", c) in data.areas]
    called = names(below)
    return [AreaFigures(data, "statutory", c, called[c], data.areas["statutory", c]) for c in below]


def abnormal_words(figures: AreaFigures) -> str:
    """正常, 异常 with its causes, or why it cannot be told."""
    verdict = figures.verdict
    if verdict.abnormal is None and (why := figures.why(*QUOTIENT)):
        return why
    if verdict.abnormal is None:
        return gettext("无法判断：缺少产值，或上年同期数据不全")
    if not verdict.abnormal:
        return gettext("正常")
    texts = index_rule().conditions()
    causes = clauses(getattr(texts[c], lang()) for c in verdict.causes)
    return gettext("异常") + gettext("：") + causes


def comparison(area: AreaFigures) -> str:
    """What the changes against the year before rest on, or why there are none."""
    share = index_rule().comparison.min_share
    about = {"n": scaled(area.row.get("same_n") or 0, 0), "share": percent(share, 0)}
    if area.row.get("same_n") and area.row.get("same_net_mg") is None:
        return gettext("同比") + gettext("：") + statistics_only()
    if area.comparable:
        return gettext("同比按两年均报齐的 %(n)s 家企业计算") % about
    return gettext(
        "同比不可比：两年均报齐的只有 %(n)s 家，不足本期排放的 %(share)s%%"
    ) % about  # fmt: skip
