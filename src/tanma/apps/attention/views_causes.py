"""Why the index of an area moved: one page per area and publication."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.areas.door import (
    MG_PER_T,
    QUOTIENT,
    area_figures,
    area_href,
    base,
    enterprise_href,
    hierarchies_of,
    office,
    opened,
)
from tanma.apps.attention.causes import UNIT, Causes, Mover, causes, movers, withheld
from tanma.apps.attention.listing import year_before
from tanma.apps.kit.door import (
    Chart,
    Column,
    Series,
    Table,
    percent,
    rounded,
    scaled,
    signed,
    statistics_only,
    tonnes,
)
from tanma.apps.registry import door as registry
from tanma.domain.numbers import round_shares

DIGITS = 6
"""Decimals of the index on this page: small effects have to show, and the column has to add up."""
TONNE_DIGITS = 3
NAMES = {
    "activity": _("产值规模"), "structure": _("产业结构"), "energy": _("单位产值能耗"),
    "carbon": _("单位能耗排放（能源品种与因子）"),
}  # fmt: skip


@office
def index_causes(request: HttpRequest, code: str) -> HttpResponseBase:
    found = opened(request, code)
    if found is None:
        return render(request, "areas/none.html")
    who, run, data, code = found
    offered = hierarchies_of(data, code)
    asked = request.GET.get("h", "")
    figures = area_figures(data, asked if asked in offered else offered[0], code)
    if figures is None:
        raise Http404(code)
    before = year_before(run)
    made = causes(run, before, figures.hierarchy, code) if before else None
    why = figures.why(*QUOTIENT)
    if made is not None and withheld(made):
        made, why = None, statistics_only()
    context = base(request, run, data, code) | {
        "area": figures, "before": before, "made": made, "why": why,
        "crumbs": [(figures.name, area_href(figures)), (gettext("指数变化原因"), "")],
    }  # fmt: skip
    if made is not None and before is not None:
        rows = movers(made, run, before, who)
        table = _table(rows, made, request)
        if (file := table.export(f"causes-{code}")) is not None:
            return file
        context |= _told(made) | {"table": table, "rest": _rest(rows, made)}
    return render(request, "attention/causes.html", context)


def _told(made: Causes) -> dict[str, Any]:
    """The causes as texts whose last digits add up to the change that is shown."""
    parts = {**{name: made.made.index[name] * UNIT for name in NAMES}, "others": made.others * UNIT}
    counts = dict(zip(parts, round_shares(list(parts.values()), DIGITS), strict=True))
    amounts = [made.made.emission_mg[name] / MG_PER_T for name in NAMES]
    emission = dict(zip(NAMES, round_shares(amounts, TONNE_DIGITS), strict=True))
    rows = [(name, _index(counts[key]), _tonnes(emission[key])) for key, name in NAMES.items()]
    index = [rounded(float(i * UNIT), DIGITS) for i in (made.index_before, made.index_after)]
    names = [str(NAMES[key]) for key in NAMES] + [gettext("企业进出与补报")]
    values = [float(Fraction(count, 10**DIGITS)) for count in counts.values()]
    unit = gettext("吨/万元产值")
    chart = Chart("bars", gettext("指数变化的构成"), names,
                  [Series(gettext("对指数的影响"), values, unit, digits=DIGITS)],
                  horizontal=True, category_label=gettext("原因"), name="index-causes")  # fmt: skip
    return {
        "rows": rows, "others": _index(counts["others"]), "chart": chart,
        "sum": _index(sum(counts.values())), "index": index,
        "emission_sum": _tonnes(sum(emission.values())), "n": len(made.pairs),
    }  # fmt: skip


def _index(count: int) -> str:
    return signed(scaled(count, DIGITS, DIGITS))


def _tonnes(count: int) -> str:
    return signed(scaled(count, TONNE_DIGITS, TONNE_DIGITS))


def _rest(rows: list[Mover], made: Causes) -> tuple[int, str]:
    """How many enterprises are in the sum and not on the list, and what they add together."""
    left = made.made.index_change - sum((m.share for m in rows), Fraction(0))
    return len(made.pairs) - len(rows), signed(rounded(float(left * UNIT), DIGITS))


def _table(rows: list[Mover], made: Causes, request: HttpRequest) -> Table:
    def effect(row: Mover) -> float:
        return float(row.share * UNIT)

    def change(row: Mover, name: str) -> float | None:
        was, now = getattr(row.before, name), getattr(row.now, name)
        return float(Fraction(now, was) - 1) * 100 if was and now is not None and was > 0 else None

    def percents(name: str) -> dict[str, Any]:
        return {
            "value": lambda r: change(r, name), "unit": "%", "kind": "number", "sort": True,
            "show": lambda r: None if change(r, name) is None
            else signed(percent((change(r, name) or 0) / 100)),
        }  # fmt: skip

    columns = [
        Column("name", _("企业"), lambda m: m.now.name, href=enterprise_href, sort=True),
        *registry.industry_columns(lambda m: m.now.industry, sort=True),
        Column("effect", _("对指数的影响"), effect,
               lambda m: signed(rounded(effect(m), DIGITS)), unit=_("吨/万元产值"), kind="number",
               sort=True),
        Column("net", _("净排放变化"), lambda m: (m.now.net_mg - m.before.net_mg) / MG_PER_T,
               lambda m: signed(tonnes(m.now.net_mg - m.before.net_mg)), unit="t", kind="number",
               sort=True),
        Column(key="output", label=_("产值变化"), **percents("output_fen")),
        Column(key="energy", label=_("综合能耗变化"), **percents("energy_calorific_gce")),
    ]  # fmt: skip
    return Table(columns, rows, request.GET, caption=_("推动指数变化的企业"),
                 empty=_("没有可以逐家列示的企业"))  # fmt: skip
