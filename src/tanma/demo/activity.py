"""Month by month: output, value added, and every energy carrier an enterprise uses.

Net emissions are set first (intensity × value added); carriers share them by the industry's mix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanma.demo import tables
from tanma.demo.plan import PROVINCE, Plan
from tanma.demo.population import Flags, Floats, Population

MEDIAN_VA_ABOVE_YUAN = 22e6
MEDIAN_VA_SMALL_YUAN = 1.7e6
LEAST_ABOVE_YUAN = 24.5e6
MOST_SMALL_YUAN = 16.5e6
YUAN_PER_WAN = 1e4
INTENSITY_SIGMA = 0.34
FIXED_ENERGY_SHARE = 0.2
PV_SHARE_ABOVE = 0.27
PV_SHARE_SMALL = 0.02
SEASON = np.array([0.97, 0.76, 1.04, 1.02, 1.03, 1.04, 0.98, 0.97, 1.04, 1.03, 1.05, 1.07])
SUN = np.array([0.6, 0.7, 0.95, 1.1, 1.2, 1.1, 1.35, 1.3, 1.1, 0.95, 0.75, 0.6])
MINOR = ("gasoline", "lpg")
MINOR_PROVINCE = ("gasoline", "lpg", "fuel_oil", "kerosene", "lng")
MINOR_PRESENCE = {"gasoline": 0.2, "lpg": 0.05}
MINOR_SHARE = 0.004
SUPPLY_CODES = ("4412", "4430")


@dataclass(frozen=True)
class Activity:
    """True monthly figures, enterprise × month. Zero where an enterprise is not active."""

    output_yuan: Floats
    value_added_yuan: Floats
    amounts: dict[str, Floats]
    """Carrier → amounts in the carrier's unit; `power` is bought, after own PV."""
    pv_generated_kwh: Floats
    pv_exported_kwh: Floats

    def net_tco2(self) -> Floats:
        """Net emissions at sizing factors, enterprise × month."""
        total = np.zeros_like(self.output_yuan)
        for name, amount in self.amounts.items():
            carrier = tables.carriers()[name]
            sign = -1.0 if carrier.flow == "sold" else 1.0
            total += sign * carrier.sizing_tco2_per_unit * amount
        return total


def calendar(plan: Plan) -> NDArray[np.int64]:
    """Month of the year, 0 to 11, of every month of the plan."""
    return (plan.first_month + np.arange(plan.months)) % 12


def build(plan: Plan, people: Population, fuels: Flags) -> Activity:
    """Draw the region; enterprises outside `fuels` use nothing but power."""
    rng = plan.stream("activity")
    profile = _columns(people)
    output = _output(plan, people, profile, rng)
    shares = profile["va_share"] * rng.lognormal(0.0, 0.1, people.count)
    added = output * shares[:, None] * rng.lognormal(0.0, 0.03, output.shape)
    net = _net_emissions(plan, people, profile, added, rng)
    mix = _mix(plan, people, profile, fuels, rng)
    amounts = {name: _amount(name, share, net, rng) for name, share in mix.items()}
    generated, exported = _pv(plan, people, amounts, rng)
    amounts["power"] = amounts["power"] - (generated - exported)
    return Activity(output, added, amounts, generated, exported)


def _columns(people: Population) -> dict[str, Floats]:
    """Profile figures as columns over all enterprises."""
    codes, where = np.unique(people.industry, return_inverse=True)
    found = [tables.profile_of(str(code)) for code in codes]
    rows = [profile for profile in found if profile is not None]
    columns = {
        name: np.array([getattr(row, name) for row in rows], dtype=np.float64)[where]
        for name in ("intensity_tco2_per_wan", "va_share", "va_factor")
    }
    for name in tables.SHARE_COLUMNS:
        columns[name] = np.array([row.shares[name] for row in rows])[where]
    return columns


def _output(
    plan: Plan, people: Population, profile: dict[str, Floats], rng: np.random.Generator
) -> Floats:
    """Monthly output value, yuan: size × growth × season × noise."""
    count, months = people.count, plan.months
    above = people.started_above
    median = np.where(above, MEDIAN_VA_ABOVE_YUAN, MEDIAN_VA_SMALL_YUAN)
    sigma = np.where(people.heavy, 0.7, np.where(above, 0.95, 0.6))
    factor = np.where(above, profile["va_factor"], 1.0)
    annual_va = median * factor * np.exp(sigma * rng.standard_normal(count))
    growth = rng.normal(0.045, 0.04, count)
    base, growth = _beside_threshold(plan, people, annual_va / profile["va_share"], growth)
    years = (np.arange(months) - (months - 6)) / 12
    trend = np.exp(growth[:, None] * years)
    season = SEASON[calendar(plan)]
    noise = rng.lognormal(0.0, 0.05, (count, months))
    return base[:, None] / 12 * trend * season * noise * people.active(months)


def _beside_threshold(
    plan: Plan, people: Population, annual_yuan: Floats, growth: Floats
) -> tuple[Floats, Floats]:
    """Annual output on the side of 20 million yuan that the size class says; movers cross it."""
    above = people.started_above
    annual = np.where(
        above, np.maximum(annual_yuan, LEAST_ABOVE_YUAN), np.minimum(annual_yuan, MOST_SMALL_YUAN)
    )
    risen, fallen = people.risen < plan.months, people.fallen < plan.months
    annual = np.where(risen, LEAST_ABOVE_YUAN, np.where(fallen, MOST_SMALL_YUAN, annual))
    return annual, np.where(risen, 0.18, np.where(fallen, -0.15, growth))


