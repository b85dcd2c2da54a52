"""The demo's collection platform: fixed readings that add up, and the real door takes them."""

import datetime as dt

import numpy as np
import pytest

from tanma.apps.facts import door as facts
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.intake.http.decode import decode
from tanma.site import demo_platform
from tanma.site.demo_platform import PER_DAY, REPORTED, Platform, readings

MONDAY = 29_400_000 // 15 // 672 * 672
CODES = ["91990101MA0DEM001L", "91990101MA0DEM002P"]


def a_platform(**more):
    given = {"token": "t", "gateway": "g", "channels": list(range(1, 41)),
             "daily_kwh": [960.0] * 40, "sent_quarter": MONDAY - 1, "number": 0}  # fmt: skip
    return Platform(**given | more)


def test_the_same_quarter_hours_say_the_same_however_they_are_asked_for():
    whole = readings(a_platform(), MONDAY, MONDAY + 96)
    halves = [readings(a_platform(), MONDAY + n, MONDAY + n + 48) for n in (0, 48)]
    assert whole.to_pylist() == [row for half in halves for row in half.to_pylist()]


def test_four_weeks_add_up_to_what_was_reported():
    found = readings(a_platform(), MONDAY, MONDAY + 28 * PER_DAY)
    share = found.num_rows / (28 * PER_DAY * 40)
    assert 0.97 < share < 0.995
    kwh = np.sum(found["value"].to_numpy())
    assert kwh == pytest.approx(28 * 40 * 960 * share, rel=0.02)


def test_silence_is_hours_of_a_line_and_never_of_all():
    heard = readings(a_platform(), MONDAY, MONDAY + 28 * PER_DAY)
    at, count = np.unique(heard["time"].to_numpy(), return_counts=True)
    assert 28 * PER_DAY == len(at)
    assert count.min() > 30
    assert count.min() < 40


def test_spans_start_after_what_was_acknowledged():
    asked = list(demo_platform.batches(a_platform(), MONDAY + 100))
    assert [(MONDAY, MONDAY + 48), (MONDAY + 48, MONDAY + 96), (MONDAY + 96, MONDAY + 100)] == asked


def test_what_is_not_taken_is_sent_again(monkeypatch):
    heard, answers = [], iter([True, False, True])

    def door(address, token, key, body, form):
        heard.append(key)
        return next(answers)

    monkeypatch.setattr(demo_platform, "post", door)
    platform, now = a_platform(), (MONDAY + 60) * 900.0
    assert not demo_platform.send(platform, "x", now)
    assert (MONDAY + 47, 1) == (platform.sent_quarter, platform.number)
    assert demo_platform.send(platform, "x", now)
    assert ["demo-g-1", "demo-g-2", "demo-g-2"] == heard
    assert (MONDAY + 59, 2) == (platform.sent_quarter, platform.number)


def test_it_is_remembered_for_its_owner_only(tmp_path):
    (tmp_path / "demo").mkdir()
    assert demo_platform.load(tmp_path) is None
    demo_platform.save(tmp_path, a_platform())
    assert a_platform() == demo_platform.load(tmp_path)
    assert 0o600 == (tmp_path / "demo" / "platform.json").stat().st_mode & 0o777


def power(subject, kwh):
    return {
        "subject": subject, "item": "electricity.purchased", "kind": "amount",
        "valid_from": REPORTED, "valid_to": dt.date(2026, 10, 1), "value": kwh * 1000,
        "source": "grid", "data_class": "internal", "text": None,
    }  # fmt: skip


@pytest.mark.django_db
def test_the_largest_users_get_a_meter_and_the_door_takes_every_reading(settings, tmp_path):
    settings.TANMA = settings.TANMA.model_copy(update={"home": tmp_path})
    (tmp_path / "demo").mkdir()
    registry.register("uscc", CODES, author="t")
    registry.project()
    registry.Enterprise.objects.update(status="active", size_class="above")
    ids = registry.find("uscc", CODES)
    rows = [power(ids[code], kwh) for code, kwh in zip(CODES, (3000, 9000), strict=True)]
    facts.append(facts.table(rows), author="t")
    platform = demo_platform.register(tmp_path)
    assert [300.0, 100.0] == platform.daily_kwh
    (scope,) = metering.intake_scopes().values()
    table = readings(platform, MONDAY, MONDAY + 48)
    done = decode(demo_platform.stream(table), "http-arrow", scope)
    assert () == done.refused
    assert table.num_rows == done.table.num_rows
    midnight = dt.datetime.fromtimestamp((platform.sent_quarter + 1) * 900, dt.UTC)
    assert "2026-08-31T16:00:00+00:00" == midnight.isoformat()
