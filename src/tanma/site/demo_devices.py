"""Devices of the demo's live enterprises: what they do by the minute, their register and limits.

A compressor runs by day, idles for some minutes of each hour and stands at night; a hall is
overloaded for an hour each afternoon and the air pressure too high for some minutes, so that alarms
come up. All of it follows from the minute alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

AIR, PRESSURE, STATE = "air.compressed", "state.pressure.gauge", "state.running"
ITEMS = (AIR, PRESSURE, STATE)
METER = "产气"
M3_PER_KWH = 8.5
"""Air per kWh while it runs: 0.118 kWh/m³."""
HIGH_KPA, LIMIT_KPA = 830, 800
OVERLOAD_HOUR, OVERLOAD, HOUR_FACTOR = 15, 1.3, 1.15
"""The local hour in which the first hall takes so much more; its limit over the usual hour."""
ALL_PARTS, ALL_FACTOR = "车间合计", 1.52
"""The virtual meter of all parts; its limit over the mean hour: 1.42 by day, 1.61 overloaded."""
SAME_DAY = dt.date(2024, 1, 1)
Ints = NDArray[np.int64]


def state(minute: Ints) -> Ints:
    """1 runs, 2 idles, 0 stands, by local time (UTC+8)."""
    local = minute + 8 * 60
    hour, quarter = local // 60 % 24, local % 60 // 15
    awake = (hour >= 5) & (hour < 23)
    return np.where(awake, np.where(quarter == 3, 2, 1), 0)


def share(part: int, minute: Ints) -> NDArray[np.float64]:
    """What a part takes of its usual load: the hall its overload, the compressor by its state."""
    hour = (minute + 8 * 60) // 60 % 24
    if part == 0:
        return np.where(hour == OVERLOAD_HOUR, OVERLOAD, 1.0)
    if part == 2:
        return np.choose(state(minute), [0.02, 1.3, 0.4])
    return np.ones(len(minute))


def air_count(kwh_count: Ints, minute: Ints) -> Ints:
    """Tenths of a m³ in each minute, from hundredths of a kWh; nothing while it idles."""
    runs = state(minute) == 1
    return np.rint(np.where(runs, kwh_count * M3_PER_KWH / 10, 0)).astype(np.int64)


def pressure_kpa(minute: Ints) -> Ints:
    """Gauge pressure; too high for five minutes after 14 o'clock."""
    usual = np.choose(state(minute), [480, 720, 690]) + minute % 7
    local = (minute + 8 * 60) % 1440
    return np.where((local >= 14 * 60) & (local < 14 * 60 + 5), HIGH_KPA, usual)


def declare(prefix: str, uscc: str) -> dict[str, int]:
    """Register the meter of the air; name → number of its channels."""
    from tanma.apps.metering import door as metering

    about: dict[str, Any] = {"author": "demo", "evidence": "演示"}
    name, fine = f"{prefix}{METER}", {"interval_s": "60"}
    metering.register_meter(name, uscc, location="空压站", **about)
    rows = [
        metering.Declared(name, AIR, "interval", "m3", 1, more=fine),
        metering.Declared(name, PRESSURE, "gauge", "kPa", 0, more=fine),
        metering.Declared(name, STATE, "state", "1", 0, more=fine),
    ]
    numbers = metering.declare(rows, **about)
    return {f"{METER}/{item}": n for (_, item), n in numbers.items()}


def sheet(prefix: str, uscc: str, mean_kw: float) -> dict[str, list[str]]:
    """The sheet of equipment of an enterprise: the board's transformer, two halls, the compressor.

    Rated powers are so much above the usual load that loads look like those of a plant.
    """
    rows = [
        ("T1", "1号变压器", "transformer", "变配电", 2.2, "总表", "", "总表", "2级"),
        ("L1", "织造生产线", "machine", "织造", 0.45 * 1.9, "一车间", "", "", ""),
        ("D1", "定形机", "machine", "染整", 0.35 * 2.1, "二车间", "", "", ""),
        ("K1", "1号空压机", "compressor", "公用工程", 0.2 * 2.1, "公用", METER, "", "1级"),
    ]
    names = ("equipment", "equipment_title", "equipment_kind", "section", "rated_kw",
             "input_meters", "output_meters", "parameter_meters", "efficiency_class")  # fmt: skip

    def cell(name: str, value: Any) -> str:
        if name == "equipment" or (name.endswith("_meters") and value):
            return f"{prefix}{value}"
        return f"{value * mean_kw:.0f}" if name == "rated_kw" else str(value)

    columns = {n: [cell(n, row[k]) for row in rows] for k, n in enumerate(names)}
    count = len(rows)
    plates = [""] * (count - 1) + ["排气压力 0.8 MPa；比功率 7.1 kW/(m³/min)"]
    more = {"uscc": [uscc] * count, "nameplate": plates, "valid_from": [f"{SAME_DAY}"] * count}
    return columns | more


def together(prefix: str, uscc: str, bought: str, parts: Sequence[str]) -> None:
    """A virtual meter of all parts."""
    from tanma.apps.metering import door as metering

    about: dict[str, Any] = {"author": "demo", "evidence": "演示"}
    name, formula = f"{prefix}{ALL_PARTS}", " + ".join(f"[{prefix}{p}]" for p in parts)
    metering.register_meter(name, uscc, formula=formula, **about)
    fine = {"interval_s": "60"}
    metering.declare(
        [metering.Declared(name, bought, "interval", "kWh", 2, more=fine)], **about
    )


def limits_sheet(
    prefix: str, uscc: str, mean_kw: float, hall: str, bought: str
) -> dict[str, list[str]]:
    """The sheet of limits that the overload and the pressure break."""
    hall_kwh, all_kwh = mean_kw * 0.45 * 1.4 * HOUR_FACTOR, mean_kw * ALL_FACTOR
    rows = [
        (hall, bought, f"{hall_kwh:.1f}", ""), (ALL_PARTS, bought, f"{all_kwh:.1f}", ""),
        (METER, PRESSURE, "", f"{LIMIT_KPA}"),
    ]  # fmt: skip
    names = ("meter", "metered_quantity", "hour_limit", "greatest_level")
    columns = {n: [row[k] for row in rows] for k, n in enumerate(names)}
    columns["meter"] = [f"{prefix}{name}" for name in columns["meter"]]
    count = len(rows)
    return {"uscc": [uscc] * count, "valid_from": [f"{SAME_DAY}"] * count,
            "document_no": ["演示限值单"] * count} | columns  # fmt: skip


def hand_in(home: Path, package: str, uscc: str, columns: dict[str, list[str]]) -> None:
    """Bring a sheet in as an office would: a file of the package."""
    from tanma.apps.imports import door as imports
    from tanma.apps.people import door as people
    from tanma.demo import writing

    path = home / "demo" / f"{package}-{uscc}.csv"
    writing.write(path, package, columns)
    imports.import_file(path, people.SYSTEM)
