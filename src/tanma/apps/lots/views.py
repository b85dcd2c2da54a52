"""The list of batches and the page of one."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext

from tanma.apps.kit.door import (
    Chart,
    Series,
    clauses,
    lang,
    listed,
    percent,
    scaled,
    significant,
    unit_name,
)
from tanma.apps.live import door as live
from tanma.apps.lots import counted, tables
from tanma.apps.lots.figures import Figure, Use, figures
from tanma.apps.lots.models import Lot
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem
from tanma.domain.quality import flags_of

ALIKE = 12
"""Batches of the same product that the page of one compares."""


@login_required
def lots(request: HttpRequest) -> HttpResponseBase:
    """Batches of some weeks with what each of them used."""
    viewer = people.viewer(request)
    mine = people.visible(viewer, Lot.objects.all())
    form = tables.LotFilter(request.GET)
    days = form.days(_newest(mine))
    chosen = list(form.narrowed(mine, days, settings.TIME_ZONE)) if form.is_valid() else []
    made = list(figures(chosen).values())
    firms = dict(
        registry.Enterprise.objects.filter(id__in={lot.enterprise for lot in chosen})
        .values_list("id", "name")
    )  # fmt: skip
    table = tables.table(made, request.GET, firms, many=viewer.office or len(firms) > 1)
    if (file := table.export("batches")) is not None:
        return file
    context = {
        "form": form, "table": table, "first": days[0], "last": days[1], "any": mine.exists(),
        "some": bool(made), "may": viewer.may("import") or viewer.may("declare"),
        "factors": _factors(made),
    }  # fmt: skip
    return render(request, "lots/lots.html", context)


def _newest(rows: QuerySet[Lot]) -> dt.date:
    last = rows.aggregate(last=Max("begin"))["last"]
    moment = last or dt.datetime.now(dt.UTC)
    day: dt.date = moment.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return day


def _factors(made: list[Figure]) -> list[str]:
    """The factors behind the estimates, each once."""
    rows = dict.fromkeys(row for f in made for use in f.energies for row in use.rows)
    return [live.factor_text(row) for row in rows]


@login_required
def lot(request: HttpRequest, uid: str) -> HttpResponse:
    """One batch: what it used, of which meters, how well it is known, and others like it."""
    viewer = people.viewer(request)
    try:
        number = id_from_text(uid)
    except Problem:
        raise Http404 from None
    mine = people.visible(viewer, Lot.objects.all())
    one = get_object_or_404(mine, pk=number)
    alike = mine.filter(
        enterprise=one.enterprise, product=one.product, unit=one.unit, begin__lte=one.begin
    )
    some = list(alike.exclude(pk=one.pk).order_by("-begin")[: ALIKE - 1])
    made = figures([one, *some])
    figure = made[one.id]
    firm = registry.Enterprise.objects.get(pk=one.enterprise)
    context = {
        "lot": one, "figure": figure, "firm": firm, "state": tables.state(figure),
        "begin": tables.local(one.begin, one.zone), "end": tables.local(one.end, one.zone),
        "output": tables.output(one), "uses": [_shown(u) for u in figure.uses],
        "unit": unit_name(one.unit, lang()), "factors": _factors([figure]),
        "energy_per": significant(figure.kgce_per_unit),
        "carbon_per": significant(figure.kg_per_unit),
        "curve": _curve(one, firm), "chart": _chart([made[x.id] for x in (*some[::-1], one)]),
    }  # fmt: skip
    return render(request, "lots/lot.html", context)


def _shown(use: Use) -> dict[str, Any]:
    english = lang() == "en"
    return {
        "item": registry.item_name(use.item.item), "meters": listed(use.meters),
        "amount": scaled(use.count, use.item.scale), "energy": use.energy,
        "unit": unit_name(use.item.unit, lang()), "gce": use.gce, "mg": use.mg,
        "covered": percent(use.covered), "whole": use.covered == 1, "cut": use.cut,
        "flags": clauses(f.name_en if english else f.name_zh for f in flags_of(use.flags)),
    }  # fmt: skip


def _curve(one: Lot, firm: registry.Enterprise) -> str:
    """The live page over exactly the time of the batch."""
    channels = counted.channels([one])[one.id][:6]
    if not channels:
        return ""
    query = {
        "channel": ",".join(str(c.id) for c in channels),
        "from": int(one.begin.timestamp() * 1000), "to": int(one.end.timestamp() * 1000),
    }  # fmt: skip
    return reverse("live:enterprise", args=[firm.uid]) + "?" + urlencode(query)


def _chart(made: list[Figure]) -> Chart | None:
    """Energy per unit of this product, batch by batch, where there is something to compare."""
    if len(made) < 2:
        return None
    unit = unit_name(made[0].lot.unit, lang())
    values = [None if f.kgce_per_unit is None else float(f.kgce_per_unit) for f in made]
    series = Series(gettext("单位产品能耗（当量值）"), values, f"kgce/{unit}")
    return Chart(
        "bars", gettext("同产品各批次"), [f.lot.number for f in made], [series],
        category_label=gettext("批次号"), name="lots-alike",
    )  # fmt: skip
