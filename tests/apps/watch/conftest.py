"""The plant of the live pages with a compressor that makes air and idles, its days derived."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from tanma.apps.codes.door import sync_lake
from tanma.apps.equipment import door as equipment
from tanma.apps.metering import door as metering
from tanma.domain.readings import READING
from tanma.engine.metering.refresh import refresh
from tanma.lake.readings import Readings
from tests.apps.live.conftest import FIRST, Plant, admin, office, owner, plant

__all__ = ["admin", "office", "owner", "plant"]
ABOUT = {"author": "test", "evidence": "台账 1"}
QUARTER = dt.timedelta(minutes=15)
FINE = {"interval_s": "900"}


def say(lake: Any, rows: list[tuple[int, dt.datetime, dt.datetime, int, int | None]]) -> None:
    """Readings (channel, start, end, count, revision) into the lake, and days brought up."""
    store = Readings(lake)
    made = [dict(zip(READING.names, row, strict=True)) for row in rows]
    store.append(pa.Table.from_pylist(made, READING), writer="test")
    store.seal()
    derived(lake)


def derived(lake: Any) -> None:
    sync_lake()
    refresh(lake)


@pytest.fixture
def compressor(plant: Plant) -> equipment.Equipment:
    """Fed by 二车间 (16 kW); makes 40 m³ of air a quarter-hour; idles in every fourth."""
    metering.register_meter("T-产气", FIRST, **ABOUT)
    numbers = metering.declare(
        [metering.Declared("T-产气", "air.compressed", "interval", "m3", 0, more=FINE),
         metering.Declared("T-产气", "state.running", "state", "1", 0, more=FINE)], **ABOUT,
    )  # fmt: skip
    air, state = (numbers["T-产气", i] for i in ("air.compressed", "state.running"))
    plant.channels.update({"air": air, "state": state})
    end = plant.until.replace(minute=plant.until.minute // 15 * 15, second=0, microsecond=0)
    rows: list[Any] = []
    for n in range(3 * 96):
        at = end - dt.timedelta(days=3) + n * QUARTER
        rows.append((air, at, at + QUARTER, 40, None))
        rows.append((state, at, at, 2 if n % 4 == 3 else 1, None))
    say(plant.lake, rows)
    subject = equipment.register(
        "K-1", FIRST, title="空压机", kind="compressor", section="公用", rated_kw="20",
        input="T-二车间", output="T-产气", **ABOUT,
    )  # fmt: skip
    return equipment.Equipment.objects.get(pk=subject)


@pytest.fixture
def loom(compressor: equipment.Equipment) -> equipment.Equipment:
    """Told by its power alone: 28 kW of 40."""
    subject = equipment.register(
        "E-1", FIRST, title="织机", kind="machine", rated_kw="40", input="T-一车间", **ABOUT
    )
    return equipment.Equipment.objects.get(pk=subject)
