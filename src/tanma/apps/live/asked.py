"""What an address of the live pages asks for: whose, which channels, which span."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from tanma.apps.live.curves import COMPARED, LEAST_PIXELS, MOST_PIXELS, Window
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem

SPANS = {
    "1m": (_("1 分钟"), dt.timedelta(minutes=1)), "1h": (_("1 小时"), dt.timedelta(hours=1)),
    "6h": (_("6 小时"), dt.timedelta(hours=6)), "1d": (_("1 天"), dt.timedelta(days=1)),
    "7d": (_("7 天"), dt.timedelta(days=7)), "31d": (_("31 天"), dt.timedelta(days=31)),
    "1y": (_("1 年"), dt.timedelta(days=366)),
}  # fmt: skip
MOST_CHANNELS = 6
"""Curves over each other that a reader can still tell apart."""


@dataclass(frozen=True)
class Asked:
    """The enterprise, its meters and channels, and what shall be drawn of them."""

    viewer: people.Viewer
    firm: registry.Enterprise
    meters: list[metering.Meter]
    channels: list[registry.Channel]
    chosen: list[registry.Channel]
    window: Window
    span: str
    compare: str
    pixels: int
    now: bool
    """Whether the span ends now and moves on."""

    def query(self, **changes: str) -> str:
        """The address of the same with something changed."""
        given = {"channel": ",".join(str(c.id) for c in self.chosen), "span": self.span,
                 "compare": self.compare}  # fmt: skip
        if not self.now:
            given |= {"from": _local(self.window.begin), "to": _local(self.window.end)}
        return "?" + urlencode({k: v for k, v in (given | changes).items() if v})


def _local(moment: dt.datetime) -> str:
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).strftime("%Y-%m-%dT%H:%M:%S")


def firm_of(request: HttpRequest, uid: str) -> tuple[people.Viewer, registry.Enterprise]:
    """The enterprise of an address whose figures the viewer may see, or 404."""
    viewer = people.viewer(request)
    try:
        rows = registry.Enterprise.objects.filter(pk=id_from_text(uid))
    except Problem:
        raise Http404(uid) from None
    firm = people.visible(viewer, rows).first()
    if firm is None or not viewer.may("see_figures", firm.id):
        raise Http404(uid)
    return viewer, firm


def asked(request: HttpRequest, uid: str) -> Asked:
    """Read an address; what is wrong in it falls back to the last day of the first channel."""
    viewer, firm = firm_of(request, uid)
    rows = metering.Meter.objects.filter(enterprise=firm.id).order_by("name")
    meters = list(people.visible(viewer, rows))
    channels = list(registry.Channel.objects.filter(meter__in=[m.name for m in meters])
                    .order_by("meter", "id"))  # fmt: skip
    window, span, now = _window(request.GET)
    compare = request.GET.get("compare", "")
    return Asked(
        viewer, firm, meters, channels, _chosen(request.GET, channels, meters), window, span,
        compare if compare in COMPARED else "", _pixels(request.GET), now,
    )  # fmt: skip


def _chosen(
    given: QueryDict, channels: list[registry.Channel], meters: list[metering.Meter]
) -> list[registry.Channel]:
    """The channels named, else of the node named, else the first of a board or top meter."""
    wanted = [w for w in given.get("channel", "").split(",") if w.isdigit()][:MOST_CHANNELS]
    by_number = {str(c.id): c for c in channels}
    if found := [by_number[w] for w in dict.fromkeys(wanted) if w in by_number]:
        return found
    node = next((m.name for m in meters if m.uid == given.get("node")), None)
    tops = {m.name for m in meters if m.parent is None and not m.formula}
    above = {m.parent for m in meters}
    boards = {m.name for m in meters if m.name in tops and m.id in above}
    own = [c for c in channels if c.meter == node] or [c for c in channels if c.meter in boards]
    own = own or [c for c in channels if c.meter in tops]
    return (own or channels)[:1]


def _window(given: QueryDict) -> tuple[Window, str, bool]:
    span = given.get("span", "1d")
    span = span if span in SPANS else "1d"
    begin, end = _moment(given.get("from", "")), _moment(given.get("to", ""))
    if begin and end and begin < end <= begin + dt.timedelta(days=1100):
        return Window(begin, end), span, False
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    return Window(now - SPANS[span][1], now), span, True


def _moment(text: str) -> dt.datetime | None:
    """A local time, or milliseconds since 1970 as the curve asks for when it is zoomed."""
    try:
        if text.lstrip("-").isdigit():
            return dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC)
        moment = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))


def _pixels(given: QueryDict) -> int:
    text = given.get("width", "")
    wide = int(text) if text.isdigit() and len(text) < 6 else 1200
    return min(max(wide, LEAST_PIXELS), MOST_PIXELS)
