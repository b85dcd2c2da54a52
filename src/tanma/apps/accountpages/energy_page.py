"""What the energy page shows: 综合能源消费量 as 当量值 and 等价值, each named, each in parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.accountpages.account_page import Figure, months_note
from tanma.apps.accountpages.tables import coefficient_html, factors_text, file_number, mark_html
from tanma.apps.accountpages.words import unit
from tanma.apps.inventories.door import (
    Account,
    Entry,
    Facts,
    Frozen,
    Product,
    Source,
    account,
    item_name,
    products,
    share,
    water,
)
from tanma.apps.kit.door import (
    MISSING,
    Chart,
    Column,
    Series,
    Table,
    clauses,
    lang,
    listed,
    percent,
    period_short,
    scaled,
    significant,
    tce,
    unit_name,
)
from tanma.domain.numbers import ENERGY_DECIMALS
from tanma.engine.accounts import ENERGY

CALORIFIC, EQUIVALENT = "consumption_calorific", "consumption_equivalent"
PARTS: dict[str, str | Promise] = {
    "fuel": _("化石燃料"),
    "bought": _("购入电力与热力"),
    "renewable": _("自用可再生电力"),
    "output": _("加工转换产出（扣除）"),
    "feedstock": _("原料用能（扣除）"),
    "sold": _("外售电力与热力（扣除）"),
    "consumption": _("综合能源消费量"),
}
"""Parts of the consumption; each has a total per valuation."""
PART_TOTALS = {part: (f"{part}_calorific", f"{part}_equivalent") for part in PARTS}


@dataclass(frozen=True)
class Part:
    """One part of the consumption in both valuations; a deducted part is shown as an amount."""

    name: str | Promise
    calorific_gce: int | None
    equivalent_gce: int | None
    sign: int
    whole: bool


def account_of(frozen: Frozen) -> Account:
    return account(frozen, ENERGY)


def parts(made: Account) -> list[Part]:
    """Fossil, bought, renewable; less output of transformation, feedstock and what was sold."""
    signs = made.total_def(CALORIFIC).of
    return [
        Part(
            name=PARTS[part],
            calorific_gce=made.total(calorific),
            equivalent_gce=made.total(equivalent),
            sign=signs.get(calorific, 1),
            whole=calorific == CALORIFIC,
        )
        for part, (calorific, equivalent) in PART_TOTALS.items()
    ]


def consumption(made: Account) -> dict[str, Any]:
    """Both valuations of the whole, as texts; a missing 等价值 is no number."""
    return {name: tce(made.total(total)) for name, total in
            (("calorific", CALORIFIC), ("equivalent", EQUIVALENT))}  # fmt: skip


def missing_reason(made: Account) -> str:
    """Why there is no 等价值, in one sentence: the carriers that lack their coefficient."""
    lacking = (e.bound.item for e, _w in made.counted(EQUIVALENT) if e.posted is None)
    names = listed(item_name(item, lang()) for item in sorted(set(lacking)))
    return names and gettext(
        "%(items)s没有可引用的等价值折标系数，含它的等价值不给出，也不用当量值（电力 0.1229）代替。"
    ) % {"items": names}  # fmt: skip


def primary_note(made: Account) -> str:
    """The coefficients of the 等价值 that change from year to year, each with its year."""
    used = {
        (u.text, u.unit, u.data_year)
        for s in sources(made) for u in s.coefficients("equivalent") if u.text and u.data_year
    }  # fmt: skip
    return clauses(
        gettext("电力折标 %(value)s %(unit)s（%(year)s 年）")
        % {"value": value, "unit": unit(name), "year": year}
        for value, name, year in sorted(used, key=str)
    )


def renewable_share(made: Account) -> list[tuple[str | Promise, int | None, str]]:
    """Fossil fuel, bought power and heat, renewable self-use: (name, gce, share of the three)."""
    values = {part: made.total(f"{part}_calorific") for part in ("fuel", "bought", "renewable")}
    known = [v for v in values.values() if v is not None]
    whole = sum(known) if len(known) == len(values) else None
    return [(PARTS[part], value, percent(share(value, whole))) for part, value in values.items()]


@dataclass(frozen=True)
class EnergySource:
    """One carrier over the period: amount, and standard coal in both valuations."""

    calorific: Source
    equivalent: Source | None

    @property
    def entry(self) -> Entry:
        return self.calorific.first

    def coefficients(self, valuation: str) -> list[Any]:
        """The coefficients of one valuation, each with the year and the choice it was taken by."""
        source = getattr(self, valuation)
        return [used for values in source.factors.values() for used in values] if source else []


def sources(made: Account) -> list[EnergySource]:
    """Carriers of the consumption; feedstock, which cancels in it, is listed without a share."""
    feedstock = (replace(s, whole=None) for s in made.sources("feedstock_calorific"))
    found = {s.first.bound.item: s for s in feedstock}
    found |= {s.first.bound.item: s for s in made.sources(CALORIFIC)}
    primary = {s.first.bound.item: s for s in made.sources(EQUIVALENT)}
    return [EnergySource(source, primary.get(item)) for item, source in found.items()]


def table(made: Account, query: QueryDict) -> Table:
    """Carriers with amount, coefficient and standard coal; the same rows go to the files."""
    columns = [
        Column(
            "item", _("能源品种"), lambda s: item_name(s.entry.bound.item, lang()), sort=True
        ),
        Column(
            "amount", _("实物量"), lambda s: file_number(s.calorific.amount, s.entry.item.scale),
            show=lambda s: scaled(s.calorific.amount, s.entry.item.scale), kind="number",
            brief=True,
        ),
        Column("unit", _("单位"), lambda s: unit(s.entry.item.unit), brief=True),
        *_coefficient_columns("calorific", _("折标系数（当量值）"), _("依据（当量值）")),
        *_coefficient_columns("equivalent", _("折标系数（等价值）"), _("依据（等价值）")),
        Column(
            "calorific", _("当量值"), lambda s: file_number(s.calorific.posted, ENERGY_DECIMALS),
            show=lambda s: tce(s.calorific.posted), unit="tce", kind="number", sort=True,
            brief=True,
        ),
        Column(
            "equivalent", _("等价值"), _equivalent_value, show=_equivalent_text, unit="tce",
            kind="number",
        ),
        Column(
            "share", _("占当量值比重"), lambda s: _percent(s.calorific.share),
            show=lambda s: percent(s.calorific.share), unit="%", kind="number", sort=True,
        ),
    ]  # fmt: skip
    return Table(columns, sources(made), query, caption=_("能源消费明细"))


def _coefficient_columns(valuation: str, label: Any, mark: Any) -> list[Column]:
    """Coefficients of one valuation and their weakest mark."""

    def evidence(row: EnergySource) -> str:
        source: Source | None = getattr(row, valuation)
        return source.evidence if source else ""

    return [
        Column(
            f"{valuation}_factor", label, lambda s: factors_text(s.coefficients(valuation)),
            show=lambda s: coefficient_html(s.coefficients(valuation)),
        ),
        Column(f"{valuation}_evidence", mark, evidence, show=lambda s: mark_html(evidence(s))),
    ]  # fmt: skip


def _equivalent_value(row: EnergySource) -> Any:
    posted = row.equivalent.posted if row.equivalent else None
    return gettext("缺少系数") if posted is None else file_number(posted, ENERGY_DECIMALS)


def _equivalent_text(row: EnergySource) -> Any:
    return tce(row.equivalent.posted if row.equivalent else None)


def _percent(value: Fraction | None) -> float | None:
    return None if value is None else float(round(value * 100, 4))


def intensities(made: Account, frozen: Frozen, lang: str, facts: Facts) -> list[Figure]:
    """Energy (当量值) per output, per value added and per product; each says which valuation."""
    posted, row = made.total(CALORIFIC), frozen.result
    unit = unit_name("tce/万元", lang)
    return [
        Figure(_("单位产值能耗（当量值）"), per_wan_yuan(posted, row["output_fen"]), unit),
        Figure(_("单位增加值能耗（当量值）"), per_wan_yuan(posted, row["value_added_fen"]), unit),
        *(_per_product(product, posted, lang) for product in products(frozen, facts)),
    ]


def per_wan_yuan(posted_gce: int | None, money_fen: int | None) -> str:
    """tce per 10⁴ yuan with four significant digits: gce ÷ 10⁶ ÷ (fen ÷ 10⁶)."""
    if posted_gce is None or not money_fen:
        return MISSING
    return significant(Fraction(posted_gce, money_fen))


def _per_product(product: Product, posted_gce: int | None, lang: str) -> Figure:
    value = product.per_unit(posted_gce, ENERGY_DECIMALS)
    name = item_name(product.item.item, lang)
    return Figure(
        gettext("单位产品综合能耗（当量值）：%(product)s") % {"product": name},
        MISSING if value is None else significant(value),
        f"tce/{product.item.unit}",
        months_note(product),
    )


@dataclass(frozen=True)
class Water:
    """One kind of water over the period: all digits, and what it comes to per output."""

    name: str
    amount: str
    unit: str
    per_output: str
    note: str


def water_used(frozen: Frozen, facts: Facts) -> list[Water]:
    """Water beside the energy, with m³ per 10⁴ yuan of output where every month is there."""
    fen = frozen.result["output_fen"]
    return [
        Water(
            item_name(w.item.item, lang()), scaled(w.amount, w.item.scale), unit(w.item.unit),
            significant(Fraction(w.amount, 10**w.item.scale) / Fraction(fen, 10**6))
            if w.complete and fen else MISSING,
            months_told(w),
        )
        for w in water(frozen, facts)
    ]  # fmt: skip


def months_told(amount: Product) -> str:
    return "" if amount.complete else gettext("只报了 %(n)d 个月，应为 %(of)d 个月") % {
        "n": amount.months, "of": amount.expected,
    }  # fmt: skip


def months_chart(made: Account, frozen: Frozen, lang: str) -> Chart:
    """Fossil, bought and renewable energy of each month, stacked."""
    months = frozen.period.months
    totals = ("fuel_calorific", "bought_calorific", "renewable_calorific")
    series = [
        Series(made.total_def(total).name[lang], _tce(made.months(total, months)), "tce", digits=3)
        for total in totals
    ]
    return Chart(
        "stacked", gettext("逐月能源消费（当量值）"), [period_short(f"{m:%Y-%m}") for m in months],
        series, category_label=gettext("月份"), name="energy-months",
    )  # fmt: skip


def _tce(values: list[int | None]) -> list[float | None]:
    return [None if v is None else float(Fraction(v, 10**ENERGY_DECIMALS)) for v in values]
