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


@pytest.fixture
def region_of_five(plant: Plant) -> tuple[str, list[int]]:
    """A park with five enterprises that buy power, one of which burns coke; mirrored."""
    from tanma.apps.imports.door import mirror
    from tests.apps.flows.codes import CODES

    firms = registry.register("uscc", CODES, author="test")
    (area,) = registry.register("area", ["990101901"], author="test").values()
    said = {"name": "样例园区", "area.kind": "park"}
    rows = [_attribute(area, item, text) for item, text in said.items()]
    rows += [_attribute(f, "area.management", "990101901") for f in firms.values()]
    facts.append(facts.table(rows), author="test")
    registry.project()
    for code in CODES:
        say(code, "2026-09", electricity__purchased=10_000 * KWH)
    say(CODES[0], "2026-09", fuel__coke__burnt=T)
    mirror()
    return "990101901", [firms[c] for c in CODES]


def _attribute(subject: int, item: str, text: str) -> dict[str, Any]:
    return {
        "subject": subject, "item": item, "kind": "attribute", "valid_from": dt.date(2020, 1, 1),
        "valid_to": dt.date(9999, 12, 31), "value": None, "text": text, "reported": text,
        "source": "registry", "data_class": "public",
    }  # fmt: skip
