"""Batches of an enterprise with meters: handed in as a file, read up to now."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tanma.apps.imports.door import import_file
from tanma.apps.people.door import Grant, Role, Viewer
from tests.apps.live.conftest import FIRST, SECOND, Plant, admin, office, owner, plant

__all__ = ["FIRST", "SECOND", "Plant", "admin", "office", "owner", "plant"]
HEADS = ("统一社会信用代码", "批次号", "产品名称", "产线", "表计清单", "批次开始时间",
         "批次结束时间", "产出数量", "单位")  # fmt: skip
CITY = Viewer(user_id=1, name="局", grants=(Grant(Role.BUREAU),))
ZONE = ZoneInfo("Asia/Shanghai")


def local(moment: dt.datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


@pytest.fixture
def hour(plant: Plant) -> dt.datetime:
    """A whole hour long enough ago that readings lie on both sides."""
    return plant.until.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=10)


@pytest.fixture
def hand_in(plant: Plant, tmp_path: Path) -> Any:
    """Bring rows in as a file; what is left out of a row is usual."""
    numbers = iter(range(1000))

    def go(*rows: dict[str, Any], viewer: Viewer = CITY, **more: Any) -> Any:
        path = tmp_path / f"batches-{next(numbers)}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(HEADS)
            out.writerows(_row(row) for row in rows)
        return import_file(path, viewer, **more)

    return go


def _row(given: dict[str, Any]) -> list[str]:
    usual = {"firm": FIRST, "number": "B-1", "product": "坯布", "section": "", "meters": "T-一车间",
             "output": "2", "unit": "t"}  # fmt: skip
    row = usual | given
    ends = [local(row[k]) if isinstance(row[k], dt.datetime) else row[k] for k in ("begin", "end")]
    names = ("firm", "number", "product", "section", "meters")
    return [*(row[n] for n in names), *ends, row["output"], row["unit"]]
