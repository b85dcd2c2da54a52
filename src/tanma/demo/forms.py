"""Enterprises that report on statistics forms, with 本月 and 1–本月, and what those sheets say.

January is not reported, January and February come together as a cumulative, and the cumulative of
February is now and then too high until March puts it right. Truth and sums over a quarter are
those of everybody else; only the way of telling differs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tanma.demo import activity, tables
from tanma.demo.plan import Plan
from tanma.demo.population import Flags, Floats, Ints, Population
from tanma.demo.reporting import Reporting

Columns = dict[str, Any]
REPORTERS = 60
TRANSFORMERS = 6
TRANSFORMED_SHARE = 0.4
COKE_PER_COAL = 0.7
FRESH_WATER_M3_PER_WAN = 1.8
REUSED_PER_FRESH = 0.6
TOO_HIGH = 1.03
"""A first cumulative of the year that March revises."""
JANUARY, FEBRUARY = 0, 1


def reporters(plan: Plan, people: Population, told: Reporting, rated: Flags) -> Ints:
    """Steady enterprises above scale that report everything; the same ones in every quarter."""
    steady = (people.opened == 0) & (people.closed == plan.months) & people.started_above
    steady &= (people.risen == plan.months) & (people.fallen == plan.months) & ~people.heavy
    steady &= told.energy.all(axis=1) & told.economy.all(axis=1) & rated
    steady &= ~np.isin(people.industry, activity.SUPPLY_CODES)
    for process in tables.processes():
        steady &= ~np.char.startswith(people.industry, process.prefix)
    rng = plan.stream("forms")
    pool = np.flatnonzero(steady)
    return np.sort(rng.choice(pool, size=min(REPORTERS, len(pool)), replace=False))


def transformers(firms: Ints, amounts: dict[str, Floats]) -> Ints:
    """Those among them that also turn some of their coal into coke."""
    return firms[amounts["bituminous"][firms].min(axis=1) > 0][:TRANSFORMERS]


def transformed_t(coal_t: Floats) -> Floats:
    return np.round(coal_t * TRANSFORMED_SHARE, 3)


def coke_t(coal_t: Floats) -> Floats:
    return np.round(transformed_t(coal_t) * COKE_PER_COAL, 3)


def fresh_water_m3(output_yuan: Floats) -> Floats:
    return np.round(output_yuan / activity.YUAN_PER_WAN * FRESH_WATER_M3_PER_WAN)


def reused_water_m3(output_yuan: Floats) -> Floats:
    return np.round(fresh_water_m3(output_yuan) * REUSED_PER_FRESH)


def months_told(plan: Plan, months: range) -> list[int]:
    """Months of a quarter that have a sheet: all but January."""
    return [m for m in months if (plan.first_month + m) % 12 != JANUARY]


def month_and_cumulative(
    plan: Plan, amounts: Floats, firms: Ints, months: list[int], decimals: int,
    numbers: Ints | None = None,
) -> tuple[Floats, Floats]:  # fmt: skip
    """(本月, 1–本月) per enterprise and month told, month by month; missing is NaN.

    February says no month of its own. A year of which January lies before the plan has no
    cumulative: nobody knows it.
    """
    alone, since = [], []
    for month in months:
        calendar = (plan.first_month + month) % 12
        part = amounts[firms, month]
        alone.append(np.full(len(firms), np.nan) if calendar == FEBRUARY else part)
        january = month - calendar
        whole = amounts[firms, max(january, 0) : month + 1].sum(axis=1)
        if calendar == FEBRUARY and numbers is not None:
            whole = np.where(numbers % 5 == 0, whole * TOO_HIGH, whole)
        since.append(whole if january >= 0 else np.full(len(firms), np.nan))
    return _flat(alone, decimals), _flat(since, decimals)


def _flat(parts: list[Floats], decimals: int) -> Floats:
    flat: Floats = np.concatenate(parts).astype(np.float64) if parts else np.array([])
    return np.round(flat, decimals)


def empty_cells(values: Floats) -> pa.Array:
    """A missing figure is an empty cell."""
    return pa.array(values, from_pandas=True)
