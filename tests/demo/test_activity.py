from __future__ import annotations

import numpy as np
import pytest

from tanma.demo import tables
from tanma.demo.calibrate import year

pytestmark = pytest.mark.slow  # the whole region is made first


def test_no_amount_is_negative_or_missing(city):
    for amount in [*city.activity.amounts.values(), city.activity.pv_generated_kwh]:
        assert (amount >= 0).all()
        assert np.isfinite(amount).all()


def test_only_suppliers_sell_energy(city):
    sellers = city.activity.amounts["heat_sold"].sum(axis=1) > 0
    assert {"4412", "4430"} == set(city.people.industry[sellers].tolist())


def test_heat_sold_and_bought_are_of_one_size(city):
    sold = year(city.activity.amounts["heat_sold"]).sum()
    bought = year(city.activity.amounts["heat"]).sum()
    assert 0.7 < sold / bought < 1.3


def test_pv_adoption_grows_and_export_never_exceeds_generation(city):
    generated, exported = city.activity.pv_generated_kwh, city.activity.pv_exported_kwh
    assert (exported <= generated).all()
    adopters = (generated > 0).sum(axis=0)
    assert adopters[-1] > 1.5 * adopters[0]


def test_february_is_the_lowest_month(city):
    monthly = city.activity.output_yuan.sum(axis=0)
    assert "02" == city.plan.month_text(int(np.argmin(monthly[-12:])) + 24)[-2:]


def test_cement_burns_coal_and_weaving_uses_power(city):
    now, codes = city.activity, city.people.industry
    cement, weaving = codes == "3011", codes == "1751"
    coal = now.amounts["bituminous"] * tables.carriers()["bituminous"].sizing_tco2_per_unit
    power = now.amounts["power"] * tables.carriers()["power"].sizing_tco2_per_unit
    assert 0.7 < coal[cement].sum() / now.net_tco2()[cement].sum()
    assert 0.6 < power[weaving].sum() / now.net_tco2()[weaving].sum()


def test_economy_grows(city):
    output = city.activity.output_yuan
    assert 1.0 < year(output).sum() / year(output, 2).sum() < 1.3
