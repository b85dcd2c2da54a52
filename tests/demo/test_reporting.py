from __future__ import annotations

import numpy as np

from tanma.demo import reporting


def test_about_one_and_a_half_percent_are_missing_in_the_last_year(city):
    told = city.told.energy & city.told.economy
    above = city.people.started_above
    gaps = (~told[above][:, -4:]).any(axis=1).mean()
    assert 0.012 < gaps < 0.018


def test_heavy_industry_always_reports(city):
    heavy = city.people.heavy
    assert city.told.energy[heavy].all()
    assert city.told.economy[heavy].all()


def test_some_small_enterprises_never_declare(city):
    small = ~city.people.started_above
    never = ~city.told.economy[small].any(axis=1)
    assert 0.05 < never.mean() < 0.09


def test_loss_makers_are_not_rated(city):
    rated = reporting.rated(city.plan, city.people, city.told)
    assert not rated[city.told.losing].any()
    assert (city.activity.value_added_yuan[city.told.losing, -12:].sum(axis=1) < 0).all()


def test_quarters_become_months():
    assert [True] * 3 + [False] * 3 == reporting.by_month(np.array([[True, False]]))[0].tolist()
