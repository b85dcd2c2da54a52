"""Storage and load of the demo's first plant, so that source, grid, load and storage can be seen.

The storage charges at night and gives back in the evening; the load is what the board, the roof and
the storage bring together, less a little that no meter counts. All follows from the minute alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tanma.site.demo_live import (
    ABOUT,
    LOSS_PERMILLE,
    PARTS,
    Ints,
    Plant,
    amounts,
    levels,
    parts_count,
    post,
    sun_count,
)

CHARGED, DISCHARGED = "electricity.storage.charged", "electricity.storage.discharged"
CONSUMED, SOC, POWER = "electricity.consumed", "state.soc", "state.power.active"
SHARE_OF_MEAN = 0.2
"""Charging power as a share of the plant's mean load."""
CHARGE_H, DISCHARGE_H = (0, 6), (18, 22)
EFFICIENCY = 0.88
LOW_SOC, HIGH_SOC = 10, 90
UNMETERED_PERMILLE = 12
EACH = 2_000
"""Minutes in one message."""


@dataclass
class Microgrid:
    """What must be remembered between starts; the file is its owner's alone, it holds the token."""

    token: str
    gateway: str
    sent_min: int
    number: int
    channels: dict[str, int]


def load(home: Path) -> Microgrid | None:
    path = _path(home)
    return Microgrid(**json.loads(path.read_text("utf-8"))) if path.exists() else None


def save(home: Path, grid: Microgrid) -> None:
    new = _path(home).with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(asdict(grid)), "utf-8")
    new.replace(_path(home))


def _path(home: Path) -> Path:
    return home / "demo" / "microgrid.json"


def register(plant: Plant, firm: Any) -> Microgrid:
    """A gateway and the meters of storage and load; readings begin with those of the plant."""
    from tanma.apps.metering import door as metering

    prefix = f"{firm.uscc[-6:]}-"
    gateway, token = metering.create_gateway("演示微电网网关", firm.id, author="demo")
    for name, place in (("储能", "储能站"), ("负荷", "低压母线")):
        metering.register_meter(f"{prefix}{name}", firm.uscc, location=place, **ABOUT)
    fine = {"interval_s": "60"}
    numbers = metering.declare([
        metering.Declared(f"{prefix}储能", CHARGED, "interval", "kWh", 2, more=fine),
        metering.Declared(f"{prefix}储能", DISCHARGED, "interval", "kWh", 2, more=fine),
        metering.Declared(f"{prefix}储能", SOC, "gauge", "%", 1, more=fine),
        metering.Declared(f"{prefix}储能", POWER, "gauge", "kW", 1, more=fine),
        metering.Declared(f"{prefix}负荷", CONSUMED, "interval", "kWh", 2, more=fine),
    ], **ABOUT)  # fmt: skip
    channels = {item: number for (_meter, item), number in numbers.items()}
    return Microgrid(token, gateway.uid, plant.origin_min - 1, 0, channels)


def storage_kw(plant: Plant, minute: Ints) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Power of the storage: positive when it gives back."""
    hour = (minute + 8 * 60) % 1440 / 60
    charging = SHARE_OF_MEAN * plant.mean_kw
    hours = (CHARGE_H[1] - CHARGE_H[0]) / (DISCHARGE_H[1] - DISCHARGE_H[0])
    given = charging * hours * EFFICIENCY
    night = (hour >= CHARGE_H[0]) & (hour < CHARGE_H[1])
    evening = (hour >= DISCHARGE_H[0]) & (hour < DISCHARGE_H[1])
    return np.where(night, -charging, np.where(evening, given, 0.0))


def soc_count(minute: Ints) -> Ints:
    """Tenths of a per cent at the end of each minute."""
    hour = (minute + 1 + 8 * 60) % 1440 / 60
    hours = [0.0, CHARGE_H[1], DISCHARGE_H[0], DISCHARGE_H[1], 24.0]
    percent = [LOW_SOC, HIGH_SOC, HIGH_SOC, LOW_SOC, LOW_SOC]
    return np.rint(np.interp(hour, hours, percent) * 10).astype(np.int64)


def columns(plant: Plant, grid: Microgrid, minute: Ints) -> dict[str, list[Any]]:
    """Readings of some minutes as the door takes them."""
    kw = storage_kw(plant, minute)
    charged, discharged = (
        np.rint(np.clip(sign * kw, 0, None) / 60 * 100).astype(np.int64) for sign in (-1, 1)
    )
    bought = np.sum([parts_count(plant, k, minute) for k in range(len(PARTS))], axis=0)
    brought = bought * (1000 + LOSS_PERMILLE) // 1000 + sun_count(plant, minute) + discharged
    used = (brought - charged) * (1000 - UNMETERED_PERMILLE) // 1000
    out: dict[str, list[Any]] = {"channel": [], "time": [], "end": [], "value": []}
    amounts(out, grid.channels[CHARGED], minute, charged)
    amounts(out, grid.channels[DISCHARGED], minute, discharged)
    amounts(out, grid.channels[CONSUMED], minute, used)
    levels(out, grid.channels[SOC], minute + 1, soc_count(minute), 10)
    levels(out, grid.channels[POWER], minute + 1, np.rint(kw * 10).astype(np.int64), 10)
    return out


def spans(grid: Microgrid, until_min: int) -> Iterator[tuple[int, int]]:
    for first in range(grid.sent_min + 1, until_min, EACH):
        yield first, min(first + EACH, until_min)


def send(plant: Plant, grid: Microgrid, address: str, until_min: int) -> bool:
    """Send what waits; False where the intake does not take it now."""
    for first, end in spans(grid, until_min):
        body = json.dumps(columns(plant, grid, np.arange(first, end, dtype=np.int64))).encode()
        key = f"demo-{grid.gateway}-{grid.number + 1}"
        if not post(address, grid.token, key, body, "application/json"):
            return False
        grid.sent_min, grid.number = end - 1, grid.number + 1
    return True