def _net_emissions(
    plan: Plan,
    people: Population,
    profile: dict[str, Floats],
    added: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Tonnes a month: part of the energy does not follow output, and intensity improves."""
    count, months = added.shape
    level = profile["intensity_tco2_per_wan"] * np.exp(INTENSITY_SIGMA * rng.standard_normal(count))
    improving: Floats = np.asarray(rng.normal(0.028, 0.018, count))
    years = (np.arange(months) - (months - 6)) / 12
    active = people.active(months)
    mean: Floats = np.asarray(added.sum(axis=1) / np.maximum(active.sum(axis=1), 1))
    blended = (1 - FIXED_ENERGY_SHARE) * added + FIXED_ENERGY_SHARE * mean[:, None] * active
    noise = rng.lognormal(0.0, 0.02, added.shape)
    pace = np.exp(-improving[:, None] * years)
    return blended / YUAN_PER_WAN * level[:, None] * pace * noise


def _mix(
    plan: Plan,
    people: Population,
    profile: dict[str, Floats],
    fuels: Flags,
    rng: np.random.Generator,
) -> dict[str, Floats]:
    """Share of every carrier in an enterprise's net emissions; shares add up to one."""
    supply = np.isin(people.industry, SUPPLY_CODES)
    drawn: dict[str, Any] = {
        name: _present(profile[name], supply, rng) for name in ("coal", "gas", "diesel", "heat")
    }
    drawn["power"] = profile["power"] * np.where(supply, 1.0, rng.lognormal(0, 0.2, people.count))
    minors = MINOR_PROVINCE if plan.region == PROVINCE else MINOR
    for name in minors:
        chance = 1.0 if plan.region == PROVINCE else MINOR_PRESENCE[name]
        drawn[name] = MINOR_SHARE * (rng.random(people.count) < chance)
    if plan.region == PROVINCE:
        for name in ("coal", "gas", "diesel", "heat"):
            drawn[name] = np.where(supply, drawn[name], np.maximum(drawn[name], MINOR_SHARE))
    drawn = {name: np.where(fuels | (name == "power"), s, 0.0) for name, s in drawn.items()}
    total = np.sum(list(drawn.values()), axis=0)
    return _named(people, {name: share / total for name, share in drawn.items()})


def _present(share: Floats, supply: Flags, rng: np.random.Generator) -> Floats:
    """A carrier with a small share is used by few enterprises, then in a larger part."""
    chance = np.clip(np.abs(share) / 0.12, 0.12, 1.0) * (share != 0)
    used = rng.random(len(share)) < chance
    varied = share / np.maximum(chance, 1e-9) * rng.lognormal(0.0, 0.3, len(share)) * used
    return np.where(supply, share, varied)


def _named(people: Population, drawn: dict[str, Floats]) -> dict[str, Floats]:
    """From the mix's five columns to carriers: which coal, which gas, bought or sold."""
    kinds = np.array([_coal_kind(str(code)) for code in people.industry])
    named = {str(kind): np.where(kinds == kind, drawn["coal"], 0.0) for kind in sorted(set(kinds))}
    named["natural_gas"] = drawn["gas"]
    for name in ("diesel", *MINOR_PROVINCE):
        if name in drawn:
            named[name] = drawn[name]
    for name in ("heat", "power"):
        named[name] = np.maximum(drawn[name], 0.0)
        named[f"{name}_sold"] = np.maximum(-drawn[name], 0.0)
    return named


def _coal_kind(code: str) -> str:
    profile = tables.profile_of(code)
    return profile.coal_kind if profile else "bituminous"


def _amount(name: str, share: Floats, net: Floats, rng: np.random.Generator) -> Floats:
    """Carrier units a month; carriers vary a little against each other."""
    per_unit = tables.carriers()[name].sizing_tco2_per_unit
    noise = rng.lognormal(0.0, 0.025, net.shape)
    return net * share[:, None] / per_unit * noise


def _pv(
    plan: Plan, people: Population, amounts: dict[str, Floats], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """PV generation and export: adoption grows over the span, export depends on the roof."""
    count, months = people.count, plan.months
    chance = np.where(people.started_above, PV_SHARE_ABOVE, PV_SHARE_SMALL)
    has = (rng.random(count) < chance) & ~np.isin(people.industry, SUPPLY_CODES)
    since = np.where(rng.random(count) < 0.45, 0, rng.integers(0, months, count))
    on = has[:, None] & (np.arange(months) >= since[:, None]) & people.active(months)
    demand = amounts["power"].mean(axis=1)
    size = demand * rng.uniform(0.08, 0.42, count)
    sun = SUN[calendar(plan)] * rng.lognormal(0.0, 0.05, (count, months))
    generated = size[:, None] * sun * on
    exported = np.minimum(generated * rng.uniform(0.0, 0.35, count)[:, None], generated)
    surplus = np.maximum(generated - exported - 0.9 * amounts["power"], 0.0)
    return generated, exported + surplus
