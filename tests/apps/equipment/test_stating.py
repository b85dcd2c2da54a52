"""A device is what its dated facts say; its columns follow."""

from __future__ import annotations

import datetime as dt

import pytest

from tanma.apps.equipment import door as equipment
from tanma.apps.metering import door as metering
from tanma.domain.messages import Problem
from tests.apps.equipment.conftest import ABOUT
from tests.apps.live.conftest import FIRST, SECOND

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def test_a_device_belongs_to_its_enterprise_and_names_its_meters(loom, plant):
    meter = metering.Meter.objects.get(name="T-一车间")
    assert (meter.uid, "40", "machine") == (loom.input, loom.rated_kw, loom.kind)
    assert "1号织机 E-1" == str(loom)
    assert {meter.uid: meter} == equipment.meters_of([loom])


def test_what_holds_later_leaves_today_alone_and_an_empty_text_takes_away(loom):
    far = dt.date.today() + dt.timedelta(days=400)  # noqa: DTZ011
    equipment.state(loom.id, {"rated_kw": "55"}, far, **ABOUT)
    loom.refresh_from_db()
    assert "40" == loom.rated_kw
    equipment.state(loom.id, {"section": "", "rated_kw": "45"}, dt.date(2026, 1, 1), **ABOUT)
    loom.refresh_from_db()
    assert ("", "45") == (loom.section, loom.rated_kw)


def test_a_name_that_another_enterprise_has_is_refused(loom):
    with pytest.raises(Problem) as caught:
        equipment.register("E-1", SECOND, title="x", **ABOUT)
    assert "equipment_name_taken" == caught.value.code
    assert "E-1" in caught.value.text("en")
    assert loom.id == equipment.register("E-1", FIRST, title="又一次", **ABOUT)


def test_codes_that_cannot_be_read_are_not_stated(loom):
    with pytest.raises(Problem):
        equipment.state(loom.id, {"codes": "always"}, dt.date(2026, 1, 1), **ABOUT)
    assert 0 == equipment.project()
