"""What keeps the lake current while people look at it: `tanma lake keep`.

Every few seconds the days that new readings touch are derived again; by the hour the landing is
laid into the tail and routine evaluations that are due are computed; at night closed months are
laid down, files compacted and swept, and the amounts of closed months become facts. Each step may
be killed; what fails is told and tried again.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tanma.domain.messages import Problem

if TYPE_CHECKING:
    from tanma.engine.metering.refresh import Refreshed
    from tanma.lake.raw import Used

REFRESH_S, SETTLE_S, RETRY_S = 15.0, 3_600.0, 60.0
NIGHT = dt.time(2, 30)


@dataclass(frozen=True)
class Step:
    """A work and when it is due again after a moment (seconds since 1970 UTC)."""

    work: Callable[[], str]
    due_after: Callable[[float], float]


def every(seconds: float) -> Callable[[float], float]:
    """Due so many seconds after it ended."""
    return lambda moment: moment + seconds


def daily(at: dt.time) -> Callable[[float], float]:
    """Due at a time of the local day."""

    def after(moment: float) -> float:
        local = dt.datetime.fromtimestamp(moment).astimezone()
        today = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        following = today if today > local else today + dt.timedelta(days=1)
        return following.timestamp()

    return after


class Keeper:
    """Runs steps when they are due; one that fails is due again after RETRY_S."""

    def __init__(
        self, steps: Mapping[str, Step], *, now: Callable[[], float] = time.time,
        say: Callable[[str], None] | None = None, first: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self._steps = steps
        self._now = now
        self._say = say or _tell
        self.due = {name: now() for name in steps} | dict(first or {})

    def step(self) -> float:
        """Run what is due; seconds until something is due again."""
        for name, step in self._steps.items():
            if self.due[name] <= self._now():
                self.due[name] = self._done(name, step)
        return max(0.0, min(self.due.values()) - self._now())

    def _done(self, name: str, step: Step) -> float:
        try:
            if said := step.work():
                self._say(f"{name}: {said}")
        except Exception as error:  # a full disk has many names: DuckDB's, Delta's, the database's
            # a Problem says itself what to do; most others are a disk that is full or has decayed
            hint = "" if isinstance(error, Problem) else " (tanma lake check names damaged files)"
            self._say(f"{name}: {type(error).__name__}: {error}{hint}")
            return self._now() + RETRY_S
        return step.due_after(self._now())


def _tell(line: str) -> None:
    print(f"{dt.datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {line}", file=sys.stderr, flush=True)


def keep(root: Path, stop: threading.Event, refresh_s: float, memory: str) -> None:
    """Keep the lake until told to stop, or until the process that started this one is gone."""
    nightly = daily(NIGHT)
    keeper = Keeper(
        {
            "refresh": Step(lambda: refreshed(root, memory), every(refresh_s)),
            "settle": Step(lambda: settled(root), every(SETTLE_S)),
            "evaluate": Step(evaluated, every(SETTLE_S)),
            "night": Step(lambda: night(root), nightly),
        },
        first={"night": nightly(time.time())},
    )
    parent = os.getppid()
    while not stop.is_set() and os.getppid() == parent:
        stop.wait(min(keeper.step(), 1.0))


def refreshed(root: Path, memory: str = "1GB") -> str:
    """Derive what new facts and sealed readings touch, hold it against limits; what changed."""
    from django.db import close_old_connections

    from tanma.apps.watch import door as watch

    close_old_connections()
    try:
        done = derived(root, memory)
        alarms = watch.evaluate()
    finally:
        close_old_connections()
    said = f"{done.changed} days changed, {done.restated} restated" if done.changed else ""
    found = "; ".join(one.problem.text("en") for one in done.found)
    return ", ".join(text for text in (said, str(alarms), found) if text)


def derived(root: Path, memory: str) -> Refreshed:
    """Derive what new facts and sealed readings touch; a damaged mirror of facts is made anew."""
    from tanma.apps.codes.door import sync_lake
    from tanma.engine.metering.refresh import refresh

    sync_lake()
    try:
        return refresh(root, memory=memory)
    except Problem as problem:
        if problem.code != "lake_damaged_facts":
            raise
        _tell(problem.text("en"))
    sync_lake(anew=True)
    return refresh(root, memory=memory)


def evaluated() -> str:
    """Compute the routine evaluations that are due and whose data are there."""
    from django.db import close_old_connections

    from tanma.apps.codes.door import run_due

    close_old_connections()
    try:
        made = list(run_due(dt.datetime.now().astimezone().date()))
    finally:
        close_old_connections()
    return ", ".join(f"{run.period} computed as {run.uid}" for run in made)


def settled(root: Path) -> str:
    """Lay what was sealed into the tail."""
    from tanma.lake.settle import Settler

    done = Settler(root).settle()
    said = f"{done.rows} readings in {done.partitions} partitions" if done.rows else ""
    left = f"{done.left} damaged files left where they lie" if done.left else ""
    return ", ".join(text for text in (said, left) if text)


def night(root: Path) -> str:
    """The night's work, then the amounts of closed months and the profiles that are due."""
    from tanma.lake import upkeep
    from tanma.site.config import Config

    done = upkeep.night(root, raw_days=Config().raw_days, used=used_by_results())
    posted, held_back = post(root)
    learned = learn(root, dt.datetime.now().astimezone().date() + dt.timedelta(days=1))
    return (
        f"{done.moved.rows} readings laid down, {done.bodies_dropped} bodies dropped,"
        f" {posted} amounts posted, {held_back} months held back, {learned} profiles learned"
    )


def used_by_results() -> list[Used]:
    """Spans of readings on which published results rest, also those that were withdrawn later."""
    from tanma.apps.codes.door import Run, State
    from tanma.domain.periods import parse
    from tanma.lake.raw import Used

    public = Run.objects.filter(state__in=[State.PUBLISHED, State.WITHDRAWN])
    rows = [(parse(period), known_at) for period, known_at in
            public.values_list("period", "known_at").distinct()]  # fmt: skip
    return [Used(period.start, period.end, known_at) for period, known_at in rows]


def post(root: Path, months: list[str] | None = None) -> tuple[int, int]:
    """Append the amounts of closed months as facts; how many, and how many months wait."""
    from tanma.apps.facts import door as facts
    from tanma.engine.metering.post import of_lake

    found = of_lake(root, months)
    for _ in facts.append_all(found.facts, author="tanma lake"):
        pass
    return found.facts.num_rows, found.held_back.num_rows


def learn(root: Path, valid_from: dt.date, memory: str = "1GB") -> int:
    """Append profiles of channels that hold from a day on, where they are due; how many."""
    from tanma.apps.facts import door as facts
    from tanma.engine.metering.profile import of_lake

    learned = 0
    for found in of_lake(root, valid_from, memory=memory):
        learned += found.num_rows
        for _ in facts.append_all(found, author="tanma lake"):
            pass
    return learned
