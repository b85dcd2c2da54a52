"""The meters, days and readings behind a month that meters stated."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from tanma.apps.kit.door import Column, Table, known_time, lang, percent, rounded, scaled
from tanma.apps.live.asked import firm_of
from tanma.apps.live.origins import Day, Origin, origin, posted
from tanma.apps.metering import door as metering
from tanma.domain.items import Item, items
from tanma.domain.messages import Problem

DAY_S = 86_400


@login_required
@require_GET
def readings_behind(request: HttpRequest, uid: str, seq: int) -> HttpResponseBase:
    viewer, firm = firm_of(request, uid)
    fact = posted(firm.id, seq)
    if fact is None or not viewer.may("see_basis", firm.id):
        raise Http404(seq)
    item, (made, problem) = items()[fact.item], _derived(fact)
    table = _days(made, item, uid, request) if made else None
    if table is not None and (file := table.export(f"readings-{seq}")) is not None:
        return file
    name = item.name_en if lang() == "en" else item.name_zh
    context: dict[str, Any] = {
        "firm": firm, "item": name, "unit": item.unit, "month": f"{fact.valid_from:%Y-%m}",
        "amount": scaled(fact.value, item.scale), "made": made, "problem": problem, "table": table,
        "meters": _meters(made, item) if made else [],
        "again": scaled(made.again, item.scale) if made else None,
        "known": known_time(made.known_at, settings.TIME_ZONE) if made else "",
        "crumbs": [(firm.name, reverse("registry:enterprise", args=[uid])),
                   (gettext("计算依据"), reverse("accountpages:basis", args=[uid])),
                   (gettext("表计与读数"), "")],
    }  # fmt: skip
    return render(request, "live/origin.html", context)


def _derived(fact: Any) -> tuple[Origin | None, str]:
    """The days behind an amount, or why they cannot be derived."""
    try:
        return origin(fact), ""
    except Problem as problem:
        return None, problem.text(lang())


def _meters(made: Origin, item: Item) -> list[dict[str, Any]]:
    """Each meter with its sum, its share of the month, and how much of the month it knows."""
    days = (made.fact.valid_to - made.fact.valid_from).days
    rows = metering.Meter.objects.filter(name__in=[c.meter for c in made.channels])
    uids = {m.name: m.uid for m in rows}
    whole = sum((d.amount for d in made.days if d.amount is not None), Fraction(0))
    found = []
    for channel in made.channels:
        own = made.of(channel)
        amount = sum((d.amount for d in own if d.amount is not None), Fraction(0))
        found.append({
            "name": channel.meter, "href": reverse("meters:meter", args=[uids[channel.meter]]),
            "amount": rounded(amount / 10**item.scale, item.scale),
            "share": percent(float(amount / whole)) if whole else None,
            "covered": percent(sum(d.covered_s for d in own) / (days * DAY_S)),
            "substituted": sum(d.substituted for d in own), "flagged": sum(d.flagged for d in own),
        })  # fmt: skip
    return found


def _days(made: Origin, item: Item, uid: str, request: HttpRequest) -> Table:
    def curve(row: Day) -> str:
        span = f"from={row.day:%Y-%m-%d}T00:00:00&to={row.day:%Y-%m-%d}T23:59:59"
        return reverse("live:enterprise", args=[uid]) + f"?channel={row.channel.id}&{span}"

    def amount(row: Day) -> Fraction | None:
        return None if row.amount is None else row.amount / 10**item.scale

    columns = [
        Column("day", _("日期"), lambda d: d.day.isoformat(), href=curve, sort=True),
        Column("meter", _("表计"), lambda d: d.channel.meter, sort=True),
        Column("amount", _("用量"), lambda d: None if d.amount is None else float(amount(d) or 0),
               lambda d: None if d.amount is None else rounded(amount(d) or 0, item.scale),
               unit=item.unit, kind="number", sort=True),
        Column("covered", _("已知时长"), lambda d: 100 * d.covered_s / DAY_S,
               lambda d: percent(d.covered_s / DAY_S), unit="%", kind="number", sort=True),
        Column("flagged", _("有标志的读数"), lambda d: d.flagged, kind="number", sort=True),
        Column("substituted", _("替代"), lambda d: gettext("有") if d.substituted else None),
    ]  # fmt: skip
    return Table(columns, made.days, request.GET, caption=_("逐日用量"),
                 empty=_("没有逐日用量"))  # fmt: skip
