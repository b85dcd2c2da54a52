"""The energy page: both valuations under their names, parts and ratios of the same integers."""

import pytest

from tanma.apps.accountpages import energy_page
from tanma.apps.inventories.door import account
from tanma.engine.accounts import ENERGY

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def test_energy_has_both_valuations_under_their_names(frozen):
    made = account(frozen, ENERGY)
    parts = energy_page.parts(made)
    whole = parts[-1]
    assert whole.whole
    assert frozen.result["energy_calorific_gce"] == whole.calorific_gce
    assert whole.equivalent_gce is None
    signed = sum(p.sign * p.calorific_gce for p in parts[:-1])
    assert whole.calorific_gce == signed
    deducted = {p.name for p in parts if p.sign < 0}
    assert 3 == len(deducted)
    assert energy_page.missing_reason(made).startswith("购入热力没有可引用的等价值折标系数")


def test_fossil_and_renewable_stand_apart(frozen):
    found = energy_page.renewable_share(account(frozen, ENERGY))
    assert 3 == len(found)
    renewable = found[-1][1]
    assert 18_000 * 1229 // 10 == renewable
    assert 100 == pytest.approx(sum(float(part) for *_, part in found), abs=0.2)


def test_intensity_per_money_is_exact():
    assert "0.5" == energy_page.per_wan_yuan(500_000, 1_000_000).rstrip("0")
    assert "—" == energy_page.per_wan_yuan(None, 5)
    assert "—" == energy_page.per_wan_yuan(5, 0)


def test_energy_per_product_stands_in_tce(frozen, cement):
    energy = energy_page.intensities(account(frozen, ENERGY), frozen, "en", cement.facts)
    assert ["tce/t", "tce/t"] == [f.unit for f in energy[2:]]
