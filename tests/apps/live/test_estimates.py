"""Live carbon from the factors of the tables, by the rule that is named."""

import datetime as dt

import pytest

from tanma.apps.live.estimates import co2_t_per, estimate_t

pytestmark = [pytest.mark.db, pytest.mark.django_db]
ON = dt.date(2026, 11, 20)
BOUGHT = "electricity.purchased"


@pytest.fixture(autouse=True)
def national(settings):
    settings.TANMA = settings.TANMA.model_copy(update={"grid_region": ""})


def test_power_takes_the_newest_published_average():
    factor = co2_t_per(BOUGHT, ON)
    assert (0.5306, "MWh") == (factor.value, factor.unit)
    assert "0.5306 tCO2/MWh" in factor.named


def test_power_of_a_province_takes_its_own(settings):
    settings.TANMA = settings.TANMA.model_copy(update={"grid_region": "330000"})
    assert 0.4974 == co2_t_per(BOUGHT, ON).value


def test_the_level_chosen_for_accounts_holds_for_estimates_too(settings):
    settings.TANMA = settings.TANMA.model_copy(
        update={"grid_region": "330000", "grid_level": "region"}
    )
    factor = co2_t_per(BOUGHT, ON)
    assert 0.55 == factor.value
    assert "华东电网 2023 0.5500 tCO2/MWh" in factor.named


def test_units_are_converted():
    assert 0.5306 == pytest.approx(estimate_t(BOUGHT, 1000, "kWh", ON))
    assert 0.5306 == pytest.approx(estimate_t(BOUGHT, 1, "MWh", ON))


def test_heat_takes_the_edition_in_force():
    assert 0.11 == pytest.approx(estimate_t("heat.purchased", 1, "GJ", ON))
    assert "GB/T 32150" in co2_t_per("heat.purchased", ON).named.replace("GBT", "GB/T ")


def test_gas_by_heat_carbon_and_oxidation():
    """389.31 GJ × 0.0153 tC/GJ × 0.99 × 44/12 per 10⁴ m³."""
    expected = 389.31 * 0.0153 * 0.99 * 44 / 12
    assert expected == pytest.approx(estimate_t("fuel.natural_gas.burnt", 10_000, "m3", ON))
    assert 3 == len(co2_t_per("fuel.natural_gas.burnt", ON).factors)


@pytest.mark.parametrize(
    ("item", "amount", "unit"),
    [("water.total", 1, "m3"), (BOUGHT, None, "kWh"), (BOUGHT, 1, "m3"), (BOUGHT, 1, "?")],
)
def test_what_has_no_factor_or_amount_is_not_estimated(item, amount, unit):
    assert estimate_t(item, amount, unit, ON) is None


def test_before_any_factor_was_published_nothing_is_estimated():
    assert co2_t_per(BOUGHT, dt.date(2010, 1, 1)) is None
