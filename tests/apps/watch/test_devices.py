"""State, load, energy, efficiency and run time of devices, from readings alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.equipment import door as equipment
from tanma.apps.watch import devices
from tanma.apps.watch.devices import Efficiency, Ran
from tests.apps.live.conftest import FIRST
from tests.apps.watch.conftest import ABOUT, QUARTER, derived

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def test_a_device_is_shown_as_of_now(compressor, loom, plant):
    by_name = {s.device.name: s for s in devices.look([compressor, loom])}
    air, cloth = by_name["K-1"], by_name["E-1"]
    assert (16.0, 0.8) == (round(air.load_kw, 9), round(air.load, 9))
    assert (28.0, 0.7, "run") == (round(cloth.load_kw, 9), round(cloth.load, 9), cloth.state)
    assert air.state in {"run", "idle"}
    assert "fresh" == air.fresh.state
    # 4 kWh and 40 m³ a quarter-hour
    assert Efficiency(pytest.approx(0.1), "kWh/m3") == air.efficiency
    assert cloth.efficiency is None
    (energy,) = cloth.today
    assert energy.change == pytest.approx(0.0, abs=1e-6) or energy.before is None


def test_the_run_time_of_today_adds_up_to_today(compressor, loom):
    for s in devices.look([compressor, loom]):
        begin = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        so_far = (timezone.now() - begin).total_seconds() / 3600
        assert s.ran.span == pytest.approx(so_far, abs=0.01)


def test_run_days_say_three_quarters_and_what_is_unknown(compressor, loom, plant):
    day = timezone.localdate() - dt.timedelta(days=1)
    found = devices.run_days([compressor, loom], day, day + dt.timedelta(1), timezone.now())
    (ran,) = found[compressor.id].values()
    assert 24.0 == pytest.approx(ran.span)
    assert ran.utilisation == pytest.approx(0.75, abs=0.02)
    assert (0.0, pytest.approx(0.0)) == (ran.stop, ran.unknown)
    (cloth,) = found[loom.id].values()
    assert (pytest.approx(24.0), 0.0) == (cloth.run, cloth.unknown)
    long_ago = devices.run_days([loom], dt.date(2020, 1, 1), dt.date(2020, 1, 3), timezone.now())
    assert [24.0, 24.0] == [r.unknown for r in long_ago[loom.id].values()]
    assert [None, None] == [r.utilisation for r in long_ago[loom.id].values()]


def test_a_device_that_nothing_speaks_for_is_unknown(plant):
    subject = equipment.register("X-1", "91990101MA0DEM001L", title="闲置", kind="pump", **ABOUT)
    row = equipment.Equipment.objects.get(pk=subject)
    (shown,) = devices.look([row])
    assert ("unknown", None, None) == (shown.state, shown.load, shown.efficiency)
    (ran,) = devices.run_days([row], dt.date(2026, 1, 1), dt.date(2026, 1, 2), timezone.now())[
        row.id
    ].values()
    assert 24.0 == ran.unknown
    assert [] == devices.look([])


def test_readings_that_stopped_tell_no_state(compressor, plant):
    later = timezone.now() + dt.timedelta(days=2)
    (shown,) = devices.look([compressor], later)
    assert "unknown" == shown.state


def test_utilisation_has_bounds_for_the_unknown_time():
    ran = Ran(6, 2, 4, 12).plus(Ran())
    assert (24, 0.5, (0.25, 0.75)) == (ran.span, ran.utilisation, ran.bounds)
    assert (None, None) == (Ran().utilisation, Ran().bounds)


def test_energy_over_energy_is_a_ratio_and_gas_counts_by_its_calorific_value(plant):
    def channel(item, unit):
        return type("C", (), {"item": item, "unit": unit, "kind": "interval"})()

    on = dt.date(2026, 11, 1)
    power, heat = channel("electricity.purchased", "kWh"), channel("heat.sold", "GJ")
    assert Efficiency(pytest.approx(0.9), "") == devices.efficiency(
        [(power, 1000.0)], (heat, 3.24), on
    )
    gas = channel("fuel.natural_gas.burnt", "m3")
    found = devices.efficiency([(gas, 1000.0)], (heat, 35.0), on)
    assert 0.85 < found.value < 0.95  # 1,000 m³ hold some 39 GJ
    water = channel("water.total", "m3")
    assert devices.efficiency([(water, 5.0)], (heat, 1.0), on) is None
    assert devices.efficiency([(power, 5.0)], (heat, 0.0), on) is None
    assert devices.efficiency([(power, None)], (heat, 1.0), on) is None
    assert devices.efficiency([], None, on) is None


def test_efficiency_of_days_comes_from_kept_days(compressor, plant):
    today = timezone.localdate()
    (feeds,) = equipment.feeds([compressor]).values()
    found = devices.daily_efficiency(feeds, today - dt.timedelta(days=1), today)
    assert {today - dt.timedelta(days=1)} == set(found)
    assert QUARTER == dt.timedelta(minutes=15)
    (one,) = found.values()
    assert "kWh/m3" == one.unit


def test_a_virtual_meter_tells_run_states_and_freshness(plant):
    """其余 is 4 kW of 5: the device runs; of two hours of a silent part nothing is known."""
    derived(plant.lake)
    subject = equipment.register(
        "R-1", FIRST, title="其余设备", kind="machine", rated_kw="5", input="T-其余", **ABOUT
    )
    row = equipment.Equipment.objects.get(pk=subject)
    (shown,) = devices.look([row])
    assert ("run", 4.0) == (shown.state, round(shown.load_kw, 9))
    assert shown.fresh.state in {"fresh", "late"}
    assert shown.fresh.value is None
    last = timezone.localdate()
    found = devices.run_days([row], last - dt.timedelta(days=2), last, timezone.now())[row.id]
    total = devices.total(found.values())
    assert 0 == total.stop == total.idle
    assert (46.0, 2.0) == (pytest.approx(total.run), pytest.approx(total.unknown))
