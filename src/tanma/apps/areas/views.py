"""Pages of areas: drill, rankings, neutrality."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from tanma.apps.areas import access, listings
from tanma.apps.areas.figures import (
    CITIES,
    COUNTIES,
    QUOTIENT,
    TOWNS,
    AreaFigures,
    abnormal_words,
    area_figures,
    children,
    comparison,
    level_below,
    names,
    remainder,
)
from tanma.apps.areas.frozen import Frozen
from tanma.apps.areas.pages import address, base, office, opened
from tanma.apps.codes import door as codes
from tanma.apps.kit.door import MISSING, lang, significant, statistics_only
from tanma.apps.people.door import Viewer
from tanma.domain.rating.attention import index_rule

LEVELS = {"city": CITIES, "county": COUNTIES, "town": TOWNS}


@office
def area(request: HttpRequest, code: str) -> HttpResponseBase:
    place = opened(request, code)
    if place is None:
        return render(request, "areas/none.html")
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
    return render(request, "areas/area.html", base(request, run, data, code) | {
        "area": figures, "hierarchy": hierarchy, "crumbs": _crumbs(who, data, hierarchy, code),
        "hierarchies": [(h, address(request, h=h), h == hierarchy) for h in offered],
        "below": below, "firms": firms, "missing": missing,
        "check": _sum_check(data, hierarchy, code, figures), "index_words": abnormal_words(figures),
        "comparison": comparison(figures), "bound": figures.bound(lang()),
        **_withheld(data, figures), "region_index": _region_index(data),
        "direction": codes.word(index_rule().direction),
        "structure": codes.word(index_rule().structure),
    })  # fmt: skip


def _region_index(data: Frozen) -> str:
    region = area_figures(data, "statutory", data.home, "")
    return (region.why(*QUOTIENT) or significant(region.index)) if region else MISSING


def _withheld(data: Frozen, figures: AreaFigures | None) -> dict[str, Any]:
    """Per tile why it is not shown, and whether anything in the run is withheld at all."""
    if figures is None or not data.untold.keys:
        return {"why": {}, "withheld": False}
    quotient = figures.why(*QUOTIENT)
    shut = figures.adjusted_index is None and figures.index is not None
    return {
        "withheld": True,
        "why": {
            "energy": figures.why("energy"), "parts": figures.why("energy", "parts"),
            "quotient": quotient, "adjusted": quotient or (statistics_only() if shut else ""),
        },
    }  # fmt: skip


def _sum_check(data: Frozen, hierarchy: str, code: str, figures: AreaFigures) -> dict[str, Any]:
    """Children + those directly on the area = the area, in enterprises and in mg."""
    parts, rest = children(data, hierarchy, code), remainder(data, hierarchy, code)
    known = [c.net_mg for c in parts if c.net_mg is not None]
    total = None if rest.net_mg is None else sum(known) + rest.net_mg
    firms = sum(c.enterprises for c in parts) + rest.enterprises
    return {
        "n": len(parts), "rest": rest, "net_mg": total, "enterprises": firms,
        "exact": total == figures.net_mg and firms == figures.enterprises,
        "why": "" if total is not None else statistics_only(),
    }  # fmt: skip


def _crumbs(who: Viewer, data: Frozen, hierarchy: str, code: str) -> list[tuple[str, str]]:
    above = data.trees[hierarchy].ancestors.get(code, [code])[:0:-1]
    shown = [c for c in above if access.may_see(who, data, c) and (hierarchy, c) in data.areas]
    called = names([*shown, code])
    links = [(called[c], reverse("areas:area", args=[c]) + f"?h={hierarchy}") for c in shown]
    return [(gettext("驾驶舱"), reverse("cockpit:wall")), *links, (called[code], "")]


@office
def rankings(request: HttpRequest) -> HttpResponseBase:
    """Areas and enterprises in the order of any figure."""
    place = opened(request, request.GET.get("area", ""))
    if place is None:
        return render(request, "areas/none.html")
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
    return render(request, "areas/rankings.html", base(request, run, data, code) | {
        "table": table, "level": level,
        "levels": [(text, f"?area={code}&period={run.period}&level={key}", key == level)
                   for key, text in levels],
    })  # fmt: skip


@office
def neutrality(request: HttpRequest) -> HttpResponseBase:
    """What is neutralised: deduction ÷ gross, per area below and per enterprise."""
    place = opened(request, request.GET.get("area", ""))
    if place is None:
        return render(request, "areas/none.html")
    who, run, data, code = place
    areas = listings.neutrality_areas(children(data, "statutory", code), request.GET)
    firms = listings.neutrality_firms(who, data, code, request.GET)
    for table, name in ((areas, "areas"), (firms, "enterprises")):
        if (file := table.export(f"neutrality-{name}-{code}")) is not None:
            return file
    figures = area_figures(data, "statutory", code) or area_figures(data, "management", code)
    return render(request, "areas/neutrality.html", base(request, run, data, code) | {
        "area": figures, **_withheld(data, figures),
        "areas": areas, "firms": firms,
    })  # fmt: skip
