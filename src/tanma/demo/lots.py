"""Production batches of the enterprises whose meters have readings in the region's last month."""

from __future__ import annotations

from typing import Any

import numpy as np

from tanma.demo import registers, tables
from tanma.demo.region import Region
from tanma.domain import periods

HOURS = (7, 15)
"""Local hours at which a batch begins, each day."""
LENGTH_MIN = (300, 430)
"""A batch lasts so many minutes, at least and at most."""
YUAN_PER_T = 8000.0
"""Sizes the output of industries whose product has no unit of its own."""


def batches(region: Region) -> dict[str, Any]:
    """Two batches a day for each of the meters with readings, in local time."""
    rng = region.plan.stream("batches")
    firms = registers.metered(region)[: registers.READING_METERS]
    end = np.datetime64(periods.month_start(region.plan.first_month + region.plan.months), "m")
    days = end - np.arange(registers.READING_DAYS, 0, -1) * np.timedelta64(1, "D")
    shape = (len(firms), len(days), len(HOURS))
    starts = days[None, :, None] + np.array(HOURS, "timedelta64[h]") + np.zeros(shape, int)
    minutes = rng.integers(0, 50, shape), rng.integers(*LENGTH_MIN, shape)
    starts = starts + minutes[0].astype("timedelta64[m]")
    names, units, monthly = _products(region, firms)
    each = monthly[:, None, None] / (len(days) * len(HOURS)) * rng.lognormal(0.0, 0.06, shape)
    number = np.arange(len(HOURS)) + 1
    day = np.char.replace(np.datetime_as_string(days, unit="D"), "-", "")
    texts = np.char.add(np.char.add(day[:, None], "-"), number.astype(str)[None, :])
    repeat = len(days) * len(HOURS)
    return {
        "uscc": np.repeat(np.array(region.people.uscc)[firms], repeat),
        "batch_no": np.tile(texts.ravel(), len(firms)),
        "batch_product": np.repeat(names, repeat),
        "batch_meters": np.repeat([f"M-{n + 1:05d}" for n in range(len(firms))], repeat),
        "batch_start": _texts(starts),
        "batch_end": _texts(starts + minutes[1].astype("timedelta64[m]")),
        "batch_output": np.round(each.ravel(), 3),
        "unit": np.repeat(units, repeat),
    }


def _texts(moments: np.ndarray) -> np.ndarray:
    return np.char.replace(np.datetime_as_string(moments.ravel(), unit="m"), "T", " ")


def _products(region: Region, firms: np.ndarray) -> tuple[list[str], list[str], np.ndarray]:
    """Name, unit and output of the last month of what each of the enterprises makes."""
    codes = [str(region.people.industry[f]) for f in firms]
    found = [tables.product_of(code) for code in codes]
    profiles = [tables.profile_of(code) for code in codes]
    trades = [f"{p.trades[0]}产品" if p else "产品" for p in profiles]
    price = np.array([p.output_yuan_per_unit if p else YUAN_PER_T for p in found])
    names = [p.product_zh if p else trade for p, trade in zip(found, trades, strict=True)]
    units = [p.unit if p else "t" for p in found]
    return names, units, region.activity.output_yuan[firms, -1] / price
