"""Meters of the demo that live: `python -m tanma.site.demo_live` beside the server.

A few enterprises get an energy tree and a gateway; what their meters would show is computed from
the minute alone, so that a restart says the same again, and is sent through the intake's own door.
All of it is invented and marked as the rest of the demo is.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanma.site import demo_devices
from tanma.site.demo_post import post

BOUGHT, GENERATED = "electricity.purchased", "electricity.pv.generated"
POWER = "state.power.active"
PLANTS = 3
BACKFILL_MIN = 2 * 24 * 60
BATCH = 20_000
RETRY_S, POLL_S = 10.0, 5.0
RATIO = 60
"""CT of the board: its register counts a sixtieth."""
LOSS_PERMILLE = 30
"""What the board counts beyond the parts below it."""
PARTS = (("一车间", "织造", 0.45), ("二车间", "染整", 0.35), ("公用", "空压站", 0.2))
ABOUT: dict[str, Any] = {"author": "demo", "evidence": "演示"}
Ints = NDArray[np.int64]


@dataclass
class Plant:
    """One enterprise with its gateway: what this process must remember."""

    name: str
    token: str
    gateway: str
    origin_min: int
    """Minute since 1970 at which its registers began."""
    sent_min: int
    """The last minute that was acknowledged."""
    number: int
    """Of the last message."""
    mean_kw: float
    channels: dict[str, int]
    signing_key: str = ""
    """Empty: its batches are not signed."""


def noise(minute: Ints, seed: int) -> NDArray[np.float64]:
    """Between 0.9 and 1.1, by minute and seed alone."""
    mixed = (minute * 2_654_435_761 + seed * 40_503) % 1_000_003
    return 0.9 + 0.2 * (mixed % 1000) / 1000


def shape(minute: Ints) -> NDArray[np.float64]:
    """Load by local hour (UTC+8) and weekday, 1 on average of a working day."""
    local = minute + 8 * 60
    hour, weekday = local // 60 % 24, (local // 1440 + 3) % 7
    day = np.where((hour >= 8) & (hour < 20), 1.4, 0.6)
    return day * np.where(weekday >= 5, 0.6, 1.0)


def parts_count(plant: Plant, part: int, minute: Ints) -> Ints:
    """Hundredths of a kWh that a part uses in each minute."""
    usual = plant.mean_kw * PARTS[part][2] / 60 * demo_devices.share(part, minute)
    kwh = usual * shape(minute) * noise(minute, plant.origin_min + part)
    return np.rint(kwh * 100).astype(np.int64)


def sun_count(plant: Plant, minute: Ints) -> Ints:
    """Hundredths of a kWh that the roof generates in each minute."""
    hour = (minute + 8 * 60) % 1440 / 60
    height = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * ((hour > 6) & (hour < 18))
    kwh = plant.mean_kw * 0.15 / 60 * height * noise(minute, plant.origin_min + 9)
    return np.rint(kwh * 100).astype(np.int64)


def columns(plant: Plant, first: int, end: int) -> dict[str, list[Any]]:
    """Readings of the minutes [first, end) as the door takes them."""
    since = np.arange(plant.origin_min, end, dtype=np.int64)
    minute = since[since >= first]
    parts = [parts_count(plant, k, since) for k in range(len(PARTS))]
    whole = np.cumsum(np.sum(parts, axis=0) * (1000 + LOSS_PERMILLE) // 1000)
    told = len(minute)
    out: dict[str, list[Any]] = {"channel": [], "time": [], "end": [], "value": []}
    for k, (name, _, _) in enumerate(PARTS):
        amounts(out, plant.channels[f"{name}/{BOUGHT}"], minute, parts[k][-told:])
    amounts(out, plant.channels[f"光伏/{GENERATED}"], minute, sun_count(plant, minute))
    shown = (whole * 100 // RATIO)[-told:]
    levels(out, plant.channels[f"总表/{BOUGHT}"], minute + 1, shown, 10_000)
    kw = np.sum([p[-told:] for p in parts], axis=0) * 6
    levels(out, plant.channels[f"总表/{POWER}"], minute + 1, kw, 10)
    if any(name.startswith(demo_devices.METER) for name in plant.channels):
        _devices(out, plant, minute, parts[2][-told:])
    return out


def _devices(out: dict[str, list[Any]], plant: Plant, minute: Ints, kwh_count: Ints) -> None:
    """What the compressor makes, its pressure and its state."""
    numbers = (plant.channels[f"{demo_devices.METER}/{i}"] for i in demo_devices.ITEMS)
    air, pressure, state = numbers
    amounts(out, air, minute, demo_devices.air_count(kwh_count, minute), 10)
    levels(out, pressure, minute, demo_devices.pressure_kpa(minute), 1)
    levels(out, state, minute, demo_devices.state(minute), 1)


def amounts(
    out: dict[str, list[Any]], channel: int, minute: Ints, counts: Ints, per: int = 100
) -> None:
    out["channel"] += [channel] * len(minute)
    out["time"] += (minute * 60_000).tolist()
    out["end"] += ((minute + 1) * 60_000).tolist()
    out["value"] += [decimal(c, per) for c in counts.tolist()]


def levels(out: dict[str, list[Any]], channel: int, minute: Ints, counts: Ints, per: int) -> None:
    out["channel"] += [channel] * len(minute)
    out["time"] += (minute * 60_000).tolist()
    out["end"] += [None] * len(minute)
    out["value"] += [decimal(c, per) for c in counts.tolist()]


def decimal(count: int, per: int) -> str:
    """A count of so many to the unit, with all its decimals."""
    return f"{count / per:.{len(str(per)) - 1}f}"


def batches(plant: Plant, until_min: int) -> Iterator[tuple[int, int]]:
    """Spans of minutes that wait to be sent, each within one message."""
    each = BATCH // len(plant.channels)
    first = plant.sent_min + 1
    while first < until_min:
        yield first, min(first + each, until_min)
        first += each


def send(plant: Plant, address: str, until_min: int) -> bool:
    """Send what waits; False where the intake does not take it now."""
    for first, end in batches(plant, until_min):
        body = json.dumps(columns(plant, first, end)).encode()
        key = f"demo-{plant.gateway}-{plant.number + 1}"
        if not post(address, plant.token, key, body, "application/json", plant.signing_key):
            return False
        plant.sent_min, plant.number = end - 1, plant.number + 1
    return True


class Book:
    """The plants in a file of the home that only its owner reads: it holds tokens and keys."""

    def __init__(self, home: Path) -> None:
        self._path = home / "demo" / "live.json"

    def load(self) -> list[Plant]:
        if not self._path.exists():
            return []
        return [Plant(**row) for row in json.loads(self._path.read_text(encoding="utf-8"))]

    def save(self, plants: list[Plant]) -> None:
        temporary = self._path.with_suffix(".new")
        temporary.touch(mode=0o600)
        text = json.dumps([asdict(p) for p in plants], ensure_ascii=False)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self._path)


def plant(firm: Any, seed: int, now_min: int) -> Plant:
    """Register the meters and the gateway of an enterprise; the first one signs its batches."""
    from tanma.apps.metering import door as metering
    from tanma.domain.identity import id_text

    prefix = f"{firm.uscc[-6:]}-"
    gateway, token = metering.create_gateway("演示网关", firm.id, author="demo")
    signing_key = "" if seed else metering.sign_by_secret(gateway, author="demo")
    board = metering.register_meter(f"{prefix}总表", firm.uscc, location="变电所", **ABOUT)
    for name, place, _ in PARTS:
        metering.register_meter(
            f"{prefix}{name}", firm.uscc, location=place, parent=id_text(board), **ABOUT
        )
    metering.register_meter(f"{prefix}光伏", firm.uscc, location="屋顶", **ABOUT)
    numbers = metering.declare(_declared(prefix), **ABOUT)
    channels = {f"{m.removeprefix(prefix)}/{i}": n for (m, i), n in numbers.items()}
    channels |= demo_devices.declare(prefix, firm.uscc)
    origin = now_min - BACKFILL_MIN
    mean_kw = reported_kw(firm.id) or 120.0 + 90.0 * (seed % 5)
    told = (gateway.uid, origin, origin - 1, 0, mean_kw, channels, signing_key)
    return Plant(firm.name, token, *told)


HOURS_A_MONTH = 730


def reported_kw(subject: int) -> float:
    """Mean power by the newest month that the grid company reported; 0 where it reported none."""
    from tanma.apps.facts import door as facts

    said = [
        f for f in facts.current(facts.facts_of(subject, BOUGHT))
        if f.kind == "amount" and f.source == "grid" and f.value
    ]  # fmt: skip
    newest = max(said, key=lambda f: f.valid_to, default=None)
    return 0.0 if newest is None else round((newest.value or 0) / 1000 / HOURS_A_MONTH, 1)


def _declared(prefix: str) -> list[Any]:
    from tanma.apps.metering import door as metering

    fine = {"interval_s": "60"}
    register = fine | {"multiplier": str(RATIO), "digits": "10"}
    return [
        metering.Declared(f"{prefix}总表", BOUGHT, "register", "kWh", 4, more=register),
        metering.Declared(f"{prefix}总表", POWER, "gauge", "kW", 1, more=fine),
        metering.Declared(f"{prefix}光伏", GENERATED, "interval", "kWh", 2, more=fine),
        *(metering.Declared(f"{prefix}{n}", BOUGHT, "interval", "kWh", 2, more=fine)
          for n, _, _ in PARTS),
    ]  # fmt: skip


SHIFT_MIN, BATCH_MIN, EVERY_MIN = 37, 335, 6 * 60
"""A batch of the first part begins so long after the backfill begins, lasts so long, and so on."""


def lots_of(firm: Any, made: Plant) -> dict[str, Any]:
    """The sheet of batches of the first part over the time that was filled in, in local time."""
    first = made.origin_min + SHIFT_MIN
    starts = np.arange(first, first + BACKFILL_MIN - EVERY_MIN, EVERY_MIN, dtype=np.int64)
    kwh = [parts_count(made, 0, s + np.arange(BATCH_MIN)).sum() / 100 for s in starts]
    output = np.round(np.array(kwh) * noise(starts, 5) / 350, 3)
    moments = (np.stack([starts, starts + BATCH_MIN]) + 8 * 60).astype("datetime64[m]")
    begin, end = np.char.replace(np.datetime_as_string(moments, unit="m"), "T", " ")
    count = len(starts)
    return {
        "uscc": [firm.uscc] * count,
        "batch_no": [f"{t[:10].replace('-', '')}-{n + 1}" for n, t in enumerate(begin)],
        "batch_product": ["坯布"] * count, "batch_section": [PARTS[0][1]] * count,
        "batch_start": begin, "batch_end": end, "batch_output": output, "unit": ["t"] * count,
    }  # fmt: skip


def hand_in(home: Path, firm: Any, made: Plant) -> None:
    """Bring the batches in as the enterprise would: a file of the package."""
    from tanma.apps.imports import door as imports
    from tanma.apps.people import door as people
    from tanma.demo import writing

    path = home / "demo" / f"batches-{firm.uscc}.csv"
    writing.write(path, "batches", lots_of(firm, made))
    imports.import_file(path, people.SYSTEM)


def devices_of(home: Path, firm: Any, made: Plant) -> None:
    """The register of devices and limits on what they do."""
    names = [name for name, _, _ in PARTS]
    about = (f"{firm.uscc[-6:]}-", firm.uscc, made.mean_kw)
    demo_devices.together(*about[:2], BOUGHT, names)
    demo_devices.hand_in(home, "equipment", firm.uscc, demo_devices.sheet(*about))
    limits = demo_devices.limits_sheet(*about, names[0], BOUGHT)
    demo_devices.hand_in(home, "limits", firm.uscc, limits)


def chosen() -> list[Any]:
    """The enterprise of the demo's account first, then others by name."""
    from tanma.apps.people.door import Membership
    from tanma.apps.registry import door as registry

    own = Membership.objects.filter(user__username="enterprise").values_list("subject", flat=True)
    active = registry.Enterprise.objects.filter(status="active", size_class="above")
    first = list(active.filter(id__in=[s for s in own if s]))
    return [*first, *active.exclude(id__in=[f.id for f in first]).order_by("natural_key")][:PLANTS]


