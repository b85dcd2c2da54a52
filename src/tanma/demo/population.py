"""Who is in the region: industry, place, size class and its changes, opening and closing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tanma.demo import names, tables
from tanma.demo.geography import Geography
from tanma.demo.plan import CITY, PROVINCE, Plan

INDUSTRIES = 380
REFERENCE_ENTERPRISES = 3800
MIN_HEAVY = 6
PROVINCE_HEAVY = 0.5
"""Heavy industry of a province beside that of a city, per enterprise above scale."""
ENTRANT_SHARE = 0.035
CLOSURE_SHARE = 0.025
RISEN_SHARE = 0.012
FALLEN_SHARE = 0.011
PARK_SHARE = 0.45
COUNTY_WEIGHTS = (0.19, 0.2, 0.27, 0.21, 0.13)
HEAVY_TOWNSHIPS = 14

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Population:
    """One row per enterprise; months are counted from the plan's first month."""

    uscc: list[str]
    name: list[str]
    industry: NDArray[np.str_]
    heavy: Flags
    township: Ints
    park: Ints
    """Index of the park, −1 outside parks."""
    opened: Ints
    """First month of operation; 0 when older than the plan."""
    closed: Ints
    """First month without operation; the plan's length when still active."""
    risen: Ints
    """Month from which a small enterprise is above scale; the plan's length when never."""
    fallen: Ints
    started_above: Flags

    @property
    def count(self) -> int:
        return len(self.uscc)

    def active(self, months: int) -> Flags:
        month = np.arange(months)
        return (month >= self.opened[:, None]) & (month < self.closed[:, None])

    def above(self, months: int) -> Flags:
        """Above scale in a month: began so and has not fallen, or has risen since."""
        month = np.arange(months)
        stayed = self.started_above[:, None] & (month < self.fallen[:, None])
        return stayed | (~self.started_above[:, None] & (month >= self.risen[:, None]))


def build(plan: Plan, land: Geography) -> Population:
    rng = plan.stream("population")
    above = np.arange(plan.firms) < plan.enterprises
    industry = _industries(plan, rng)
    heavy = np.array([_profile(code).heavy for code in industry])
    township = _townships(plan, land, industry, heavy, rng)
    opened, closed = _lifetimes(plan, heavy, rng)
    risen, fallen = _size_moves(plan, above, heavy, (opened > 0) | (closed < plan.months), rng)
    county = land.county_of[township]
    trades = [rng.choice(_profile(code).trades) for code in industry]
    places = [text[:-1] for text in land.counties]
    return Population(
        uscc=names.credit_codes(land.county_codes[county], plan.stream("credit codes")),
        name=names.enterprise_names(places, county, trades, plan.stream("names")),
        industry=industry,
        heavy=heavy,
        township=township,
        park=_parks(land, township, rng),
        opened=opened,
        closed=closed,
        risen=risen,
        fallen=fallen,
        started_above=above,
    )


def _profile(code: str) -> tables.Profile:
    profile = tables.profile_of(code)
    if profile is None:
        raise ValueError(f"industry {code} has no profile in profiles.csv")
    return profile


def _industries(plan: Plan, rng: np.random.Generator) -> NDArray[np.str_]:
    """Classes by weight; heavy ones get their number, the others at least one enterprise."""
    heavies = _heavies(plan)
    light, weights = _chosen_classes(len(set(heavies)), rng)
    rest = plan.enterprises - len(heavies) - len(light)
    drawn = rng.choice(light, size=rest, p=weights)
    small = rng.choice(light, size=plan.small, p=weights)
    upper = np.concatenate([heavies, light, drawn])
    return np.concatenate([upper, small]).astype("U4")


def _heavies(plan: Plan) -> list[str]:
    """Heavy industries by number; one of fewer than six would be measured against light
    neighbours of its division, so it is left out."""
    scale = plan.enterprises / REFERENCE_ENTERPRISES
    if plan.region == PROVINCE:
        scale *= PROVINCE_HEAVY  # no small ones stand beside them, and the share is of all
    found: list[str] = []
    for code in tables.industry_classes():
        profile = tables.profile_of(code)
        count = round(profile.weight * scale) if profile and profile.heavy else 0
        found += [code] * (count if count >= MIN_HEAVY else 0)
    return found


