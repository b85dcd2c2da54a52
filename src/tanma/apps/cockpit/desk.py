"""Desk pages of the cockpit: drill, rankings, neutrality, kiosks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from tanma.apps.cockpit import access, kiosks, listings, wall
from tanma.apps.cockpit.figures import (
    AreaFigures,
    abnormal_words,
    area_figures,
    children,
    level_below,
    names,
    remainder,
)
from tanma.apps.cockpit.frozen import Frozen, frozen
from tanma.apps.cockpit.models import Kiosk
from tanma.apps.cockpit.views import address, chosen_run, office
from tanma.apps.codes import door as codes
from tanma.apps.people.door import Viewer, viewer, visible
from tanma.domain.identity import id_from_text
from tanma.domain.rating.attention import index_rule

CITIES, COUNTIES, TOWNS = ("city",), ("county", "new_area"), ("township",)
LEVELS = {"city": CITIES, "county": COUNTIES, "town": TOWNS}


def opened(request: HttpRequest, code: str) -> tuple[Viewer, codes.Run, Frozen, str] | None:
    """Viewer, run, its data and the area asked for, after the check of rights."""
    runs = wall.publications()
    if not runs:
        return None
    run, who = chosen_run(request, runs), viewer(request)
    data = frozen(run)
    code = code or access.home_of(who, data)
    access.require_area(who, data, code)
    if not access.hierarchies_of(data, code):
        raise Http404(code)
    return who, run, data, code


def base(request: HttpRequest, run: codes.Run, data: Frozen, code: str) -> dict[str, Any]:
    runs = wall.publications()
    return {
        "run": run, "edition": run.edition, "code": code, "name": names([code])[code],
        "periods": [(r, address(request, period=r.period), r.id == run.id) for r in runs[:8]],
        "home": data.home, "rule": index_rule(),
    }  # fmt: skip


@office
def area(request: HttpRequest, code: str) -> HttpResponseBase:
    place = opened(request, code)
    if place is None:
        return render(request, "cockpit/none.html")
    who, run, data, code = place
    offered = access.hierarchies_of(data, code)
    if not offered:
        raise Http404(code)
    asked = request.GET.get("h", "")
    hierarchy = asked if asked in offered else offered[0]
    figures = area_figures(data, hierarchy, code)
    if figures is None:
        raise Http404(code)
    below = listings.children_table(data, hierarchy, code, request.GET)
    firms = listings.enterprises_table(who, data, hierarchy, code, request.GET)
    missing = listings.missing_table(who, data, hierarchy, code, request.GET)
    for table, name in ((below, "areas"), (firms, "enterprises"), (missing, "missing")):
        if (file := table.export(f"{name}-{code}")) is not None:
            return file
    return render(request, "cockpit/area.html", base(request, run, data, code) | {
        "area": figures, "hierarchy": hierarchy, "crumbs": _crumbs(who, data, hierarchy, code),
        "hierarchies": [(h, address(request, h=h), h == hierarchy) for h in offered],
        "below": below, "firms": firms, "missing": missing,
        "check": _sum_check(data, hierarchy, code, figures), "index_words": abnormal_words(figures),
        "comparison": wall.comparison(figures),
        "region": data.areas.get(("statutory", data.home), {}),
        "direction": words(index_rule().direction), "structure": words(index_rule().structure),
    })  # fmt: skip


def words(said: Any) -> str:
    return str(said.en if get_language() == "en" else said.zh)


def _sum_check(data: Frozen, hierarchy: str, code: str, figures: AreaFigures) -> dict[str, Any]:
    """Children + those directly on the area = the area, in enterprises and in mg."""
    parts, rest = children(data, hierarchy, code), remainder(data, hierarchy, code)
    total = sum(c.net_mg for c in parts) + rest.net_mg
    firms = sum(c.enterprises for c in parts) + rest.enterprises
    return {
        "n": len(parts), "rest": rest, "net_mg": total, "enterprises": firms,
        "exact": total == figures.net_mg and firms == figures.enterprises,
    }  # fmt: skip


def _crumbs(who: Viewer, data: Frozen, hierarchy: str, code: str) -> list[tuple[str, str]]:
    above = data.trees[hierarchy].ancestors.get(code, [code])[:0:-1]
    shown = [c for c in above if access.may_see(who, data, c) and (hierarchy, c) in data.areas]
    called = names([*shown, code])
    links = [(called[c], reverse("cockpit:area", args=[c]) + f"?h={hierarchy}") for c in shown]
    return [(gettext("驾驶舱"), reverse("cockpit:wall")), *links, (called[code], "")]


@office
def rankings(request: HttpRequest) -> HttpResponseBase:
    """Areas and enterprises in the order of any figure."""
    place = opened(request, request.GET.get("area", ""))
    if place is None:
        return render(request, "cockpit/none.html")
    who, run, data, code = place
    level = request.GET.get("level", "town")
    if level == "enterprise":
        table = listings.enterprises_table(who, data, "statutory", code, request.GET,
                                           prefix="", order="-net")  # fmt: skip
    else:
        rows = level_below(data, code, LEVELS.get(level, TOWNS))
        table = listings.areas_table(rows, request.GET, order="-index")
    if (file := table.export(f"ranking-{level}-{code}")) is not None:
        return file
    cities = [("city", gettext("地市"))] if level_below(data, code, CITIES) else []
    levels = [
        *cities,
        ("county", gettext("区县")),
        ("town", gettext("乡镇街道")),
        ("enterprise", gettext("企业")),
    ]
    return render(request, "cockpit/rankings.html", base(request, run, data, code) | {
        "table": table, "level": level,
        "levels": [(text, f"?area={code}&period={run.period}&level={key}", key == level)
                   for key, text in levels],
    })  # fmt: skip


@office
def neutrality(request: HttpRequest) -> HttpResponseBase:
    """What is neutralised: deduction ÷ gross, per area below and per enterprise."""
    place = opened(request, request.GET.get("area", ""))
    if place is None:
        return render(request, "cockpit/none.html")
    who, run, data, code = place
    areas = listings.neutrality_areas(children(data, "statutory", code), request.GET)
    firms = listings.neutrality_firms(who, data, code, request.GET)
    for table, name in ((areas, "areas"), (firms, "enterprises")):
        if (file := table.export(f"neutrality-{name}-{code}")) is not None:
            return file
    return render(request, "cockpit/neutrality.html", base(request, run, data, code) | {
        "area": area_figures(data, "statutory", code) or area_figures(data, "management", code),
        "areas": areas, "firms": firms,
    })  # fmt: skip


class KioskForm(forms.Form):
    """What a kiosk shows and for how long."""

    label = forms.CharField(label=_("名称"), max_length=60, help_text=_("例如：一楼大厅屏"))
    area_code = forms.ChoiceField(label=_("区域"))
    days = forms.TypedChoiceField(
        label=_("有效期（天）"), coerce=int, choices=[(d, str(d)) for d in kiosks.DAYS]
    )


@office
@require_http_methods(["GET", "POST"])
def kiosk_list(request: HttpRequest) -> HttpResponseBase:
    """The viewer's kiosks; making one shows its address once."""
    place = opened(request, "")
    if place is None:
        return render(request, "cockpit/none.html")
    who, _run, data, code = place
    if request.method == "POST" and "revoke" in request.POST:
        if kiosks.revoke(who, id_from_text(request.POST["revoke"])):
            messages.success(request, gettext("已撤销，该地址不再可用。"))
        return redirect("cockpit:kiosks")
    form = KioskForm(request.POST or None)
    form.fields["area_code"].choices = _kiosk_areas(who, data, code)  # type: ignore[attr-defined]
    made = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        _kiosk, token = kiosks.make(who, given["area_code"], given["label"], given["days"])
        made = request.build_absolute_uri(reverse("cockpit:kiosk", args=[token]))
    rows = list(visible(who, Kiosk.objects.order_by("-created_at")))
    called = names([k.area_code for k in rows])
    return render(request, "cockpit/kiosks.html", {
        "form": form, "made": made, "rows": [(k, called[k.area_code]) for k in rows],
    })  # fmt: skip


def _kiosk_areas(who: Viewer, data: Frozen, code: str) -> list[tuple[str, str]]:
    below = [a for a in level_below(data, code, COUNTIES) if access.may_see(who, data, a.code)]
    return [(code, names([code])[code]), *((a.code, a.name) for a in below)]
