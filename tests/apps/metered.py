"""Meters of an enterprise with readings of the last days, for the tests of pages.

A board (register, CT 60) with two parts below it, a level, and a virtual meter for the rest. The
board counts 12 kWh a quarter-hour through its ratio, the parts 7 and 4; one part lacks two hours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from tanma.apps.metering import door as metering
from tanma.domain.identity import id_text
from tanma.domain.readings import READING
from tanma.lake.readings import Readings

BOUGHT, POWER = "electricity.purchased", "state.power.active"
QUARTER = dt.timedelta(minutes=15)
DAYS = 3
GAP_H = (30, 28)
"""Hours before now between which one part says nothing."""
ABOUT = {"author": "test", "evidence": "工单 1"}


def tree(enterprise: str, prefix: str = "T-") -> dict[str, int]:
    """Register the meters; name → number of the channel."""
    board = metering.register_meter(f"{prefix}总表", enterprise, location="变电所", **ABOUT)
    parts = {"一车间": "织造", "二车间": "染整"}
    for name, place in parts.items():
        metering.register_meter(
            f"{prefix}{name}", enterprise, location=place, parent=id_text(board), **ABOUT
        )
    rest = f"[{prefix}总表] - [{prefix}一车间] - [{prefix}二车间]"
    metering.register_meter(
        f"{prefix}其余", enterprise, formula=rest, parent=id_text(board), **ABOUT
    )
    fine = {"interval_s": "900"}
    register = fine | {"multiplier": "60", "digits": "8"}
    declared = [
        metering.Declared(f"{prefix}总表", BOUGHT, "register", "kWh", 2, more=register),
        metering.Declared(f"{prefix}总表", POWER, "gauge", "kW", 1, more=fine),
        *(metering.Declared(f"{prefix}{n}", BOUGHT, "interval", "kWh", 2, more=fine)
          for n in parts),
        metering.Declared(f"{prefix}其余", BOUGHT, "interval", "kWh", 2, more=fine),
    ]  # fmt: skip
    found = metering.declare(declared, **ABOUT)
    return {f"{meter.removeprefix(prefix)}/{item}": n for (meter, item), n in found.items()}


def fill(lake: Path, channels: dict[str, int], until: dt.datetime) -> None:
    """Readings of the last days up to an instant, sealed."""
    store = Readings(lake)
    store.append(pa.Table.from_pylist(list(_rows(channels, until)), READING), writer="test")
    store.seal()


def _rows(channels: dict[str, int], until: dt.datetime) -> Iterator[dict[str, object]]:
    end = until.replace(minute=until.minute // 15 * 15, second=0, microsecond=0)
    first = end - dt.timedelta(days=DAYS)
    for n in range(DAYS * 96 + 1):
        at = first + n * QUARTER
        yield _row(channels[f"总表/{BOUGHT}"], at, at, 100_000 + 20 * n)
        yield _row(channels[f"总表/{POWER}"], at, at, 480 + n % 7)
        if n == DAYS * 96:
            return
        yield _row(channels[f"一车间/{BOUGHT}"], at, at + QUARTER, 700)
        if not dt.timedelta(hours=GAP_H[1]) <= end - at < dt.timedelta(hours=GAP_H[0]):
            yield _row(channels[f"二车间/{BOUGHT}"], at, at + QUARTER, 400)


def _row(channel: int, start: dt.datetime, end: dt.datetime, value: int) -> dict[str, object]:
    return {"channel": channel, "start_utc": start, "end_utc": end, "value": value,
            "revision": None}  # fmt: skip
