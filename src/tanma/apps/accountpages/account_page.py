"""What the account page shows: every total under its own name, scopes, months, intensities."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.accountpages import words
from tanma.apps.inventories.door import (
    TOTALS,
    Account,
    Facts,
    Frozen,
    account,
    frozen_grid,
    products,
    region_name,
    share,
)
from tanma.apps.kit.door import (
    MISSING,
    Chart,
    Series,
    intensity,
    percent,
    period_short,
    significant,
    statistics_only,
    unit_name,
)
from tanma.domain.items import items as catalogue
from tanma.domain.methods import Edition, bind
from tanma.domain.numbers import EMISSION_DECIMALS
from tanma.engine.rules import scheme_of

DEFAULT = "code_net"


@dataclass(frozen=True)
class View:
    """The account in detail: which total of which edition."""

    account: Account
    total: str


@dataclass(frozen=True)
class Total:
    """One total with the name its edition gives it."""

    id: str
    name: str
    edition: str
    document: str
    value_mg: int | None
    covered: bool
    missing: int
    evidence: str
    boundary: str


@dataclass(frozen=True)
class Figure:
    """A ratio with its unit, for tiles and lists."""

    label: str | Promise
    value: str
    unit: str | Promise = ""
    note: str = ""


def chosen(frozen: Frozen, asked: str) -> View:
    """The total asked for, where the enterprise has it; else the code account's net."""
    known = asked in TOTALS and frozen.edition(TOTALS[asked]).covers(frozen.result["industry"])
    total = asked if known else DEFAULT
    return View(account(frozen, TOTALS[total]), total)


def overview(frozen: Frozen, lang: str) -> list[Total]:
    """All totals side by side; the carbon market's says so where it does not apply."""
    made = {name: account(frozen, name) for name in dict.fromkeys(TOTALS.values())}
    return [_total(frozen, made[name], total, lang) for total, name in TOTALS.items()]


def _total(frozen: Frozen, made: Account, total: str, lang: str) -> Total:
    covered = made.edition.covers(frozen.result["industry"])
    return Total(
        id=total,
        name=made.total_def(total).name[lang],
        edition=made.edition.title[lang],
        document=" · ".join(
            part for part in (made.edition.document, made.edition.edition) if part != "undated"
        ),
        value_mg=made.total(total) if covered else None,
        covered=covered,
        missing=made.missing(total) if covered else 0,
        evidence=made.edition.evidence,
        boundary=made.edition.boundary[lang],
    )


def headline(frozen: Frozen, lang: str) -> list[Figure]:
    """碳中和率, L and K as published."""
    row, scheme = frozen.result, scheme_of(frozen.files.meta)
    smaller = getattr(scheme.direction, lang)
    rate = share(row["deduction_mg"], row["gross_mg"])
    own = significant(row["intensity"])
    return [
        Figure(_("碳中和率"), percent(rate), "%", gettext("碳中和量 ÷ 碳效码口径毛排放")),
        Figure(f"{getattr(scheme.intensity, lang)} {scheme.intensity.symbol}", own,
               unit_name(scheme.intensity.unit, lang), smaller),
        Figure(f"{getattr(scheme.ratio, lang)} {scheme.ratio.symbol}", significant(row["ratio"]),
               "", statistics_only() if frozen.kept_back else smaller),
    ]  # fmt: skip


def scopes(view: View) -> list[tuple[str | Promise, int | None, str]]:
    """The total split into scopes, which add up to it exactly: (name, mg, share in %)."""
    parts = view.account.by(view.total, lambda entry: entry.line.scope)
    whole = view.account.total(view.total)
    return [
        (words.SCOPES[scope], part, percent(share(part, whole)))
        for scope, part in sorted(parts.items())
    ]


def months_chart(view: View, frozen: Frozen, lang: str) -> Chart:
    """Months of the total, and beside them the same activity at the edition's frozen factor."""
    months = frozen.period.months
    made, grid = view.account, frozen_grid(view.account.edition, frozen.files.meta)
    name = made.total_def(view.total).name[lang]
    series = [_series(gettext("按当期因子"), made.months(view.total, months), "bar")]
    note = gettext("该口径未规定固定因子")
    if grid is not None:
        fixed = made.months_at(view.total, months, grid.value)
        series.append(_series(gettext("按固定电网因子（趋势）"), fixed, "line"))
        note = gettext("固定电网因子：%(region)s %(year)s 年 %(text)s") % {
            "region": region_name(grid.region, lang), "year": grid.year, "text": grid.text,
        }  # fmt: skip
    return Chart(
        "bars", name, [period_short(f"{m:%Y-%m}") for m in months], series, note=note,
        category_label=gettext("月份"), name="months", summary=name,
    )  # fmt: skip


def _series(name: str, values_mg: list[int | None], draw: str) -> Series:
    tonnes_of = [
        None if v is None else float(Fraction(v, 10**EMISSION_DECIMALS)) for v in values_mg
    ]
    return Series(name, tonnes_of, "t", draw=draw, digits=3)


def left_out(frozen: Frozen, made: Edition, lang: str) -> list[tuple[str, str]]:
    """Reported items that this edition does not count, each with the edition's reason."""
    reported = sorted({row["item"] for row in frozen.lines})
    found = bind(made, {item: catalogue()[item].unit for item in reported}).left_out
    return [(_name(item, lang), reason.reason[lang]) for item, reason in found.items()]


def _name(item: str, lang: str) -> str:
    known = catalogue()[item]
    return known.name_en if lang == "en" else known.name_zh


def intensities(frozen: Frozen, lang: str, facts: Facts) -> list[Figure]:
    """Net emissions of the code account per output, per value added, per product."""
    row = frozen.result
    net, unit = row["net_mg"], unit_name("t/万元", lang)
    return [
        Figure(_("单位产值碳排放"), intensity(net, row["output_fen"]), unit),
        Figure(_("单位增加值碳排放"), intensity(net, row["value_added_fen"]), unit),
        *(_per_product(product, net, lang) for product in products(frozen, facts)),
    ]


def _per_product(product: Any, net_mg: int | None, lang: str) -> Figure:
    value = product.per_unit(net_mg, EMISSION_DECIMALS)
    return Figure(
        gettext("单位产品碳排放：%(product)s") % {"product": _name(product.item.item, lang)},
        MISSING if value is None else significant(value),
        f"t/{product.item.unit}",
        months_note(product),
    )


def months_note(product: Any) -> str:
    """Why there is no figure: part of the period was not reported."""
    if product.complete:
        return ""
    return gettext("产量只报了 %(n)d 个月（应为 %(of)d 个月），不计算单耗") % {
        "n": product.months, "of": product.expected,
    }  # fmt: skip
