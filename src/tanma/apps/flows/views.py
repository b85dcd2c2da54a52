"""The energy flow of one enterprise, and the way to those of others."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import duckdb
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.facts import door as facts
from tanma.apps.flows import drawing, gathering, spans, words
from tanma.apps.flows.gathering import Gathered, gather
from tanma.apps.flows.spans import Span
from tanma.apps.inventories import door as inventories
from tanma.apps.kit.door import Column, Table, period_name
from tanma.apps.live import door as live
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.balances import balances, whole
from tanma.domain.identity import id_from_text
from tanma.domain.items import items
from tanma.domain.messages import Problem


def today() -> dt.date:
    return dt.datetime.now(ZoneInfo(settings.TIME_ZONE)).date()


@login_required
def home(request: HttpRequest) -> HttpResponseBase:
    """An enterprise comes to its own flow at once, an office chooses an enterprise or an area."""
    viewer = people.viewer(request)
    own = viewer.own_subjects
    if len(own) == 1 and not viewer.office:
        return redirect("flows:enterprise", uid=registry.Enterprise.objects.get(pk=min(own)).uid)
    rows = people.visible(viewer, registry.Enterprise.objects.filter(status="active"))
    if q := request.GET.get("q", ""):
        rows = rows.filter(name__icontains=q)
    columns = [
        Column("name", _("企业"), str, sort="name", href=address),
        Column("area", _("区域"), lambda e: registry.area_names().get(e.area_code)),
        Column("industry", _("行业"), lambda e: registry.industry_name(e.industry)),
    ]
    table = Table(columns, rows, request.GET, order="name", per_page=25, caption=_("企业"),
                  exports=())  # fmt: skip
    return render(request, "flows/home.html", {"table": table, "q": q, "areas": _areas(viewer)})


def address(firm: registry.Enterprise) -> str:
    return reverse("flows:enterprise", args=[firm.uid])


def _areas(viewer: people.Viewer) -> list[tuple[str, str]]:
    """Management areas, where the viewer may look at all of a region."""
    return []


def found_firm(viewer: people.Viewer, uid: str) -> registry.Enterprise:
    """An enterprise whose figures the viewer may see."""
    try:
        number = id_from_text(uid)
    except Problem:
        raise Http404 from None
    mine = people.visible(viewer, registry.Enterprise.objects.all())
    firm = get_object_or_404(mine, pk=number)
    viewer.require("see_figures", firm.id)
    return firm


def stated(con: duckdb.DuckDBPyConnection, viewer: people.Viewer, subject: int) -> None:
    """Table `known`: what this viewer may know of an enterprise, as of now."""
    store = inventories.StoredFacts(viewer.may("see_statistical", subject))
    con.register("known", store.known(subject, list(items()), facts.watermark()))


@login_required
def enterprise(request: HttpRequest, uid: str) -> HttpResponseBase:
    """Sources, conversion, sections and the difference over any span, as picture and table."""
    viewer = people.viewer(request)
    firm = found_firm(viewer, uid)
    with live.engine() as con:
        stated(con, viewer, firm.id)
        newest = gathering.newest(con, "known") or today()
        span, wrong = spans.asked(request.GET, newest)
        made = gather(con, "known", [firm.id], span)
    context = page(request, made, firm.name or str(firm))
    if (file := context["table"].export(f"flows-{firm.uscc}-{span.first}-{span.last}")) is not None:
        return file
    context |= {
        "firm": firm, "wrong": wrong, "offers": offers(request, span, newest),
        "sections": bool(made.below),
    }  # fmt: skip
    return render(request, "flows/enterprise.html", context)


def page(request: HttpRequest, made: Gathered, name: str) -> dict[str, Any]:
    """What every page of flows shows of them."""
    parts = balances(made.all())
    sums = whole(parts)
    chosen = drawing.view(request.GET.get("show", ""), (b.carrier for b in parts))
    notes = {
        item: "、".join(registry.source_name(s) for s in said)
        for (_, item), said in made.sources.items()
    }
    found = drawing.rows(parts, sums, notes)
    return {
        "name": name, "span": made.span, "span_name": made.span.name(words.lang()),
        "whole": sums, "picture": drawing.picture(parts, chosen, made.below), "chosen": chosen,
        "table": drawing.table(found, request.GET), "gaps": words.gap_texts(made.gaps),
        "shows": shows(request, [b.carrier for b in parts], chosen.show),
        "inferred": any(b.inferred for b in parts), "any": bool(parts),
        "uncoal": [words.carrier_name(b.carrier) for b in parts if b.difference_gce is None],
    }  # fmt: skip


def query(request: HttpRequest, **changes: str) -> str:
    kept = {k: v for k in ("period", "from", "to", "show") if (v := request.GET.get(k, ""))}
    return "?" + urlencode({k: v for k, v in (kept | changes).items() if v})


def shows(request: HttpRequest, carriers: list[str], now: str) -> list[tuple[str, str, bool]]:
    """Standard coal or one carrier in its own unit."""
    named = [(drawing.COAL, gettext("折标准煤")), *((c, words.carrier_name(c)) for c in carriers)]
    return [(label, query(request, show=key), key == now) for key, label in named]


def offers(request: HttpRequest, span: Span, newest: dt.date) -> list[tuple[str, str, bool]]:
    """Spans a click away."""
    keep = f"&show={request.GET['show']}" if request.GET.get("show") else ""
    found = []
    for text in spans.offered(newest, today()):
        given = dict(part.split("=") for part in text.split("&"))
        there, _wrong = spans.asked(given, newest)
        label = period_name(there.period, words.lang()) if there.period else (
            gettext("昨天") if "to" not in given else gettext("近 7 天"))  # fmt: skip
        same = (there.first, there.end) == (span.first, span.end)
        found.append((label, f"?{text}{keep}", same))
    return found

