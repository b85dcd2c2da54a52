"""Plants with meters from the tests of `live`, and the published region."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pyarrow as pa
import pytest

from tanma.apps.facts import door as facts
from tanma.domain.readings import READING
from tanma.engine.metering.refresh import refresh
from tanma.lake.facts import FactsMirror
from tanma.lake.readings import Readings
from tests.apps.live.conftest import FIRST, Plant, admin, office, owner, plant
from tests.apps.region import nothing_kept, published

__all__ = [
    "FIRST", "Plant", "admin", "hourly", "kept", "nothing_kept", "office", "owner", "plant",
    "published",
]  # fmt: skip
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def kept(plant: Plant) -> Callable[[], None]:
    """Brings mirror and kept days up, as `tanma lake keep` does."""

    def keep() -> None:
        FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
        refresh(plant.lake)

    return keep


def hourly(
    lake: object, values: dict[int, int], begin: dt.datetime, hours: int,
    without: dict[int, tuple[int, ...]] | None = None, levels: tuple[int, ...] = (),
) -> None:  # fmt: skip
    """So many counts of each channel every hour; `without`: hours in which a channel is silent."""
    rows = [
        {"channel": channel, "start_utc": begin + n * HOUR, "value": count, "revision": None,
         "end_utc": begin + (n + (channel not in levels)) * HOUR}
        for channel, count in values.items() for n in range(hours)
        if n not in (without or {}).get(channel, ())
    ]  # fmt: skip
    store = Readings(lake)  # type: ignore[arg-type]
    store.append(pa.Table.from_pylist(rows, READING), writer="test-hourly")
    store.seal()
