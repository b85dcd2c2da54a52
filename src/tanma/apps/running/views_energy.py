"""Energy by carrier, green power and water: today from meters, by month from publications."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext

from tanma.apps.areas import door as areas
from tanma.apps.live import door as live
from tanma.apps.live.door import Closed
from tanma.apps.registry import door as registry
from tanma.apps.running import asked, energy, regional
from tanma.apps.running.asked import Place, frame, shown
from tanma.apps.running.lag import lag
from tanma.apps.running.views_account import lines_of
from tanma.apps.trends import door as trends
from tanma.domain.messages import Problem
from tanma.domain.periods import parse
from tanma.engine.disclosure import least

SHOWN_MONTHS = 12


@login_required
def enterprise_energy(request: HttpRequest, uid: str) -> HttpResponseBase:
    place = asked.enterprise_of(request, uid)
    assert place.firm is not None
    context = frame(place, "energy") | _live_tiles(place)
    bounds = trends.bounds(place.firm.id)
    if bounds is not None:
        try:
            history = trends.History(place.viewer, place.firm, trends.whole(*bounds))
            months = history.span.months[-SHOWN_MONTHS:]
            context |= _drawn(energy.of_enterprise(history, months))
        except Problem as problem:
            context["problem"] = problem.text()
    return render(request, "running/energy.html", context)


@login_required
def region_energy(request: HttpRequest) -> HttpResponseBase:
    place = asked.region_of(request)
    context = frame(place, "energy") | _live_tiles(place)
    runs = areas.publications()
    if runs:
        data = areas.frozen(runs[0])
        code = request.GET.get("area") or areas.home_of(place.viewer, data)
        known = areas.hierarchies_of(data, code)
        if not known or not areas.may_see(place.viewer, data, code):
            raise Http404(code)
        screen = energy.Screen(
            parse(runs[0].period).months, regional.energy(runs[0], known[0], code),
            regional.beside(runs[0], known[0], code),
        )  # fmt: skip
        context |= {
            "area": areas.names([code])[code],
            "period": runs[0].period,
            "areas": _areas(place, data, code),
            **_drawn(screen),
        }
    return render(request, "running/energy.html", context)


def _drawn(screen: energy.Screen) -> dict[str, Any]:
    return {"charts": screen.charts(), "missing": screen.missing()}


def _areas(place: Place, data: areas.Frozen, code: str) -> list[tuple[str, str, bool]]:
    """The chosen area, the one above and those directly below, as far as the viewer may see."""
    tree = data.trees["statutory"]
    near = [tree.parent(code), code, *tree.children(code)]
    open_to = [
        c for c in near
        if c and ("statutory", c) in data.areas and areas.may_see(place.viewer, data, c)
    ]  # fmt: skip
    called = areas.names(open_to)
    return [(called[c], f"?area={c}", c == code) for c in dict.fromkeys(open_to)]


def _live_tiles(place: Place) -> dict[str, Any]:
    """Today and this month of each carrier and of water, as metered."""
    today = asked.now()
    found = live.account(place.subjects, today.replace(day=1), today)
    shut = Closed() if found is None or place.firm else live.withheld(found)

    def kept(value: float, item: str, day: dt.date | None = None) -> str:
        return live.not_public() if shut.has(item, day) else shown(value, 6)

    tiles = [
        (registry.item_name(x.item), kept(x.today, x.item, today), x.unit,
         gettext("本月至今 %s") % kept(x.amount, x.item))
        for x in lines_of(found)
    ]  # fmt: skip
    return {
        "live": tiles, "lag": lag(place.channels if place.firm else None),
        "hidden": bool(shut.keys), "least": least(),
    }  # fmt: skip
