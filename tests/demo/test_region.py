from __future__ import annotations

import numpy as np

from tanma.demo import region
from tanma.demo.plan import Plan


def test_truth_has_the_digits_of_the_reports(city):
    now = city.activity
    assert (now.output_yuan == np.round(now.output_yuan)).all()
    assert (now.amounts["power"] == np.round(now.amounts["power"])).all()
    assert (now.amounts["bituminous"] == np.round(now.amounts["bituminous"], 3)).all()


def test_process_materials_belong_to_their_industry(city):
    found = region.process_amounts(city)
    assert "process.clinker_ef_ipcc" in found
    lime = found["process.lime_high_calcium"].sum(axis=1) > 0
    assert {"3012"} == set(city.people.industry[lime].tolist())


def test_a_province_uses_some_ten_carriers_each():
    """An enterprise of the province fills about ten lines a month, for measurements at size."""
    world = region.build(Plan(region="province", enterprises=6000, small=0, quarters=4))
    lines = sum((amount[:, -1] > 0).sum() for amount in world.activity.amounts.values())
    assert 9 < lines / world.active[:, -1].sum() < 11
    assert 11 == len(world.land.cities)
