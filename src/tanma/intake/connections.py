"""The connections file: brokers, devices and meters that `tanma intake` reads by itself.

TOML with `[[mqtt]]`, `[[modbus]]` and `[[dlt645]]` tables; docs/how-to/connect-meters.md shows
every key. A password never stands in it: an environment variable or a file holds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tanma.domain.messages import Problem
from tanma.intake import devices
from tanma.intake.devices.reading import name_key
from tanma.intake.dlt645.codec import padded
from tanma.intake.dlt645.identifiers import Identifier, identifiers
from tanma.intake.files import (
    Found,
    Key,
    Place,
    checked,
    flag,
    missing,
    once,
    tables,
    text,
    texts,
    value_problem,
    whole,
)
from tanma.intake.live import AsyncSink, Scopes
from tanma.intake.mqtt.decode import Template
from tanma.intake.polling import LONGEST_WAIT_S, Device, Health, Outbox, Targets, run_device

if TYPE_CHECKING:
    from tanma.intake.mqtt.client import Broker

log = logging.getLogger(__name__)


def _channels(value: object) -> bool:
    return isinstance(value, dict) and all(
        (isinstance(v, str) and v) or type(v) is int for v in value.values()
    )


_COMMON: Mapping[str, Key] = {"name": name_key(required=True), "host": text(required=True)}
_DEVICE: Mapping[str, Key] = {
    **_COMMON,
    "gateway": text(required=True),
    "timeout_s": whole(1, 60, default=3),
    "meter": text(default=""),
    "channels": Key("table of points with items, `meter/item` or numbers", _channels, default={}),
}
MODBUS: Mapping[str, Key] = {
    **_DEVICE,
    "port": whole(1, 65_535, default=502),
    "unit": whole(0, 255, default=1),
    "map": text(required=True),
    "points": texts(),
}
DLT645: Mapping[str, Key] = {
    **_DEVICE,
    "port": whole(1, 65_535, required=True),
    "address": text(required=True),
    "read": texts(required=True),
    "interval_s": whole(1, 86_400, default=900),
}
MQTT: Mapping[str, Key] = {
    **_COMMON,
    "port": whole(1, 65_535),
    "topic": text(required=True),
    "gateway": text(default=""),
    "gateways": texts(default=[]),
    "client_id": text(default=""),
    "username": text(default=""),
    "password_env": text(),
    "password_file": text(),
    "tls": flag(default=False),
    "ca_file": text(default=""),
    "cert_file": text(default=""),
    "key_file": text(default=""),
}
SECTIONS: Mapping[str, Mapping[str, Key]] = {"mqtt": MQTT, "modbus": MODBUS, "dlt645": DLT645}
"""Table → its keys."""


@dataclass(frozen=True)
class ModbusAt:
    """A device to read over Modbus TCP."""

    name: str
    host: str
    port: int
    unit: int
    gateway: str
    timeout_s: int
    map: devices.DeviceMap
    points: tuple[devices.Point, ...]
    targets: Targets


@dataclass(frozen=True)
class Dlt645At:
    """A meter to read by DL/T 645."""

    name: str
    host: str
    port: int
    address: str
    gateway: str
    timeout_s: int
    interval_s: int
    identifiers: tuple[Identifier, ...]
    targets: Targets


@dataclass(frozen=True)
class Connections:
    """Everything that a file connects."""

    mqtt: tuple[Broker, ...] = ()
    modbus: tuple[ModbusAt, ...] = ()
    dlt645: tuple[Dlt645At, ...] = ()

    def __len__(self) -> int:
        return len(self.mqtt) + len(self.modbus) + len(self.dlt645)


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Connections:
    """The checked connections of a file; a Problem names file, line and repair."""
    if not path.is_file():
        raise Problem("connections_absent", file=path)
    return parse(path.name, path.read_text(encoding="utf-8"), path.parent, environment)


def parse(
    file: str, source: str, folder: Path, environment: Mapping[str, str] = os.environ
) -> Connections:
    """The connections of a text; files in it are relative to `folder`."""
    found = tables(file, source, [], SECTIONS)
    rows = {
        section: [
            (place, checked(place.called(f"{section} {said.get('name', '')}"), said, keys))
            for place, said in found[section]
        ]
        for section, keys in SECTIONS.items()
    }
    everything = [row for section in rows.values() for row in section]
    if not everything:
        raise Problem("connections_empty", file=file, sections=", ".join(SECTIONS))
    once([place for place, _ in everything], [said["name"] for _, said in everything])
    return Connections(
        tuple(_broker(p, s, folder, environment) for p, s in rows["mqtt"]),
        tuple(_modbus(p, s, folder) for p, s in rows["modbus"]),
        tuple(_dlt645(p, s) for p, s in rows["dlt645"]),
    )


def _modbus(place: Place, said: Found, folder: Path) -> ModbusAt:
    device_map = devices.find(said["map"], folder)
    points = device_map.of(said["points"])
    own = devices.meters_of(_meter(said), {p.name: p.item for p in device_map.points})
    targets = _targets(place, said, {p.name: p.item for p in points}, own)
    return ModbusAt(**{**said, "map": device_map, "points": points, "targets": targets})


def _dlt645(place: Place, said: Found) -> Dlt645At:
    names = said.pop("read")
    for name in names:
        if name not in identifiers():
            raise value_problem(place, "read", name, ", ".join(identifiers()))
    said["address"] = padded(said["address"])
    found = tuple(identifiers()[name] for name in names)
    targets = _targets(place, said, {one.name: one.item for one in found}, {})
    return Dlt645At(**said, identifiers=found, targets=targets)


def _meter(said: Found) -> str:
    return str(said["meter"] or said["name"])


def _targets(
    place: Place, said: Found, items: Mapping[str, str], own: Mapping[str, str]
) -> Targets:
    """Point → the channel it fills: as `channels` says, else its item of its meter in `own`."""
    meter, stated = _meter(said), said.pop("channels")
    del said["meter"]
    for point in stated:
        if point not in items:
            raise value_problem(place, "channels", point, ", ".join(items))
    named = {point: stated.get(point) or item or point for point, item in items.items()}
    targets = {
        point: name if isinstance(name, int) or "/" in name else f"{own.get(point, meter)}/{name}"
        for point, name in named.items()
    }
    points_of: dict[str | int, str] = {}
    for point, target in targets.items():
        other = points_of.setdefault(target, point)
        if other != point:
            where = place.where("channels")
            raise Problem("connections_twice", **where, point=point, other=other, channel=target)
    return targets


def _broker(place: Place, said: Found, folder: Path, environment: Mapping[str, str]) -> Broker:
    from tanma.intake.mqtt.client import Broker

    said["password"] = _secret(place, said, folder, environment)
    said["topic"] = Template(said["topic"])
    if "{gateway}" not in said["topic"].text and not said["gateway"]:
        raise missing(place, "gateway")
    said["port"] = said["port"] or (8883 if said["tls"] else 1883)
    said["client_id"] = said["client_id"] or f"tanma-{said['name']}"
    said["gateways"] = tuple(said["gateways"])
    for key in ("ca_file", "cert_file", "key_file"):
        said[key] = str(folder / said[key]) if said[key] else ""
    return Broker(**said)


def _secret(place: Place, said: Found, folder: Path, environment: Mapping[str, str]) -> str:
    """The password that a variable or a file holds; neither value is ever printed."""
    variable, file = said.pop("password_env"), said.pop("password_file")
    if variable is not None:
        if variable not in environment:
            raise Problem("connections_secret", **place.where("password_env"), source=variable)
        return environment[variable]
    if file is None:
        return ""
    path = folder / file
    if not path.is_file():
        raise Problem("connections_secret", **place.where("password_file"), source=path)
    return path.read_text(encoding="utf-8").strip()


@dataclass
class Running:
    """Connections that are being read, and how each is doing."""

    health: list[Health] = field(default_factory=list)


async def run_connections(
    connections: Connections,
    scopes: Scopes,
    sink: AsyncSink,
    stop: asyncio.Event,
    running: Running | None = None,
) -> None:
    """Read every connection in a task of its own until `stop`; none of them waits for another.

    `scopes` must answer from memory: it is asked for every batch.
    """
    running = running or Running()
    work = [*_brokers(connections, scopes, sink), *_devices(connections, scopes, sink)]
    running.health[:] = [health for health, _ in work]
    tasks = [asyncio.create_task(_kept_going(go, health, stop)) for health, go in work]
    await stop.wait()
    _, late = await asyncio.wait(tasks, timeout=10) if tasks else (set(), set())
    for task in late:  # a device that never answers is not waited for
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


Work = tuple[Health, Callable[[asyncio.Event], Awaitable[None]]]


def _brokers(connections: Connections, scopes: Scopes, sink: AsyncSink) -> list[Work]:
    if not connections.mqtt:
        return []
    from tanma.intake.mqtt.client import MqttReader

    readers = [MqttReader(broker, scopes, sink) for broker in connections.mqtt]
    return [(reader.health, reader.run) for reader in readers]


def _devices(connections: Connections, scopes: Scopes, sink: AsyncSink) -> list[Work]:
    work: list[Work] = []
    for adapter, gateway, device in [*_modbus_devices(connections), *_meters(connections)]:
        health = Health(device.name, adapter)
        outbox = Outbox(device, gateway, scopes, sink, health)
        work.append((health, _reading(device, outbox)))
    return work


def _reading(device: Device, outbox: Outbox) -> Callable[[asyncio.Event], Awaitable[None]]:
    return lambda stop: run_device(device, outbox, stop)


Named = tuple[str, str, Device]
L = TypeVar("L")


def _modbus_devices(connections: Connections) -> list[Named]:
    if not connections.modbus:
        return []
    from tanma.intake.modbus.client import Line, ModbusDevice

    lines: dict[tuple[str, int], Line] = {}
    return [
        ("modbus", at.gateway,
         ModbusDevice(at.name, _line(lines, Line, at), at.unit, at.map, at.points,
                      at.targets))
        for at in connections.modbus
    ]  # fmt: skip


def _meters(connections: Connections) -> list[Named]:
    from tanma.intake.dlt645.poll import Dlt645Device, Line

    lines: dict[tuple[str, int], Line] = {}
    return [
        ("dlt645", at.gateway,
         Dlt645Device(at.name, _line(lines, Line, at), at.address, at.identifiers, at.interval_s,
                      at.targets))
        for at in connections.dlt645
    ]  # fmt: skip


def _line(lines: dict[tuple[str, int], L], make: Callable[..., L], at: Any) -> L:
    """The line to a host and port: devices behind one gateway share it."""
    key = (at.host, at.port)
    if key not in lines:
        lines[key] = make(at.host, at.port, float(at.timeout_s))
    return lines[key]


async def _kept_going(
    go: Callable[[asyncio.Event], Awaitable[None]], health: Health, stop: asyncio.Event
) -> None:
    """A mistake of ours must not end a connection for good: it is logged and begun again."""
    while not stop.is_set():
        try:
            await go(stop)
        except Exception as error:
            log.exception("%s", health.name)
            health.failed(Problem("connection_failed", name=health.name, reason=repr(error)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LONGEST_WAIT_S)
