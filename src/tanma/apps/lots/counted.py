"""Which channels a batch stands on: those of its meters that count a use, none of them twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from tanma.apps.lots.models import Lot, meter_names
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.domain.items import items

USES = frozenset({"purchased", "consumed", "burnt", "transformed"})
"""Flows of energy that are used where they are counted; generation and sales are none."""
BESIDE = frozenset({"water", "steam", "gas"})
"""Groups of items that are shown beside the energy."""


def is_use(item: str) -> bool:
    """Whether a batch counts an item as energy."""
    found = items().get(item)
    return bool(found and found.group in ("electricity", "heat", "fuel") and found.flow in USES)


def _told(item: str) -> bool:
    found = items().get(item)
    return is_use(item) or bool(found and found.group in BESIDE)


def channels(lots: Collection[Lot]) -> dict[int, list[registry.Channel]]:
    """Batch → its channels, in order of meter and item."""
    firms = {lot.enterprise for lot in lots}
    meters = list(metering.Meter.objects.filter(enterprise__in=firms))
    by_meter: dict[str, list[registry.Channel]] = {}
    rows = registry.Channel.objects.filter(
        meter__in=[m.name for m in meters], kind__in=("register", "interval")
    )
    for channel in rows.order_by("meter", "item"):
        if _told(channel.item):
            by_meter.setdefault(channel.meter, []).append(channel)
    above = {m.id: m.parent for m in meters}
    return {lot.id: _of_lot(meant(lot, meters), by_meter, above) for lot in lots}


def meant(lot: Lot, meters: Iterable[metering.Meter]) -> list[metering.Meter]:
    """The meters it names, else those of its enterprise at its place."""
    own = [m for m in meters if m.enterprise == lot.enterprise]
    if names := set(meter_names(lot.meters)):
        return [m for m in own if m.name in names]
    return [m for m in own if lot.section and lot.section in (m.location, m.site)]


def _of_lot(
    meters: list[metering.Meter], by_meter: Mapping[str, list[registry.Channel]],
    above: Mapping[int, int | None],
) -> list[registry.Channel]:  # fmt: skip
    """Their channels without those that a meter above among them counts already."""
    items_of = {m.id: {c.item for c in by_meter.get(m.name, ())} for m in meters}
    return [
        channel
        for meter in meters
        for channel in by_meter.get(meter.name, ())
        if not any(channel.item in items_of.get(a, ()) for a in _ancestors(meter.id, above))
    ]


def _ancestors(meter: int, above: Mapping[int, int | None]) -> Iterable[int]:
    seen = {meter}
    here = above.get(meter)
    while here is not None and here not in seen:
        seen.add(here)
        yield here
        here = above.get(here)
