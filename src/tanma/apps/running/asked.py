"""Whose pages these are, which of them there are, and which month is asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import listed, significant
from tanma.apps.live import door as live
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry

MONTHS_BACK = 6
SHOWN = ("electricity.pv.generated", "electricity.pv.exported", "water.total", "water.fresh")
"""Metered amounts that are shown and emit nothing."""
TABS = (
    ("account", _("监测估算账户")),
    ("energy", _("能源总览")),
    ("power", _("源网荷储")),
)


@dataclass(frozen=True)
class Place:
    """An enterprise, or (without one) everything an official is responsible for."""

    viewer: people.Viewer
    firm: registry.Enterprise | None = None

    @property
    def name(self) -> str:
        if self.firm is not None:
            return str(self.firm)
        if "" in self.viewer.area_codes:
            return gettext("全部区域")
        names = registry.area_names()
        return listed(names.get(code, code) for code in self.viewer.area_codes)

    @property
    def subjects(self) -> set[int] | None:
        """Whose meters are added; None for all of them."""
        if self.firm is not None:
            return {self.firm.id}
        if "" in self.viewer.area_codes:
            return None
        rows = registry.placement(self.viewer.area_codes)
        return set(rows.values_list("subject", flat=True))

    @property
    def meters(self) -> list[metering.Meter]:
        assert self.firm is not None
        rows = metering.Meter.objects.filter(enterprise=self.firm.id).order_by("name")
        return list(people.visible(self.viewer, rows))

    @property
    def channels(self) -> list[registry.Channel]:
        """The channels of the enterprise's own meters."""
        names = [m.name for m in self.meters]
        rows = registry.Channel.objects.filter(meter__in=names)
        return list(people.visible(self.viewer, rows).order_by("meter", "id"))

    def address(self, page: str, query: str = "") -> str:
        if self.firm is None:
            return reverse(f"running:region_{page}") + query
        return reverse(f"running:{page}", args=[self.firm.uid]) + query

    def tabs(self, current: str) -> list[tuple[Any, str, bool]]:
        return [
            (label, self.address(page), page == current)
            for page, label in TABS if self.firm is not None or page != "power"
        ]  # fmt: skip

    def crumbs(self, current: str) -> list[tuple[Any, str]]:
        last = (dict(TABS)[current], "")
        if self.firm is None:
            return [(_("区域实时"), reverse("live:region")), last]
        above = [(_("企业"), reverse("registry:enterprises"))] if self.viewer.office else []
        return [*above, (str(self.firm), reverse("live:enterprise", args=[self.firm.uid])), last]


def enterprise_of(request: HttpRequest, uid: str) -> Place:
    """The enterprise of an address whose figures the viewer may see, or 404."""
    return Place(*live.firm_of(request, uid))


def region_of(request: HttpRequest) -> Place:
    viewer = people.viewer(request)
    if not viewer.office:
        raise PermissionDenied("office")
    return Place(viewer)


def own_place(request: HttpRequest) -> Place:
    """Where a viewer begins: the region of an official, the enterprise of its own people."""
    viewer = people.viewer(request)
    if viewer.office:
        return Place(viewer)
    own = registry.Enterprise.objects.filter(pk__in=viewer.own_subjects)
    firm = people.visible(viewer, own).order_by("natural_key").first()
    if firm is None:
        raise PermissionDenied("no enterprise")
    return Place(viewer, firm)


def months(today: dt.date) -> list[dt.date]:
    """This month and those before it that can be asked for, newest first."""
    found = [today.replace(day=1)]
    while len(found) < MONTHS_BACK:
        found.append((found[-1] - dt.timedelta(days=1)).replace(day=1))
    return found


def month_of(request: HttpRequest, today: dt.date) -> dt.date:
    """The month of the address; this one where it names none of those offered."""
    asked = request.GET.get("month", "")
    return next((m for m in months(today) if f"{m:%Y-%m}" == asked), today.replace(day=1))


def now() -> dt.date:
    return timezone.localdate()


def frame(place: Place, current: str) -> dict[str, Any]:
    """What every page of the room has around it."""
    return {
        "place": place, "firm": place.firm, "tabs": place.tabs(current),
        "crumbs": place.crumbs(current),
    }  # fmt: skip


def shown(value: float | None, digits: int = 5) -> str:
    return significant(value, digits)
