"""Routine evaluations: due when the period is over and its data are there; never published."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from tanma.apps.codes import schedules
from tanma.apps.codes.models import Run, Schedule, State
from tanma.domain.periods import parse
from tests.apps.region import PREVIEW, published, viewer_of

__all__ = ["published"]
pytestmark = [pytest.mark.db, pytest.mark.django_db]
AFTER = date(2026, 7, 31)


def quarterly(days=30, percent=0):
    return schedules.make("quarter", days, percent, viewer_of("admin"))


@pytest.mark.parametrize(
    ("expected", "kind", "day"),
    [
        ("2026Q2", "quarter", date(2026, 7, 1)),
        ("2026Q1", "quarter", date(2026, 6, 30)),
        ("2026Q2/r4", "rolling", date(2026, 9, 30)),
        ("2026H1", "half", date(2026, 12, 31)),
        ("2025H2", "half", date(2026, 1, 1)),
        ("2025", "year", date(2026, 1, 1)),
    ],
)
def test_the_last_period_that_is_over(expected, kind, day):
    assert expected == schedules.last_period(kind, day).text


def test_a_run_is_computed_once_on_the_day_it_is_due(published):
    made = quarterly()
    assert [] == list(schedules.run_due(date(2026, 7, 30)))
    (run,) = schedules.run_due(AFTER)
    assert ("2026Q2", State.COMPUTED, made) == (run.period, run.state, run.schedule)
    assert "定时评价" == run.steps.get().by
    assert [] == list(schedules.run_due(AFTER))
    assert date(2026, 10, 31) == schedules.next_of(made, AFTER).due_on


def test_the_same_period_of_a_schedule_is_stored_once(published):
    made = quarterly()
    (run,) = schedules.run_due(AFTER)
    twin = Run.objects.filter(pk=run.pk).values().get() | {"id": 1, "number": None}
    with pytest.raises(IntegrityError):
        Run.objects.create(**twin)
    assert made.uid


def test_a_period_that_somebody_computed_is_not_computed_again(published):
    made = schedules.make("rolling", 0, 0, viewer_of("admin"))
    assert [] == list(schedules.run_due(AFTER))
    assert published.run(PREVIEW) == schedules.next_of(made, AFTER).run
    assert "2026Q3/r4" == schedules.next_of(made, AFTER).period.text
    Run.objects.filter(period=PREVIEW).update(state=State.REJECTED)
    assert ["2026Q2/r4"] == [r.period for r in schedules.run_due(AFTER)]


def test_it_waits_for_data_and_notes_what_it_found(published):
    made = quarterly(percent=100)
    assert [] == list(schedules.run_due(AFTER))
    made.refresh_from_db()
    assert schedules.complete_percent(parse("2026Q2")) == pytest.approx(made.found_percent)
    assert made.found_percent < 100
    assert made.looked_at is not None


def test_a_period_without_any_data_is_not_complete(published):
    quarterly(percent=1)
    assert 0 == schedules.complete_percent(parse("2026Q3"))
    assert [] == [r.period for r in schedules.run_due(date(2026, 12, 1))]


def test_an_ended_schedule_computes_nothing(published):
    schedules.end(quarterly(), viewer_of("admin"))
    assert [] == list(schedules.run_due(AFTER))
    assert "admin" == Schedule.objects.get().ended_by


@pytest.mark.parametrize("name", ["county1", "reviewer", "firm_a"])
def test_who_may_not_start_a_run_may_not_schedule_one(published, name):
    with pytest.raises(PermissionDenied):
        schedules.make("quarter", 1, 1, viewer_of(name))
