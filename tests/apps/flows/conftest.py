"""An enterprise with stated energy and meters, and others beside it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tanma.apps.facts import door as facts
from tanma.apps.registry import door as registry
from tests.apps.live.conftest import FIRST, SECOND, Plant, admin, office, owner, plant

__all__ = ["FIRST", "SECOND", "Plant", "admin", "office", "owner", "plant"]
KWH, GJ, T = 1000, 10**6, 10**6


def subject_of(code: str) -> int:
    return registry.Enterprise.objects.get(natural_key=f"uscc:{code}").id


def say(code: str, month: str, source: str = "grid", **amounts: int) -> None:
    """State amounts of a month: electricity__purchased=7 is 7 counts."""
    first = dt.date.fromisoformat(f"{month}-01")
    end = (first + dt.timedelta(days=31)).replace(day=1)
    rows: list[dict[str, Any]] = [
        {
            "subject": subject_of(code), "item": name.replace("__", "."), "kind": "amount",
            "valid_from": first, "valid_to": end, "value": value, "source": source,
            "data_class": "internal", "text": None, "reported": str(value),
        }
        for name, value in amounts.items()
    ]  # fmt: skip
    facts.append(facts.table(rows), author="test")


@pytest.fixture
def stated(plant: Plant) -> Plant:
    """Three months of power, gas and steam of the first enterprise."""
    for month in ("2026-07", "2026-08", "2026-09"):
        say(
            FIRST, month, electricity__purchased=1000 * KWH, electricity__pv__generated=100 * KWH,
            electricity__pv__exported=30 * KWH, fuel__natural_gas__burnt=2 * 10**8,
            heat__purchased=50 * GJ, heat__sold=5 * GJ,
        )  # fmt: skip
    return plant
