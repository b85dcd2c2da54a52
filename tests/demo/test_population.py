from __future__ import annotations

import numpy as np

from tanma.demo import population
from tanma.demo.activity import YUAN_PER_WAN


def test_sizes_of_the_city(city):
    assert 8800 == city.people.count
    assert 3800 == int(city.people.started_above.sum())
    assert 380 == len(set(city.people.industry.tolist()))


def test_every_township_has_enterprises(city):
    assert 72 == len(set(city.people.township.tolist()))


def test_heavy_industries_have_enough_members_for_a_benchmark(city):
    codes, counts = np.unique(city.people.industry[city.people.heavy], return_counts=True)
    assert "3011" in codes
    assert counts.min() >= population.MIN_HEAVY


def test_moves_over_the_threshold_fall_on_new_year(city):
    plan, people = city.plan, city.people
    moves = np.r_[
        people.risen[people.risen < plan.months], people.fallen[people.fallen < plan.months]
    ]
    assert len(moves) > 50
    assert {0} == {(plan.first_month + int(m)) % 12 for m in moves}


def test_output_fits_the_size_class(city):
    """Above scale means annual main revenue of at least 20 million yuan."""
    annual = city.activity.output_yuan[:, -12:].sum(axis=1) / YUAN_PER_WAN
    steady = city.active[:, -12:].all(axis=1)
    above = steady & city.above[:, -12:].all(axis=1)
    below = steady & ~city.above[:, -12:].any(axis=1)
    assert 0.98 < (annual[above] >= 2000).mean()
    assert 0.98 < (annual[below] < 2000).mean()


def test_openings_and_closures_leave_no_activity_outside(city):
    assert (city.people.opened > 0).sum() > 200
    assert (city.people.closed < city.plan.months).sum() > 150
    assert 0 == city.activity.output_yuan[~city.active].sum()
    assert 0 == sum(a[~city.active].sum() for a in city.activity.amounts.values())


def test_parks_lie_in_their_township(city):
    inside = city.people.park >= 0
    places = city.land.park_township[city.people.park[inside]]
    assert (places == city.people.township[inside]).all()
    assert inside.sum() > 300
