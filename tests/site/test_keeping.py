"""What keeps the lake current runs when it is due, and outlives a step that fails."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest
from deltalake.exceptions import DeltaError
from django.db import DatabaseError

from tanma.apps.codes.door import Run, State
from tanma.domain.messages import Problem
from tanma.lake.raw import Used
from tanma.site import keeping
from tanma.site.keeping import RETRY_S, Keeper, Step, daily, every, used_by_results


class Clock:
    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def test_steps_run_when_they_are_due():
    clock, ran = Clock(1_000.0), []

    def work(name):
        return lambda: ran.append(name) or ""

    keeper = Keeper(
        {"quick": Step(work("quick"), every(10)), "slow": Step(work("slow"), every(60))}, now=clock
    )
    assert 10 == keeper.step()
    assert ["quick", "slow"] == ran
    clock.at += 9
    assert 1 == keeper.step()
    clock.at += 1
    keeper.step()
    assert ["quick", "slow", "quick"] == ran
    clock.at += 50
    keeper.step()
    assert ["quick", "slow", "quick", "quick", "slow"] == ran


@pytest.mark.parametrize(
    "error", [
        Problem("derived_month", month="2026-13"), duckdb.OutOfMemoryException("month 2026-13"),
        DatabaseError("2026-13 is locked"), DeltaError("no space for 2026-13"),
    ],
)  # fmt: skip
def test_a_step_that_fails_is_told_and_tried_again_while_the_others_go_on(error):
    clock, said, ran = Clock(0.0), [], []

    def broken() -> str:
        raise error

    keeper = Keeper(
        {"broken": Step(broken, every(1)), "fine": Step(lambda: ran.append(1) or "5", every(1))},
        now=clock, say=said.append,
    )  # fmt: skip
    keeper.step()
    assert [1] == ran
    assert f"broken: {type(error).__name__}" in said[0]
    assert "2026-13" in said[0]
    assert "fine: 5" == said[1]
    assert RETRY_S == keeper.due["broken"]
    clock.at = RETRY_S
    keeper.step()
    assert 3 <= len(said)


def test_the_night_comes_once_a_day_at_its_local_time():
    after = daily(dt.time(2, 30))
    evening = dt.datetime(2026, 11, 20, 22, 0).astimezone()
    night = dt.datetime(2026, 11, 21, 2, 30).astimezone()
    assert night.timestamp() == after(evening.timestamp())
    assert (night + dt.timedelta(days=1)).timestamp() == after(night.timestamp())
    early = dt.datetime(2026, 11, 21, 1, 0).astimezone()
    assert night.timestamp() == after(early.timestamp())


def test_what_is_not_due_at_the_start_waits():
    clock, ran = Clock(0.0), []
    keeper = Keeper(
        {"night": Step(lambda: ran.append(1) or "", every(5))}, now=clock, first={"night": 100.0}
    )
    assert 100 == keeper.step()
    assert [] == ran


@pytest.mark.db
@pytest.mark.django_db
def test_routine_evaluations_are_one_of_the_steps(monkeypatch):
    from types import SimpleNamespace

    from tanma.apps.codes import door
    from tanma.site import keeping

    made = [SimpleNamespace(period="2026Q2", uid="X")]
    monkeypatch.setattr(door, "run_due", lambda day: made if day else [])
    monkeypatch.setattr("django.db.close_old_connections", lambda: None)
    assert "2026Q2 computed as X" == keeping.evaluated()


@pytest.mark.db
@pytest.mark.django_db
def test_published_results_hold_the_readings_of_their_periods():
    for number, (period, state) in enumerate(
        [("2026Q2/r4", State.PUBLISHED), ("2026-05", State.WITHDRAWN), ("2026", State.CHECKED)], 1
    ):
        Run.objects.create(
            id=number, scheme="s", edition="1", period=period, period_kind="x", known_at=number,
            period_end=dt.date(2026, 7, 1), state=state, digest="", code_version="",
        )  # fmt: skip
    assert {
        Used(dt.date(2025, 7, 1), dt.date(2026, 7, 1), 1),
        Used(dt.date(2026, 5, 1), dt.date(2026, 6, 1), 2),
    } == set(used_by_results())  # fmt: skip


def test_a_damaged_mirror_of_facts_is_fetched_anew_and_the_days_are_derived(
    monkeypatch, tmp_path, capsys
):
    done: list[str] = []

    def refresh(root, *, memory):
        done.append("refresh")
        if "anew" not in done:
            about = {"table": "facts", "file": "f", "place": "–", "rows": 1, "reason": "r"}
            raise Problem("lake_damaged_facts", **about)
        return "derived"

    def sync_lake(*, anew=False):
        done.append("anew" if anew else "sync")

    monkeypatch.setattr("tanma.engine.metering.refresh.refresh", refresh)
    monkeypatch.setattr("tanma.apps.codes.door.sync_lake", sync_lake)
    assert "derived" == keeping.derived(tmp_path, "1GB")
    assert ["sync", "refresh", "anew", "refresh"] == done
    assert "File f of facts is damaged" in capsys.readouterr().err