def _firm_of(plant: Plant) -> Any:
    from tanma.apps.registry import door as registry

    return registry.Enterprise.objects.filter(name=plant.name).order_by("natural_key")[0]


def main(home: Path) -> None:
    """Wait until the demo stands, register once, then send each minute that is over."""
    from tanma.site import demo_microgrid, demo_platform
    from tanma.site.demo_region import Progress, filled
    from tanma.site.setup import django_ready

    while "enterprise" not in Progress(home).state["done"]:
        time.sleep(POLL_S)
    django_ready()
    from django.conf import settings

    book = Book(home)
    plants = book.load()
    if not plants:
        now_min = int(time.time()) // 60
        firms = chosen()
        plants = [plant(firm, n, now_min) for n, firm in enumerate(firms)]
        book.save(plants)
        for firm, made in zip(firms, plants, strict=True):
            hand_in(home, firm, made)
            devices_of(home, firm, made)
    address = f"http://{settings.TANMA.intake_host}:{settings.TANMA.intake_port}"
    platform = demo_platform.load(home)
    grid = demo_microgrid.load(home) or demo_microgrid.register(plants[0], _firm_of(plants[0]))
    demo_microgrid.save(home, grid)
    while True:
        taken = [send(p, address, int(time.time()) // 60) for p in plants]
        book.save(plants)
        taken.append(demo_microgrid.send(plants[0], grid, address, int(time.time()) // 60))
        demo_microgrid.save(home, grid)
        if platform is None and filled(home):
            platform = demo_platform.register(home)
            demo_platform.save(home, platform)  # before the long first sending
        if platform is not None:
            taken.append(demo_platform.send(platform, address, time.time()))
            demo_platform.save(home, platform)
        time.sleep(POLL_S if all(taken) else RETRY_S)


if __name__ == "__main__":
    try:
        main(Path(os.environ["TANMA_HOME"]))
    except KeyboardInterrupt:
        sys.exit(0)
