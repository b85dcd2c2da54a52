"""Live carbon and coal by the factors, formulas and postings of results."""

import datetime as dt

import pytest

from tanma.apps.live.estimates import basis, edition_links, estimable, factors, of_amounts
from tanma.engine.accounts import CODE
from tests.apps.rules.conftest import method, published, release

__all__ = ["method", "published"]

pytestmark = [pytest.mark.db, pytest.mark.django_db]
ON = dt.date(2026, 11, 20)
BOUGHT = "electricity.purchased"


@pytest.fixture(autouse=True)
def national(settings):
    settings.TANMA = settings.TANMA.model_copy(update={"grid_region": ""})


def worth(item, amount, unit, on=ON):
    (found,) = of_amounts([(item, amount, unit)], on)
    return found


def test_power_takes_the_newest_published_average():
    found = worth(BOUGHT, 1, "MWh")
    assert (0.5306, 0.1229) == (found.co2_t, found.coal_tce)
    assert "0.5306 tCO₂/MWh" in factors(found.factors)


def test_power_of_a_province_takes_its_own(settings):
    settings.TANMA = settings.TANMA.model_copy(update={"grid_region": "330000"})
    assert 0.4974 == worth(BOUGHT, 1, "MWh").co2_t


def test_the_level_chosen_for_accounts_holds_for_estimates_too(settings):
    settings.TANMA = settings.TANMA.model_copy(
        update={"grid_region": "330000", "grid_level": "region"}
    )
    found = worth(BOUGHT, 1, "MWh")
    assert 0.55 == found.co2_t
    assert "0.5500 tCO₂/MWh" in factors(found.factors)


def test_units_are_converted():
    assert 0.5306 == worth(BOUGHT, 1000, "kWh").co2_t
    assert 0.5306 == worth(BOUGHT, 1, "MWh").co2_t


def test_heat_takes_what_the_accounts_prefer():
    found = worth("heat.purchased", 1, "GJ")
    assert (0.11, 0.03412) == (found.co2_t, found.coal_tce)
    assert "0.11 tCO₂/GJ" in factors(found.factors)


def test_gas_by_heat_carbon_and_oxidation():
    """389.31 GJ × 0.0153 tC/GJ × 0.99 × 44/12 per 10⁴ m³."""
    found = worth("fuel.natural_gas.burnt", 10_000, "m3")
    assert 389.31 * 0.0153 * 0.99 * 44 / 12 == pytest.approx(found.co2_t, abs=1e-9)
    assert 3 == len(found.factors.split())


def test_energy_sold_is_deducted():
    assert -0.5306 == worth("electricity.sold", 1, "MWh").co2_t


@pytest.mark.parametrize(
    ("item", "amount", "unit"),
    [(BOUGHT, None, "kWh"), (BOUGHT, 1, "m3"), (BOUGHT, 1, "?")],
)
def test_what_is_missing_or_fits_no_item_is_not_valued(item, amount, unit):
    assert worth(item, amount, unit) is None


def test_what_does_not_count_has_no_value():
    found = worth("water.total", 1, "m3")
    assert (None, None, "") == (found.co2_t, found.coal_tce, found.factors)
    assert "water.total" not in basis(ON).signs()
    assert {BOUGHT} == estimable(["water.total", BOUGHT, "state.pressure"], ON)


def test_before_any_factor_was_published_nothing_is_estimated():
    assert worth(BOUGHT, 1, "MWh", dt.date(2010, 1, 1)).co2_t is None
    assert set() == estimable([BOUGHT], dt.date(2010, 1, 1))


def test_several_amounts_keep_their_places():
    told = of_amounts([(BOUGHT, 1, "MWh"), (BOUGHT, None, "MWh"), (BOUGHT, 2, "MWh")], ON)
    assert [0.5306, None, 1.0612] == [None if v is None else v.co2_t for v in told]
    assert [] == of_amounts([], ON)


def test_an_edition_that_the_region_released_holds_from_its_first_day(method, settings):
    """In force from 2026-01-01: a month before keeps the province's factor, by the old order."""
    settings.TANMA = settings.TANMA.model_copy(update={"grid_region": "330000"})
    release(method)
    days = (dt.date(2025, 12, 31), dt.date(2026, 1, 1))
    assert [("undated", 0.4974), ("2026-own", 0.5306)] == [
        (basis(day).edition(CODE).edition, worth(BOUGHT, 1, "MWh", day).co2_t)
        for day in days
    ]
    told = dict(edition_links(basis(days[1])))
    (title,) = [name for name in told if "2026-own" in name]
    assert told[title].endswith("/zj-code-account/?edition=2026-own")
