"""The energy flow of one enterprise, and the way to those of others."""

from __future__ import annotations

import duckdb
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tanma.apps.facts import door as facts
from tanma.apps.flows import gathering, material, spans
from tanma.apps.flows.gathering import gather
from tanma.apps.flows.pages import offers, page, today
from tanma.apps.flows.views_area import areas
from tanma.apps.inventories import door as inventories
from tanma.apps.kit.door import Column, Table
from tanma.apps.live import door as live
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.items import items
from tanma.domain.messages import Problem


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
        *registry.industry_columns(lambda e: e.industry, sort=False),
    ]
    table = Table(columns, rows, request.GET, order="name", per_page=25, caption=_("企业"),
                  exports=())  # fmt: skip
    return render(request, "flows/home.html", {"table": table, "q": q, "areas": areas(viewer)})


def address(firm: registry.Enterprise) -> str:
    return reverse("flows:enterprise", args=[firm.uid])


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
        goods = material.gather(con, "known", span)
    context = page(request, made, firm.name or str(firm))
    if (file := context["table"].export(f"flows-{firm.uscc}-{span.first}-{span.last}")) is not None:
        return file
    context |= {
        "firm": firm, "wrong": wrong, "offers": offers(request, span, newest),
        "sections": any(m.point.above for m in made.measured), "below": bool(made.below),
        "goods": goods, "goods_rows": list(material.rows(goods)),
        "goods_picture": material.picture(goods),
    }  # fmt: skip
    return render(request, "flows/enterprise.html", context)
