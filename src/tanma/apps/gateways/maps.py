"""Device maps: shown before use, and all channels of a device registered at once."""

from __future__ import annotations

from collections.abc import Sequence

from tanma.apps.metering import door as metering
from tanma.apps.metering.door import Gateway
from tanma.domain.identity import id_text
from tanma.intake.devices import DeviceMap, Point, meters_of


def scale_of(point: Point) -> int:
    """Decimals of a count: those that a float really has, else those of the register's step."""
    if point.digits is not None:
        return point.digits
    exponent = point.resolution.normalize().as_tuple().exponent
    return max(-int(exponent), 0)


def names(device: DeviceMap, meter: str) -> list[tuple[Point, str]]:
    """Each point with the meter its channel belongs to, as the connections file names it too."""
    placed = meters_of(meter, {p.name: p.item for p in device.points})
    return [(p, placed[p.name]) for p in device.points]


def register(
    device: DeviceMap, meter: str, enterprise: str, gateway: Gateway, *, author: str, evidence: str
) -> dict[tuple[str, str], int]:
    """Register a device and a channel per point of its map; (meter, item) → number."""
    source = gateway.source
    main = metering.register_meter(
        meter, enterprise, author=author, evidence=evidence, source=source
    )
    # A channel is a meter's item: a point that states none is registered by hand.
    placed = [(point, name) for point, name in names(device, meter) if point.item]
    for name in dict.fromkeys(name for _, name in placed if name != meter):
        metering.register_meter(
            name, enterprise, author=author, evidence=evidence, parent=id_text(main), source=source
        )
    return metering.declare(_declared(placed), author=author, evidence=evidence)


def _declared(placed: Sequence[tuple[Point, str]]) -> list[metering.Declared]:
    return [
        metering.Declared(
            name, p.item, p.kind, p.unit, scale_of(p), more={"interval_s": str(p.interval_s)}
        )
        for p, name in placed
    ]
