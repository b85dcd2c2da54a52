"""Pages of trends: one enterprise, one area; the question stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.areas import door as areas
from tanma.apps.kit.door import lang
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.apps.trends import area, enterprise, history
from tanma.apps.trends.asked import Asked, TrendForm, asked
from tanma.apps.trends.drawn import Answer, Unit
from tanma.apps.trends.figures import Figure, by_id
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem

Found = tuple[str, Sequence[Figure]]
"""The name of another unit and its figures."""


@dataclass(frozen=True)
class Page:
    """What both pages share: whose figures, how others are found, where the page lies."""

    name: str
    sub: str
    figures: Sequence[Figure]
    bounds: tuple[date, date] | None
    other: Callable[[str], Found | None]
    help_units: Any
    crumbs: list[tuple[Any, str]]
    links: list[tuple[Any, str]]


@login_required
def home(request: HttpRequest) -> HttpResponseBase:
    """An enterprise comes to its own trends, an official to those of the area."""
    viewer = people.viewer(request)
    if not viewer.office:
        own = registry.Enterprise.objects.filter(pk__in=viewer.own_subjects)
        firm = people.visible(viewer, own).order_by("natural_key").first()
        if firm is None:
            raise PermissionDenied("no enterprise")
        return redirect("trends:enterprise", firm.uid)
    runs = areas.publications()
    if not runs:
        return render(request, "trends/nothing.html", {"name": gettext("趋势与对比")})
    return redirect("trends:area", areas.home_of(viewer, areas.frozen(runs[0])))


def of_enterprise(request: HttpRequest, uid: str) -> HttpResponseBase:
    viewer = people.viewer(request)
    firm = _firm(viewer, uid)
    if firm is None:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise Http404(uid)
    bounds = history.bounds(firm.id)
    try:
        figures = _figures(viewer, firm, bounds)
    except Problem as problem:
        context = {"name": str(firm), "problem": problem.text(lang())}
        return render(request, "trends/nothing.html", context, status=404)
    several = viewer.office or len(viewer.own_subjects) > 1
    page = Page(
        str(firm), firm.uscc, figures, bounds,
        lambda text: _other_firm(viewer, text, bounds),
        _("企业名称或统一社会信用代码，多家用逗号分开，最多 4 家") if several else "",
        [*([(_("企业"), reverse("registry:enterprises"))] if viewer.office else []),
         (str(firm), reverse("registry:enterprise", args=[firm.uid]) if viewer.user_id else ""),
         (_("趋势与对比"), "")],
        [(_("碳账户"), reverse("accountpages:account", args=[firm.uid]))],
    )  # fmt: skip
    return _answered(request, page, f"trend-{firm.uscc}")


def _firm(viewer: people.Viewer, uid: str) -> registry.Enterprise | None:
    """The enterprise of an address, where this viewer may see its figures."""
    try:
        rows = registry.Enterprise.objects.filter(pk=id_from_text(uid))
    except Problem as problem:
        raise Http404(problem.text()) from None
    found = people.visible(viewer, rows).first()
    return found if found is not None and viewer.may("see_figures", found.id) else None


def _figures(
    viewer: people.Viewer, firm: registry.Enterprise, bounds: tuple[date, date] | None
) -> list[Figure]:
    """Figures over all published months."""
    if bounds is None:
        return []
    span = history.whole(*bounds)
    return enterprise.figures(history.History(viewer, firm, span), lang())


def _other_firm(viewer: people.Viewer, text: str, bounds: tuple[date, date] | None) -> Found | None:
    """Another enterprise by its code or name, among those whose figures the viewer may see."""
    rows = people.visible(viewer, registry.Enterprise.objects.all())
    exact = Q(natural_key=f"uscc:{text.upper()}") | Q(name=text)
    firm = rows.filter(exact).order_by("natural_key").first()
    if firm is None or not viewer.may("see_figures", firm.id):
        return None
    try:
        return str(firm), _figures(viewer, firm, bounds)
    except Problem:  # what is for statistics alone is told as if it were not there
        return None


@login_required
def of_area(request: HttpRequest, code: str) -> HttpResponseBase:
    viewer = people.viewer(request)
    viewer.require("use_desk")
    runs = areas.publications()
    if not runs:
        return render(request, "trends/nothing.html", {"name": gettext("趋势与对比")})
    data = areas.frozen(runs[0])
    known = areas.hierarchies_of(data, code)
    if not known:
        raise Http404(code)
    if not areas.may_see(viewer, data, code):
        raise PermissionDenied(code)
    region = area.Region(known[0], code)
    name = areas.names([code])[code]
    page = Page(
        name, gettext("企业口径合计"), area.figures(region), area.bounds(region),
        lambda text: _other_area(viewer, data, text),
        _("区域名称或代码，多个用逗号分开，最多 4 个"),
        [(_("区域"), reverse("registry:areas")), (name, reverse("areas:area", args=[code])),
         (_("趋势与对比"), "")],
        [(_("驾驶舱"), f"{reverse('cockpit:wall')}?area={code}")],
    )  # fmt: skip
    return _answered(request, page, f"trend-{code}")


def _other_area(viewer: people.Viewer, data: areas.Frozen, text: str) -> Found | None:
    rows = registry.Area.objects.filter(Q(code=text) | Q(name_zh=text) | Q(name_en__iexact=text))
    for found in rows.order_by("code"):
        known = areas.hierarchies_of(data, found.code)
        if known and areas.may_see(viewer, data, found.code):
            region = area.Region(known[0], found.code)
            return areas.names([found.code])[found.code], area.figures(region)
    return None


def _answered(request: HttpRequest, page: Page, file_name: str) -> HttpResponseBase:
    context: dict[str, Any] = {"page": page, "name": page.name}
    if not page.figures or page.bounds is None:
        return render(request, "trends/nothing.html", context)
    form = TrendForm(request.GET, figures=page.figures, bounds=page.bounds,
                     help_units=page.help_units)  # fmt: skip
    context["form"] = form
    question = asked(form)
    if question is not None:
        answer = Answer(question, _units(page, question, form))
        table = answer.table(request.GET)
        if (file := table.export(f"{file_name}-{question.figure.replace('/', '-')}")) is not None:
            return file
        context |= {"answer": answer, "table": table, "chart": answer.chart()}
    return render(request, "trends/trend.html", context)


def _units(page: Page, question: Asked, form: TrendForm) -> list[Unit]:
    """The unit of the page and those named beside it; a name without figures is told."""
    units = [Unit(page.name, by_id(page.figures)[question.figure])]
    for text in question.units:
        found = page.other(text)
        figure = by_id(found[1]).get(question.figure) if found else None
        if found is None:
            form.add_error("units", gettext("没有找到“%s”，或您无权查看。") % text)
        elif figure is None:
            form.add_error("units", gettext("“%s”没有这一指标。") % found[0])
        elif found[0] not in [u.name for u in units]:
            units.append(Unit(found[0], figure))
    return units
