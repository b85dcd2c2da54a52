from __future__ import annotations

import numpy as np
import pytest

from tanma.demo import registers, sheets
from tanma.demo.sheets import Scope


@pytest.fixture(scope="module")
def scope(city):
    return Scope(city.plan.quarters - 1, np.arange(city.people.count))


def test_power_of_everybody_adds_up_to_the_truth(city, scope):
    columns = sheets.grid_power(city, scope)
    accounts = sheets.grid_accounts(city, scope)
    named = np.array([h is not None for h in accounts["account_holder"].to_pylist()])
    truth = city.activity.amounts["power"][:, -3:].sum()
    # accounts without a holder are shared or changed hands: their users are told by enterprise too
    assert truth == columns["quantity"].sum() + accounts["quantity"][named].sum()


def test_a_shared_account_carries_the_power_of_all_its_users(city, scope):
    accounts = sheets.grid_accounts(city, scope)
    truth = city.activity.amounts["power"][registers.metered(city), -3:].sum()
    assert truth == accounts["quantity"].sum()
    shared = [h is None for h in accounts["account_holder"].to_pylist()]
    assert 3 * (registers.SHARED_ACCOUNTS + registers.HOLDER_CHANGES) == sum(shared)


def test_statistics_covers_only_those_above_scale_who_report(city, scope):
    codes = set(sheets.statistics_energy(city, scope)["uscc"].to_pylist())
    uscc = np.array(city.people.uscc)
    silent = uscc[~city.told.energy[:, -1]]
    small = uscc[~city.above[:, -1]]
    assert not codes & {*silent.tolist(), *small.tolist()}
    assert len(codes) > 3000


def test_energy_keys_are_unique(city, scope):
    columns = sheets.statistics_energy(city, scope)
    keys = list(zip(*(columns[c].to_pylist() for c in ("uscc", "period", "carrier", "flow"))))
    assert len(keys) == len(set(keys))


def test_income_parts_add_up_to_value_added_exactly(city, scope):
    columns = sheets.statistics_economics(city, scope)
    value = {n: np.array(columns[n].to_pylist(), dtype=float) for n in (
        "value_added", *sheets.INCOME_PARTS, "operating_surplus")}  # fmt: skip
    by_parts = np.isnan(value["value_added"])
    assert 0.08 < by_parts.mean() < 0.16
    total = sum(value[n] for n in (*sheets.INCOME_PARTS, "operating_surplus"))
    index = {code: i for i, code in enumerate(city.people.uscc)}
    months = {city.plan.month_text(m): m for m in range(city.plan.months)}
    firm = [index[c] for c in columns["uscc"].to_pylist()]
    month = [months[m] for m in columns["period"].to_pylist()]
    truth = city.activity.value_added_yuan[firm, month]
    assert (np.round(1e4 * total[by_parts]) == truth[by_parts]).all()
    assert (np.round(1e4 * value["value_added"][~by_parts]) == truth[~by_parts]).all()
    assert np.isnan(total[~by_parts]).all()


def test_small_enterprises_declare_by_quarter(city, scope):
    columns = sheets.small_economics(city, scope)
    assert {"2026Q3"} == set(columns["period"].to_pylist())
    assert 4300 < len(columns["uscc"]) < 5000


def test_turnover_of_tax_lies_near_output(city, scope):
    columns = sheets.tax(city, scope)
    output = city.activity.output_yuan[:, -3:].sum()
    assert columns["tax_turnover"].sum() / output == pytest.approx(sheets.TURNOVER_SHARE, abs=0.01)
    assert (columns["tax_paid"] < columns["tax_turnover"]).all()


def test_renewables_name_both_directions(city, scope):
    columns = sheets.renewables(city, scope)
    assert {"光伏发电量", "光伏上网电量"} == set(columns["renewable_flow"].to_pylist())


def test_clinker_goes_with_the_coal_of_cement(city, scope):
    columns = sheets.statistics_energy(city, scope)
    rows = zip(columns["uscc"].to_pylist(), columns["carrier"].to_pylist())
    makers = {code for code, carrier in rows if carrier == "process.clinker_ef_ipcc"}
    cement = np.array(city.people.uscc)[city.people.industry == "3011"]
    assert set(cement.tolist()) == makers


def test_products_are_reported_in_their_own_unit(city, scope):
    columns = sheets.production(city, scope)
    found = dict(zip(columns["product"].to_pylist(), columns["unit"].to_pylist()))
    assert "t" == found["水泥"]
    assert "m" == found["印染布"]
    assert columns["quantity"].min() > 0
