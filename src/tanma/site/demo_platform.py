"""The collection platform of the demo's grid company: a quarter-hour meter for each large user.

The largest users of power get one meter each, registered by the sheet of meters, and one platform
sends for all of them: first from the begin of the last month that departments reported, then each
quarter-hour as it ends. What a meter shows follows from its number and the quarter-hour alone and
adds up to about what the grid company reported. Some lines are silent for hours or days.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tanma.site.demo_post import post

ARROW = "application/vnd.apache.arrow.stream"
NAME = "市能源数据采集平台"
FIRMS = 600
REPORTED = dt.date(2026, 9, 1)
"""The last month that the demo's departments have reported."""
QUARTER_MIN = 15
PER_DAY = 24 * 60 // QUARTER_MIN
BATCH_QUARTERS = PER_DAY // 2
"""In one message: half a day of 600 meters is 28,800 readings, of 50,000 that the door takes."""
EPOCH_LOCAL_MIN = 8 * 60
SILENT_HOURS, SILENT_DAYS = 11, 211
"""One in so many meters and days misses some hours; one in so many is silent all day."""
Ints = NDArray[np.int64]


@dataclass
class Platform:
    """What must be remembered between starts; the file is its owner's alone, it holds the token."""

    token: str
    gateway: str
    channels: list[int]
    daily_kwh: list[float]
    sent_quarter: int
    """The last quarter-hour since 1970 that was acknowledged."""
    number: int


def load(home: Path) -> Platform | None:
    path = _path(home)
    return Platform(**json.loads(path.read_text("utf-8"))) if path.exists() else None


def save(home: Path, platform: Platform) -> None:
    new = _path(home).with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(asdict(platform)), "utf-8")
    new.replace(_path(home))


def _path(home: Path) -> Path:
    return home / "demo" / "platform.json"


def register(home: Path, most: int = FIRMS) -> Platform:
    """The gateway of the platform and the meters of the largest users, by the sheet of meters."""
    from tanma.apps.imports import door as imports
    from tanma.apps.metering import door as metering
    from tanma.apps.people import door as people
    from tanma.apps.registry import door as registry

    firms = largest(most)
    gateway, token = metering.create_gateway(NAME, None, author="demo")
    sheet = home / "demo" / "platform-meters.csv"
    _write_sheet(sheet, [uscc for _, uscc, _ in firms], gateway.uid)
    imports.import_file(sheet, people.SYSTEM, package="meters")
    names = [meter_name(uscc) for _, uscc, _ in firms]
    found = dict(registry.Channel.objects.filter(meter__in=names).values_list("meter", "id"))
    taken = [(found[n], kwh) for n, (_, _, kwh) in zip(names, firms, strict=True) if n in found]
    days = (REPORTED - dt.date(1970, 1, 1)).days
    first = (days * 1440 - EPOCH_LOCAL_MIN) // QUARTER_MIN
    numbers, daily = [c for c, _ in taken], [kwh for _, kwh in taken]
    return Platform(token, gateway.uid, numbers, daily, first - 1, 0)


def meter_name(uscc: str) -> str:
    return f"{uscc[-8:]}-关口"


def largest(most: int) -> list[tuple[int, str, float]]:
    """(id, credit code, kWh a day) of active enterprises without meters, largest users first."""
    from tanma.apps.facts import door as facts
    from tanma.apps.metering import door as metering
    from tanma.apps.registry import door as registry

    boards = metering.Meter.objects.filter(name__endswith="-总表")
    skip = set(boards.values_list("enterprise", flat=True))
    firms = registry.Enterprise.objects.filter(status="active", size_class="above")
    codes = {f.id: f.uscc for f in firms if f.id not in skip}
    rows = facts.Fact.objects.filter(
        item="electricity.purchased", kind="amount", source="grid", valid_from=REPORTED
    )
    used = {f.subject: f.value / 1000 / 30 for f in facts.current(list(rows)) if f.value}
    known = [(s, codes[s], kwh) for s, kwh in used.items() if s in codes]
    return sorted(known, key=lambda row: (-row[2], row[1]))[:most]


def _write_sheet(path: Path, codes: list[str], gateway: str) -> None:
    heads = ("表计编号", "统一社会信用代码", "计量项目", "数据形式", "单位", "分辨率", "采集间隔秒",
             "安装位置", "准确度等级", "来源网关", "生效日期")  # fmt: skip
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(heads)
        for code in codes:
            out.writerow([meter_name(code), code, "购入电量", "区间量", "kWh", "0.01", 900,
                          "供电关口", "0.5S", gateway, REPORTED.isoformat()])  # fmt: skip


def mixed(a: Ints, b: Ints) -> Ints:
    """A number of each pair that looks like chance and is always the same."""
    z = (a * 2_654_435_761 + b * 40_503 + 12_345) & 0x7FFFFFFF
    z = ((z ^ (z >> 15)) * 73_244_475) & 0x7FFFFFFF
    return (z ^ (z >> 13)) & 0x7FFFFFFF


def shape(quarter: Ints) -> NDArray[np.float64]:
    """Load by local hour and weekday; its mean over a week is 1."""
    local = quarter * QUARTER_MIN + EPOCH_LOCAL_MIN
    hour, weekday = local // 60 % 24, (local // 1440 + 3) % 7
    day = np.where((hour >= 8) & (hour < 20), 1.35, 0.65)
    return day * np.where(weekday >= 5, 0.75, 1.1)


def silent(channel: Ints, quarter: Ints) -> NDArray[np.bool_]:
    """Whether a line brings nothing: some hours of some days, now and then a whole day."""
    local = quarter * QUARTER_MIN + EPOCH_LOCAL_MIN
    day, hour = local // 1440, local // 60 % 24
    by_day = mixed(channel, day)
    start = by_day // 977 % 20
    hours = (by_day % SILENT_HOURS == 0) & (hour >= start) & (hour < start + 3)
    return hours | (by_day % SILENT_DAYS == 1)


def readings(platform: Platform, first: int, end: int) -> pa.Table:
    """Readings of the quarter-hours [first, end) of every line that brings them."""
    quarter = np.repeat(np.arange(first, end, dtype=np.int64), len(platform.channels))
    channel = np.tile(np.asarray(platform.channels, np.int64), end - first)
    mean = np.tile(np.asarray(platform.daily_kwh), end - first) / PER_DAY
    kwh = mean * shape(quarter) * (0.9 + 0.2 * (mixed(channel, quarter) % 1000) / 1000)
    heard = ~silent(channel, quarter)
    begin_ms = quarter[heard] * (QUARTER_MIN * 60_000)
    return pa.table(
        {
            "channel": channel[heard], "time": begin_ms,
            "end": begin_ms + QUARTER_MIN * 60_000, "value": np.round(kwh[heard], 2),
        }
    )  # fmt: skip


def batches(platform: Platform, until: int) -> Iterator[tuple[int, int]]:
    """Spans of quarter-hours that wait to be sent."""
    first = platform.sent_quarter + 1
    while first < until:
        yield first, min(first + BATCH_QUARTERS, until)
        first += BATCH_QUARTERS


def send(platform: Platform, address: str, now_s: float) -> bool:
    """Send what waits; False where the intake does not take it now."""
    for first, end in batches(platform, int(now_s) // (QUARTER_MIN * 60)):
        table = readings(platform, first, end)
        key = f"demo-{platform.gateway}-{platform.number + 1}"
        if table.num_rows and not post(address, platform.token, key, stream(table), ARROW):
            return False
        platform.sent_quarter, platform.number = end - 1, platform.number + 1
    return True


def stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()
