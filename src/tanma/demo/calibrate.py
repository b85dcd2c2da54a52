"""Bring the drawn region to the wanted picture: how many high-carbon and grade-5 enterprises,
where they are, and which township's index is abnormal.

Works at sizing factors; cut-offs are those of the public scheme file, repeated here as design
figures of the demo (`tests/demo` compares the outcome with an independent rating).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tanma.demo.activity import YUAN_PER_WAN, Activity
from tanma.demo.geography import Geography
from tanma.demo.plan import CITY, Plan
from tanma.demo.population import Flags, Floats, Ints, Population

HIGH_LEVEL_CUT = 2.0
GRADE_5_CUT = 2.0
MANY_FIVES = 88
MANY_FIVES_COUNTY = 2
OTHER_FIVES_SHARE = 0.0075
PROVINCE_FIVES_SHARE = 0.015
TAME_RATIO = 1.72
TAME_LEVEL = 1.75
FIVE_RATIO = (2.25, 3.4)
ROUNDS = 8
MIN_GROUP = 5
MIN_EFFECTIVE = 3.0
CITY_INDEX_FACTOR = 1.2
WORSE_RATIO = 1.06
WATCHED_FACTOR = 1.05
MAX_YEARLY_RISE = 1.06


@dataclass(frozen=True)
class Design:
    """What the calibration decided on purpose."""

    fives: Ints
    abnormal_township: int


def calibrate(
    plan: Plan, land: Geography, people: Population, drawn: Activity, rated: Flags
) -> tuple[Activity, Design]:
    rng = plan.stream("calibration")
    fives = _choose_fives(plan, land, people, drawn, rated, rng)
    wanted = np.full(people.count, np.nan)
    wanted[fives] = rng.uniform(*FIVE_RATIO, len(fives))
    tame = rng.uniform(0.72, 0.99, people.count)
    active, township = _levelled(people, drawn, rated, wanted, tame), -1
    if plan.quarters >= 8:
        township = _choose_township(plan, land, people, active)
        for _ in range(3):
            active = _tilted(plan, land, people, active, township)
            active = _levelled(people, active, rated, wanted, tame)
    return active, Design(fives, township)


def year(monthly: Floats, years_ago: int = 0) -> Floats:
    """Sum over the last twelve months, or over the twelve that ended so many years before."""
    end = monthly.shape[1] - 12 * years_ago
    return np.asarray(monthly[:, end - 12 : end].sum(axis=1))


def benchmarks(industry: np.ndarray, net: Floats, added: Floats, members: Flags) -> Floats:
    """Industry L of every enterprise: Σ net ÷ Σ value added of the members, climbing the code."""
    result = np.full(len(net), np.nan)
    for digits in (4, 3, 2, 0):
        groups = np.array([code[:digits] for code in industry])
        _, where = np.unique(groups, return_inverse=True)
        size = np.bincount(where[members], minlength=where.max() + 1)
        total = np.bincount(where[members], net[members], where.max() + 1)
        base = np.bincount(where[members], added[members], where.max() + 1)
        squares = np.bincount(where[members], added[members] ** 2, where.max() + 1)
        effective = base**2 / np.maximum(squares, 1e-12)
        enough = (size >= MIN_GROUP) & (effective >= MIN_EFFECTIVE)
        level = np.where(enough, total / np.maximum(base, 1e-12), np.nan)[where]
        result = np.where(np.isnan(result), level, result)
    return result


def _members(people: Population, rated: Flags, months: int) -> Flags:
    """Above scale in every month of the last year, and rated."""
    return rated & people.above(months)[:, -12:].all(axis=1)


def _levels(people: Population, now: Activity, rated: Flags) -> tuple[Floats, Floats]:
    """L of every enterprise (t/10⁴ yuan), and its ratio K to the industry."""
    net = year(now.net_tco2())
    added = year(now.value_added_yuan) / YUAN_PER_WAN
    members = _members(people, rated, now.output_yuan.shape[1])
    level = net / np.maximum(added, 1e-9)
    return level, level / benchmarks(people.industry, net, added, members)


def _choose_fives(
    plan: Plan,
    land: Geography,
    people: Population,
    drawn: Activity,
    rated: Flags,
    rng: np.random.Generator,
) -> Ints:
    """Enterprises of little weight in a well-filled industry, most of them in one county."""
    added = year(drawn.value_added_yuan)
    members = _members(people, rated, plan.months)
    _, where = np.unique(people.industry, return_inverse=True)
    size = np.bincount(where[members], minlength=where.max() + 1)[where]
    base = np.bincount(where[members], added[members], where.max() + 1)[where]
    steady = (people.risen == plan.months) & (people.fallen == plan.months)
    fit = rated & steady & ~people.heavy & (size >= 10) & (added < 0.04 * base)
    county = land.county_of[people.township]
    if plan.region != CITY:
        pool = np.flatnonzero(fit)
        return np.sort(
            rng.choice(pool, size=round(PROVINCE_FIVES_SHARE * people.count), replace=False)
        )
    scale = people.count / 8800
    inside = np.flatnonzero(fit & (county == MANY_FIVES_COUNTY))
    outside = np.flatnonzero(fit & (county != MANY_FIVES_COUNTY))
    many = rng.choice(inside, size=min(round(MANY_FIVES * scale), len(inside)), replace=False)
    others = round(OTHER_FIVES_SHARE * people.count)
    return np.sort(np.concatenate([many, rng.choice(outside, size=others, replace=False)]))


def _levelled(
    people: Population, drawn: Activity, rated: Flags, wanted: Floats, tame: Floats
) -> Activity:
    """Scale emissions until the chosen are grade 5 and, outside heavy industry, no one else is.

    A few rounds, because every change moves the benchmarks.
    """
    now = drawn
    chosen = ~np.isnan(wanted)
    for _ in range(ROUNDS):
        level, ratio = _levels(people, now, rated)
        factor = np.where(chosen, wanted / np.maximum(ratio, 1e-9), 1.0)
        loud = ~chosen & (ratio > TAME_RATIO)
        factor = np.where(loud, TAME_RATIO * tame / np.maximum(ratio, 1e-9), factor)
        high = ~chosen & ~people.heavy & (level * factor > TAME_LEVEL)
        factor = np.where(high, TAME_LEVEL * tame / np.maximum(level, 1e-9), factor)
        # An enterprise without value added in the last year has no ratio to correct.
        factor = np.where(np.isfinite(factor) & (factor > 0), factor, 1.0)
        now = scaled(now, factor[:, None])
    return now


def scaled(now: Activity, factor: Floats) -> Activity:
    """All energy × factor (enterprise × 1, or enterprise × month)."""
    return replace(
        now,
        amounts={name: amount * factor for name, amount in now.amounts.items()},
        pv_generated_kwh=now.pv_generated_kwh * factor,
        pv_exported_kwh=now.pv_exported_kwh * factor,
    )


def township_index(
    plan: Plan, land: Geography, people: Population, now: Activity, years_ago: int = 0
) -> tuple[Floats, float]:
    """Σ net ÷ Σ output (t/10⁴ yuan) of those above scale, per township and for the region."""
    above = people.above(plan.months)
    net = year(now.net_tco2() * above, years_ago)
    output = year(now.output_yuan * above, years_ago) / YUAN_PER_WAN
    count = len(land.townships)
    emitted = np.bincount(people.township, net, count)
    produced = np.bincount(people.township, output, count)
    return emitted / np.maximum(produced, 1e-9), float(net.sum() / output.sum())


def _choose_township(plan: Plan, land: Geography, people: Population, now: Activity) -> int:
    """Of the county of the many fives: well above the region's index, small part of its sum."""
    index, region = township_index(plan, land, people, now)
    emitted = np.bincount(people.township, year(now.net_tco2()), len(land.townships))
    fit = (index > 1.4 * region) & (land.county_of == MANY_FIVES_COUNTY)
    fit &= ~np.isin(np.arange(len(index)), land.new_area)
    if not fit.any():
        raise ValueError("no township of the chosen county lies 1.4 × above the region's index")
    return int(np.flatnonzero(fit)[np.argmin(emitted[fit])])


def _tilted(
    plan: Plan, land: Geography, people: Population, now: Activity, abnormal: int
) -> Activity:
    """Turn trends: one township gets worse, every other one above the line gets better."""
    index, region = township_index(plan, land, people, now)
    before, _ = township_index(plan, land, people, now, years_ago=1)
    change = index / np.maximum(before, 1e-9)
    watched = index > WATCHED_FACTOR * region
    goal = np.where(watched, np.minimum(change, 0.97), np.minimum(change, MAX_YEARLY_RISE))
    goal[abnormal] = WORSE_RATIO
    slope = np.log(goal / np.maximum(change, 1e-9))
    slope = np.where(np.isfinite(slope), slope, 0.0)[people.township]
    years = (np.arange(plan.months) - (plan.months - 6.5)) / 12
    return scaled(now, np.exp(slope[:, None] * years))
