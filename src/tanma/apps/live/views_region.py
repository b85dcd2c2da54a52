"""The region of today: energy and carbon from meters, completeness, automatic collection."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from tanma.apps.kit.door import HexCell, hex_map
from tanma.apps.live import regional
from tanma.apps.live.estimates import edition_links
from tanma.apps.live.words import not_public, shown
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.engine.disclosure import least

STEPS = (0.5, 0.8, 0.95, 0.99)
"""Completeness at which the map's shade changes."""


@login_required
def region(request: HttpRequest) -> HttpResponse:
    viewer = people.viewer(request)
    if not viewer.office:
        raise PermissionDenied("office")
    today = timezone.localdate()
    meters = people.visible(viewer, metering.Meter.objects.exclude(enterprise=None))
    owners = {m for m in meters.values_list("enterprise", flat=True) if m is not None}
    subjects = None if "" in viewer.area_codes else owners
    found = regional.look(subjects, today)
    context = {
        "today": today, "any": meters.exists(), "lines": [_line(x) for x in found.lines],
        "tiles": _tiles(found.sums), "least": least(),
        "hidden": bool(found.sums.withheld) or any(x.withheld for x in found.lines),
        "map": _map(found.completeness), "rate": _rate(viewer, found),
        "areas": _areas(found.completeness), "mirrored": found.known_at,
        "derived": found.derived_at,
        "editions": edition_links(found.by) if found.by else [],
    }  # fmt: skip
    template = "live/parts/region.html" if request.headers.get("HX-Request") else "live/region.html"
    return render(request, template, context)


def _line(line: regional.Line) -> dict[str, Any]:
    told = {"today": line.today, "month": line.month, "before": line.before}
    return {
        "name": registry.item_name(line.item), "unit": line.unit,
        **{n: not_public() if n in line.withheld else shown(v) for n, v in told.items()},
        "change": line.change, "replaced": line.replaced_share, "factor": line.factor,
        "co2": not_public() if "month" in line.withheld else shown(line.month_t, 4),
    }  # fmt: skip


def _tiles(sums: regional.Sums) -> list[dict[str, Any]]:
    """Coal equivalent and carbon of today and of this month, over the items that have a factor."""
    labels = {
        "today_tce": (gettext("今日用能"), "tce"), "today_t": (gettext("今日碳排放"), "tCO₂"),
        "month_tce": (gettext("本月用能"), "tce"), "month_t": (gettext("本月碳排放"), "tCO₂"),
    }  # fmt: skip
    return [
        {"label": label, "unit": unit,
         "value": not_public() if name in sums.withheld else shown(getattr(sums, name), 4)}
        for name, (label, unit) in labels.items()
    ]  # fmt: skip


def _by_area(completeness: dict[int, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Statutory area → readings that came and that were expected, of the enterprises in it."""
    rows = registry.Enterprise.objects.filter(id__in=completeness).values_list("id", "area_code")
    above = registry.ancestors_on(timezone.localdate(), "statutory")
    sums: dict[str, tuple[int, int]] = {}
    for subject, code in rows:
        came, wanted = completeness[subject]
        for area in dict.fromkeys([code, *above.get(code, [])]):
            before = sums.get(area, (0, 0))
            sums[area] = (before[0] + came, before[1] + wanted)
    return sums


def _areas(completeness: dict[int, tuple[int, int]]) -> list[tuple[str, str, int]]:
    """Areas without a place on the map are told as rows: name, share, expected."""
    sums, names = _by_area(completeness), registry.area_names()
    return [
        (names.get(code, code), f"{100 * came / wanted:.1f}", wanted)
        for code, (came, wanted) in sorted(sums.items()) if wanted
    ]  # fmt: skip


def _map(completeness: dict[int, tuple[int, int]]) -> Any:
    """Areas with a hexagon, shaded by the share of expected readings that came."""
    sums = _by_area(completeness)
    areas = list(registry.Area.objects.exclude(hex_col=None))
    if not areas:
        return None
    above = registry.ancestors_on(timezone.localdate(), "statutory")
    groups = {a.code: [*above.get(a.code, [a.code]), a.code][1] for a in areas}
    cells = [_hexagon(a, sums.get(a.code), groups[a.code]) for a in areas]
    return hex_map(cells, [], title=gettext("采集完整率"), unit="%")


def _hexagon(area: registry.Area, found: tuple[int, int] | None, group: str) -> HexCell:
    name = registry.area_name(area)
    place = (area.hex_col or 0, area.hex_row or 0)
    if not found or not found[1]:
        return HexCell(*place, name, "—", "missing", "", group, gettext("没有表计"))
    share = found[0] / found[1]
    look = f"q{sum(share >= s for s in STEPS) + 1}"
    return HexCell(*place, name, f"{100 * share:.1f}", look, "", group, "")


def _rate(viewer: people.Viewer, found: regional.Region) -> dict[str, Any]:
    """Automatic collection: enterprises whose meters report, and their share of reported power."""
    firms = people.visible(viewer, registry.Enterprise.objects.filter(status="active"))
    above = firms.filter(size_class="above")
    total = above.count()
    own = above.filter(id__in=found.heard).count()
    may_see = None if "" in viewer.area_codes else set(firms.values_list("id", flat=True))
    reported = {s: v for s, v in found.reported.items() if may_see is None or s in may_see}
    metered = sum(min(v, reported[s]) for s, v in found.metered.items() if s in reported)
    all_kwh = sum(reported.values())
    return {
        "firms": total, "heard": own, "share": own / total if total else None,
        "month": f"{found.rate_month:%Y-%m}", "power": metered / all_kwh if all_kwh else None,
        "list": reverse("live:enterprises"),
    }  # fmt: skip
