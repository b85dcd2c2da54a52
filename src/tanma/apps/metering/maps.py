"""Device maps: shown before use, and all channels of a device registered at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tanma.apps.metering import stating
from tanma.apps.metering.models import Gateway
from tanma.domain.identity import id_text
from tanma.intake.devices import DeviceMap, Point


def scale_of(point: Point) -> int:
    """Decimals of a count: those that a float really has, else those of the register's step."""
    if point.digits is not None:
        return point.digits
    exponent = point.resolution.normalize().as_tuple().exponent
    return max(-int(exponent), 0)


def names(device: DeviceMap, meter: str) -> list[tuple[Point, str]]:
    """Each point with the meter its channel belongs to.

    A meter has one channel per quantity, so points of the same quantity (voltages of three phases)
    become meters of their own below it.
    """
    often = Counter(p.item for p in device.points)
    return [(p, meter if often[p.item] == 1 else f"{meter}.{p.name}") for p in device.points]


def register(
    device: DeviceMap, meter: str, enterprise: str, gateway: Gateway, *, author: str, evidence: str
) -> dict[tuple[str, str], int]:
    """Register a device and a channel per point of its map; (meter, item) → number."""
    source = gateway.source
    main = stating.register_meter(
        meter, enterprise, author=author, evidence=evidence, source=source
    )
    placed = names(device, meter)
    for name in dict.fromkeys(name for _, name in placed if name != meter):
        stating.register_meter(
            name, enterprise, author=author, evidence=evidence, parent=id_text(main), source=source
        )
    return stating.declare(_declared(placed), author=author, evidence=evidence)


def _declared(placed: Sequence[tuple[Point, str]]) -> list[stating.Declared]:
    return [
        stating.Declared(
            name, p.item, p.kind, p.unit, scale_of(p), more={"interval_s": str(p.interval_s)}
        )
        for p, name in placed
    ]
