"""Devices of the demo follow from the minute alone, and go in through the doors of real ones."""

from __future__ import annotations

import numpy as np
import pytest

from tanma.apps.equipment import door as equipment
from tanma.apps.registry import door as registry
from tanma.apps.watch import limits
from tanma.site import demo_devices, demo_live
from tanma.site.demo_live import BOUGHT
from tests.site.test_demo_live import CODE, NOW, a_plant

MONDAY = (NOW // 10_080 * 7 + 4) * 1440 - 480
"""The minute with which a local Monday begins; 1970 began on a Thursday."""
DAY = np.arange(MONDAY, MONDAY + 1440, dtype=np.int64)


def test_it_stands_at_night_and_idles_a_quarter_of_each_hour():
    states = demo_devices.state(DAY).tolist()
    assert (18 * 45, 18 * 15, 6 * 60) == tuple(states.count(s) for s in (1, 2, 0))


def test_air_comes_only_while_it_runs():
    kwh = demo_live.parts_count(a_plant(), 2, DAY)
    air = demo_devices.air_count(kwh, DAY)
    runs = demo_devices.state(DAY) == 1
    assert 0 == air[~runs].sum()
    assert 1 / demo_devices.M3_PER_KWH == pytest.approx(
        kwh[runs].sum() / 100 / (air[runs].sum() / 10), rel=0.01
    )


def test_one_hour_is_over_its_limit_and_the_pressure_for_five_minutes():
    hall = demo_live.parts_count(a_plant(), 0, DAY).reshape(24, 60).sum(axis=1) / 100
    limit = 300.0 * 0.45 * 1.4 * demo_devices.HOUR_FACTOR
    assert [15] == np.flatnonzero(hall > limit).tolist()
    parts = sum(demo_live.parts_count(a_plant(), n, DAY) for n in range(3))
    together = parts.reshape(24, 60).sum(axis=1) / 100
    assert [15] == np.flatnonzero(together > 300.0 * demo_devices.ALL_FACTOR).tolist()
    high = demo_devices.pressure_kpa(DAY) > demo_devices.LIMIT_KPA
    assert 5 == high.sum()


@pytest.mark.django_db
def test_they_are_registered_by_their_sheet_with_limits(settings, tmp_path):
    settings.TANMA = settings.TANMA.model_copy(update={"home": tmp_path})
    (tmp_path / "demo").mkdir()
    registry.register("uscc", [CODE], author="t")
    registry.project()
    firm = registry.Enterprise.objects.get()
    made = demo_live.plant(firm, 0, NOW)
    demo_live.devices_of(tmp_path, firm, made)
    assert (0.0, 120.0) == (demo_live.reported_kw(firm.id), made.mean_kw)
    assert 4 == equipment.Equipment.objects.filter(enterprise=firm.id).count()
    device = equipment.Equipment.objects.get(kind="compressor")
    (fed,) = equipment.feeds([device]).values()
    assert fed.running is not None
    assert {"air.compressed"} == {c.item for c in fed.output}
    pressure = made.channels[f"产气/{demo_devices.PRESSURE}"]
    both = registry.Channel.objects.get(meter__endswith=demo_devices.ALL_PARTS)
    stated = limits.now([made.channels[f"一车间/{BOUGHT}"], pressure, both.id])
    assert [["greatest"], ["hour_limit"], ["hour_limit"]] == sorted(map(list, stated.values()))
    assert {both.id} == limits.virtual_of([both])