def _chosen_classes(
    heavy_classes: int, rng: np.random.Generator
) -> tuple[NDArray[np.str_], Floats]:
    """The light classes that exist here, and their weights."""
    known = [code for code in tables.industry_classes() if tables.profile_of(code)]
    light = np.array([code for code in known if not _profile(code).heavy])
    weights = np.array([_class_weight(code, known) for code in light])
    weights *= rng.lognormal(0.0, 0.9, len(light))
    kept = rng.choice(
        len(light), size=INDUSTRIES - heavy_classes, replace=False, p=weights / weights.sum()
    )
    kept.sort()
    return light[kept], weights[kept] / weights[kept].sum()


def _class_weight(code: str, known: list[str]) -> float:
    """A profile's weight is shared by the classes under its prefix."""
    profile = _profile(code)
    sharing = sum(_profile(other).prefix == profile.prefix for other in known)
    return profile.weight / sharing


def _townships(
    plan: Plan,
    land: Geography,
    industry: NDArray[np.str_],
    heavy: Flags,
    rng: np.random.Generator,
) -> Ints:
    """Each division clusters in its own places; heavy industry gathers in a few townships."""
    count = len(land.townships)
    base = rng.lognormal(0.0, 0.55, count) * _county_weights(plan, land)
    place = np.zeros(len(industry), dtype=np.int64)
    divisions = np.array([code[:2] for code in industry])
    for division in np.unique(divisions):
        weights = base * rng.lognormal(0.0, 0.6, count)
        members = np.flatnonzero((divisions == division) & ~heavy)
        place[members] = rng.choice(count, size=len(members), p=weights / weights.sum())
    hosts = _heavy_hosts(plan, land, rng)
    place[heavy] = rng.choice(hosts, size=int(heavy.sum()))
    return place


def _heavy_hosts(plan: Plan, land: Geography, rng: np.random.Generator) -> Ints:
    """Townships of heavy industry; in the city at least two lie in the county of the many fives."""
    size = HEAVY_TOWNSHIPS * plan.townships // 72
    if plan.region != CITY:
        return rng.choice(plan.townships, size=size, replace=False)
    in_county = np.flatnonzero(land.county_of == 2)
    own = rng.choice(in_county, size=4, replace=False)
    others = np.setdiff1d(np.arange(plan.townships), in_county)
    return np.concatenate([own, rng.choice(others, size=size - 4, replace=False)])


def _county_weights(plan: Plan, land: Geography) -> Floats:
    if plan.region != CITY:
        return np.ones(len(land.townships))
    sizes = np.bincount(land.county_of, minlength=plan.counties)
    return np.array(COUNTY_WEIGHTS)[land.county_of] / sizes[land.county_of]


def _lifetimes(plan: Plan, heavy: Flags, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Openings and closures inside the span; heavy industry neither opens nor closes here."""
    opened = np.zeros(plan.firms, dtype=np.int64)
    closed = np.full(plan.firms, plan.months)
    light = np.flatnonzero(~heavy)
    picked = rng.permutation(light)
    entrants = picked[: round(ENTRANT_SHARE * len(light))]
    leavers = picked[len(entrants) : len(entrants) + round(CLOSURE_SHARE * len(light))]
    opened[entrants] = rng.integers(2, plan.months - 2, len(entrants))
    closed[leavers] = rng.integers(3, plan.months - 1, len(leavers))
    return opened, closed


def _size_moves(
    plan: Plan, above: Flags, heavy: Flags, moving: Flags, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Entries to and exits from above scale, always on a 1 January inside the span."""
    januaries = np.array([m for m in range(1, plan.months) if (plan.first_month + m) % 12 == 0])
    risen = np.full(plan.firms, plan.months)
    fallen = np.full(plan.firms, plan.months)
    small = rng.permutation(np.flatnonzero(~above & ~moving))[: round(RISEN_SHARE * plan.small)]
    large = rng.permutation(np.flatnonzero(above & ~moving & ~heavy))
    large = large[: round(FALLEN_SHARE * plan.enterprises)]
    risen[small] = rng.choice(januaries, size=len(small))
    fallen[large] = rng.choice(januaries, size=len(large))
    return risen, fallen


def _parks(land: Geography, township: Ints, rng: np.random.Generator) -> Ints:
    """Part of the enterprises of a township with a park lie inside that park."""
    park = np.full(len(township), -1)
    inside = rng.random(len(township)) < PARK_SHARE
    for number, place in enumerate(land.park_township):
        park[(township == place) & inside] = number
    return park
