"""Pages of the cockpit: the wall, its kiosk, and the refresh that replaces only what changed."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from tanma.apps.areas import door as areas
from tanma.apps.areas.door import address, area_figures, frozen, names, office
from tanma.apps.cockpit import kiosks, places, wall
from tanma.apps.codes import door as codes
from tanma.apps.people.door import Viewer, viewer

PERIODS_OFFERED = 4


@office
def cockpit(request: HttpRequest) -> HttpResponseBase:
    runs = areas.publications()
    if not runs:
        return render(request, "cockpit/empty.html")
    run = areas.chosen_run(request, runs)
    who, data = viewer(request), frozen(run)
    code = request.GET.get("area") or areas.home_of(who, data)
    areas.require_area(who, data, code)
    return _wall(request, runs, run, code, who)


def kiosk(request: HttpRequest, token: str) -> HttpResponseBase:
    """The wall without a login: the newest publication of one area, sums and counts only."""
    held = kiosks.opened(token)
    if held is None:
        return render(request, "cockpit/kiosk_over.html", status=404)
    runs = areas.publications()
    if not runs:
        return render(request, "cockpit/empty.html")
    return _wall(request, runs, runs[0], held.area_code, None)


def _wall(
    request: HttpRequest, runs: list[codes.Run], run: codes.Run, code: str, who: Viewer | None
) -> HttpResponseBase:
    data = frozen(run)
    hierarchy = next(iter(areas.hierarchies_of(data, code)), "statutory")
    figures = area_figures(data, hierarchy, code)
    if figures is None:
        raise Http404(code)
    face = request.GET.get("map", "index")
    view = wall.View(run, runs, figures, face if face in places.measures() else "index",
                     aggregates_only=who is None)  # fmt: skip
    seen, arrived = request.GET.get("seen", ""), wall.last_arrival()
    version = f"{run.uid} {arrived}"
    if seen == version:
        return HttpResponse(status=204)
    links = _links(request, view, who)
    if seen.startswith(f"{run.uid} "):
        pulse = links | {"version": version, "arrived": arrived, "swap": True}
        return render(request, "cockpit/parts/pulse.html", pulse)
    template = "cockpit/refresh.html" if seen else "cockpit/wall.html"
    context = wall.context(view) | links | {"version": version, "swap": bool(seen)}
    return render(request, template, context)


def _links(request: HttpRequest, view: wall.View, who: Viewer | None) -> dict[str, Any]:
    faces = [
        (m.label, address(request, map=key), key == view.map)
        for key, m in places.measures().items()
    ]
    offered = view.runs[:PERIODS_OFFERED][::-1] if who else [view.run]
    return {
        "office": who is not None, "faces": faces, "edition": view.run.edition,
        "periods": [(r, address(request, period=r.period), r.id == view.run.id) for r in offered],
        "poll": address(request), "crumbs": _crumbs(view, who),
    }  # fmt: skip


def _crumbs(view: wall.View, who: Viewer | None) -> list[tuple[str, str]]:
    """The areas above that the viewer may see, and this one."""
    data, code = view.data, view.figures.code
    above = data.trees[view.figures.hierarchy].ancestors.get(code, [code])[:0:-1]
    region = data.trees["statutory"]
    shown = [
        c for c in above
        if who and areas.may_see(who, data, c) and region.inside(c, data.home)
    ]  # fmt: skip
    called = names([*shown, code])
    here = reverse("cockpit:wall")
    return [*((called[c], f"{here}?area={c}") for c in shown), (called[code], "")]
