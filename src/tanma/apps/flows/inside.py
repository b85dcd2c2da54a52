"""Which meters stand where inside an enterprise: at its border, in a section, at a device.

A channel below a meter that counts the same item is a part of it. Parts of a border meter are
sections, their parts devices. What counts consumption without a border meter is a section itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.domain.balances import roles
from tanma.domain.items import items

CONSUMED = ("electricity.consumed", "heat.consumed")
BORDER, SECTION = 0, 1


@dataclass(frozen=True)
class Point:
    """A channel in the tree of its item; `above` is the channel it is a part of."""

    channel: registry.Channel
    meter: metering.Meter
    depth: int
    above: int | None

    @property
    def subject(self) -> int:
        """The enterprise to which its meter belonged in the span."""
        return self.meter.enterprise or 0

    @property
    def carrier(self) -> str:
        return items()[self.channel.item].carrier

    @property
    def place(self) -> str:
        return self.meter.location or self.meter.name


def points(subjects: Collection[int], day: date) -> list[Point]:
    """Every channel of some enterprises on a day whose item stands in a balance, without views."""
    meters = metering.meters_on(subjects, day)
    counted = [m for m in meters if not m.formula or m.counts == "yes"]
    names = {m.name: m for m in counted}
    rows = registry.Channel.objects.filter(
        meter__in=list(names), kind__in=("register", "interval")
    ).order_by("meter", "item")
    by_place = {
        (names[c.meter].id, c.item): c for c in rows if c.item in roles() or c.item in CONSUMED
    }
    parents = {m.id: m.parent for m in meters}
    return [
        _point(channel, names[channel.meter], _line(meter, item, parents, by_place))
        for (meter, item), channel in by_place.items()
    ]


def _line(
    meter: int, item: str, parents: dict[int, int | None],
    by_place: dict[tuple[int, str], registry.Channel],
) -> list[int]:  # fmt: skip
    """The channels that a channel is part of, nearest first; a circle ends it."""
    found, seen, here = [], {meter}, parents.get(meter)
    while here is not None and here not in seen:
        seen.add(here)
        if (above := by_place.get((here, item))) is not None:
            found.append(above.id)
        here = parents.get(here)
    return found


def _point(channel: registry.Channel, meter: metering.Meter, line: Sequence[int]) -> Point:
    depth = len(line) + (channel.item in CONSUMED)
    return Point(channel, meter, depth, line[0] if line else None)


def sections(found: Iterable[Point]) -> list[Point]:
    """Where energy is used: parts of border meters; several border meters without parts as well."""
    listed = list(found)
    parents = {p.above for p in listed}
    lone: dict[tuple[int, str], list[Point]] = {}
    for p in listed:
        bought = p.depth == BORDER and p.channel.item in roles()
        if bought and roles()[p.channel.item].role in ("bought", "burnt"):
            lone.setdefault((p.subject, p.channel.item), []).append(p)
    beside = {
        p.channel.id for group in lone.values() if len(group) > 1
        for p in group if p.channel.id not in parents
    }  # fmt: skip
    return [p for p in listed if p.depth == SECTION or p.channel.id in beside]
