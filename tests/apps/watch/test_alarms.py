"""Alarms open once, gather days, are restated by corrections, and lapse with their reason."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone, translation

from tanma.apps.cases import door as cases
from tanma.apps.people.door import User
from tanma.apps.watch import door as watch
from tanma.apps.watch import limits
from tanma.apps.watch.models import Alarm, Breach
from tests.apps.watch.conftest import QUARTER, derived, say

pytestmark = [pytest.mark.db, pytest.mark.django_db]
YESTERDAY = timezone.localdate() - dt.timedelta(days=1)
FROM = dt.date(2026, 1, 1)


def state(subject, since=FROM, **said):
    limits.state(subject, said, since, author="test", evidence="限值单 1")


@pytest.fixture
def shop(plant) -> int:
    """7 kWh a quarter-hour, 672 kWh a day; 28 kWh an hour."""
    derived(plant.lake)
    return plant.number("一车间")


def noon() -> dt.datetime:
    at = dt.datetime.combine(YESTERDAY, dt.time(12), timezone.get_current_timezone())
    return at.astimezone(dt.UTC)


def correct(plant, number, count, revision, n=4):
    """The hour from noon of yesterday is said again."""
    rows = [(number, noon() + k * QUARTER, noon() + (k + 1) * QUARTER, count, revision)
            for k in range(n)]  # fmt: skip
    say(plant.lake, rows)


def told(alarm):
    return [(s.move, s.code) for s in alarm.case.steps.order_by("id")]


def test_nothing_is_over_without_limits_and_twice_is_once(shop):
    assert (0, 0) == (watch.evaluate().opened, Alarm.objects.count())
    state(shop, day_limit="600")
    done = watch.evaluate()
    assert 1 == done.opened
    assert "1 alarms opened" in str(done)
    again = watch.evaluate()
    assert (0, 0, "") == (again.opened, again.keys, str(again))
    alarm = Alarm.objects.get()
    days = set(alarm.breaches.values_list("day", flat=True))
    assert YESTERDAY in days
    assert "T-一车间 购入电力" in alarm.case.title
    assert "600 kWh" in str(alarm)
    with translation.override("en"):
        assert "over the limit of 600 kWh" in alarm.case.title


def test_a_limit_that_holds_later_says_nothing_of_earlier_days(shop):
    state(shop, since=timezone.localdate() + dt.timedelta(days=1), day_limit="600")
    assert 0 == watch.evaluate().opened


def test_a_late_correction_takes_the_reason_away_and_closes_the_alarm(shop, plant):
    correct(plant, shop, 1000, 1)
    state(shop, hour_limit="30")
    assert 1 == watch.evaluate().opened
    alarm = Alarm.objects.get()
    assert (40.0, 30.0, 1) == alarm.breaches.values_list("value", "expected", "hours").get()
    assert noon() == alarm.breaches.get().at
    correct(plant, shop, 900, 2)
    done = watch.evaluate()
    assert (0, 1, 0) == (done.opened, done.restated, done.lapsed)
    alarm.case.refresh_from_db()
    assert "36 kWh" in alarm.case.title
    correct(plant, shop, 700, 3)
    done = watch.evaluate()
    assert (0, 0, 1) == (done.opened, done.restated, done.lapsed)
    alarm.case.refresh_from_db()
    assert "closed" == alarm.case.state
    assert Breach.objects.get().withdrawn
    assert [("", ""), ("", "alarm_restated"), ("lapse", "alarm_withdrawn")] == told(alarm)
    assert "不再超限" in alarm.case.steps.latest("id").text
    correct(plant, shop, 1000, 4)
    assert 1 == watch.evaluate().opened
    alarm.case.refresh_from_db()
    assert ("open", None) == (alarm.case.state, alarm.case.closed_at)
    assert ("reopen", "alarm_returned") == told(alarm)[-1]


def test_more_days_join_the_open_alarm_and_a_closed_one_starts_anew(shop, plant):
    state(shop, since=YESTERDAY, day_limit="600")
    watch.evaluate()
    first = Alarm.objects.get()
    state(shop, since=YESTERDAY - dt.timedelta(days=1), day_limit="500")
    watch.evaluate()
    assert 1 == Alarm.objects.count()
    assert first.breaches.count() >= 2
    assert ("", "alarm_again") in told(first)
    assert f"{first.breaches.order_by('-day')[0].day}" in cases.Case.objects.get().title


def test_a_limit_that_is_taken_back_closes_its_alarm(shop):
    state(shop, day_limit="600")
    watch.evaluate()
    state(shop, day_limit="")
    assert 1 == watch.evaluate().lapsed
    assert "closed" == cases.Case.objects.get().state


def test_a_correction_of_what_a_person_closed_is_noted_there(shop, plant):
    correct(plant, shop, 1000, 1)
    state(shop, hour_limit="30")
    watch.evaluate()
    case = cases.Case.objects.get()
    cases.Case.objects.update(state="closed", closed_at=timezone.now())
    correct(plant, shop, 700, 2)
    watch.evaluate()
    case.refresh_from_db()
    assert "alarm_withdrawn" == case.steps.latest("id").code
    correct(plant, shop, 1000, 3)
    watch.evaluate()
    case.refresh_from_db()
    assert "closed" == case.state
    assert "alarm_restated" == case.steps.latest("id").code


def test_levels_have_limits_too(plant):
    derived(plant.lake)
    number = plant.number("总表", "state.power.active")
    state(number, greatest="48.5", least="1")
    assert 1 == watch.evaluate().opened
    assert 48.6 == pytest.approx(Alarm.objects.get().breaches.first().value)


def test_a_new_alarm_is_written_about(shop, owner, settings):
    User.objects.filter(username="jia").update(email="jia@example.org")
    settings.TANMA = settings.TANMA.model_copy(update={"mail_url": "smtp://mail.example"})
    state(shop, day_limit="600")
    watch.evaluate()
    (letter,) = mail.outbox
    assert "600 kWh" in letter.body


def test_statements_of_one_thing_never_overlap(shop):
    state(shop, day_limit="600")
    state(shop, since=YESTERDAY, day_limit="700")
    rows = limits.limits([shop]).to_pylist()
    assert [(600.0, FROM, YESTERDAY), (700.0, YESTERDAY, dt.date(9999, 12, 31))] == [
        (r["bound"], r["from_day"], r["to_day"]) for r in rows
    ]
    assert {shop: {"day_limit": "700"}} == limits.now([shop])


def test_hours_of_a_virtual_meter_are_held_against_its_limit_too(plant):
    """The rest is 1 kWh a quarter-hour; an hour in which a part is silent tells nothing."""
    derived(plant.lake)
    rest = plant.number("其余")
    state(rest, hour_limit="3.5")
    assert 1 == watch.evaluate().opened
    breach = Alarm.objects.get(channel=rest).breaches.latest("day")
    assert (4.0, 3.5) == (pytest.approx(breach.value), breach.expected)
    state(rest, hour_limit="4.5")
    assert 1 == watch.evaluate().lapsed


def test_a_virtual_meter_has_no_profile_to_be_held_against(plant):
    from tanma.apps.registry import door as registry

    rows = registry.Channel.objects.in_bulk([plant.number("其余"), plant.number("一车间")])
    assert {plant.number("其余")} == limits.virtual_of(list(rows.values()))
    rest = rows[plant.number("其余")]
    assert ("hour_limit", "day_limit") == limits.rules_of(rest, virtual=True)
