"""Who reports, who is missing, and which errors are planted in what is reported.

Errors touch what is written, never the truth; each planted one is listed in the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tanma.demo.plan import MONTHS_PER_QUARTER, Plan
from tanma.demo.population import Flags, Ints, Population

MISSING_SHARE = 0.015
SMALL_DECLARING_SHARE = 0.93
SMALL_FUEL_SHARE = 0.25
INCOME_APPROACH_SHARE = 0.12
LOSS_MAKERS = 4


@dataclass(frozen=True)
class Reporting:
    """Enterprise × quarter flags, and groups of enterprises that report in their own way."""

    energy: Flags
    """The department's energy form arrived for the quarter."""
    economy: Flags
    fuels: Flags
    """Declares fuels at all: every enterprise above scale, part of the small ones."""
    income_approach: Flags
    losing: Ints
    """Enterprises whose value added is negative in the last four quarters."""


def build(plan: Plan, people: Population) -> Reporting:
    rng = plan.stream("reporting")
    energy, economy = _missing(plan, people, rng)
    declares = people.started_above | (rng.random(people.count) < SMALL_DECLARING_SHARE)
    economy &= declares[:, None]
    fuels = people.started_above | (rng.random(people.count) < SMALL_FUEL_SHARE)
    fuels |= people.risen < plan.months
    approach = rng.random(people.count) < INCOME_APPROACH_SHARE
    whole = (people.opened == 0) & (people.closed == plan.months) & ~people.heavy
    steady = whole & (people.risen == plan.months) & (people.fallen == plan.months)
    eligible = np.flatnonzero(
        steady & people.started_above & energy.all(axis=1) & economy.all(axis=1)
    )
    return Reporting(energy, economy, fuels, approach, np.sort(_pick(eligible, LOSS_MAKERS, rng)))


def _pick(pool: Ints, size: int, rng: np.random.Generator) -> Ints:
    return rng.choice(pool, size=min(size, len(pool)), replace=False)


def _missing(plan: Plan, people: Population, rng: np.random.Generator) -> tuple[Flags, Flags]:
    """In every year about 1.5 % of those above scale leave out one to four quarters.

    Heavy industry always reports, as the bureau would see to it.
    """
    energy = np.ones((people.count, plan.quarters), dtype=bool)
    economy = np.ones((people.count, plan.quarters), dtype=bool)
    # Blocks of four quarters are counted from the last, so each rolling year has its share.
    for end in range(plan.quarters, 0, -4):
        pool = np.flatnonzero(people.started_above & ~people.heavy)
        chosen = _pick(pool, round(MISSING_SHARE * len(pool)), rng)
        length = rng.integers(1, 5, len(chosen))
        form = rng.random(len(chosen)) < 0.6
        for firm, quarters, is_energy in zip(chosen, length, form, strict=True):
            flags = energy if is_energy else economy
            flags[firm, max(end - quarters, 0) : end] = False
    return energy, economy


def by_month(quarterly: Flags) -> Flags:
    return np.repeat(quarterly, MONTHS_PER_QUARTER, axis=1)


def rated(plan: Plan, people: Population, told: Reporting) -> Flags:
    """Every month of the last four quarters reported, and a positive denominator."""
    year = slice(plan.months - 12, plan.months)
    complete = (people.active(plan.months) & by_month(told.energy & told.economy))[:, year]
    flags: Flags = np.asarray(complete.all(axis=1))
    flags[told.losing] = False
    return flags
