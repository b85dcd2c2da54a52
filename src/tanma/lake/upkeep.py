"""What runs by the clock: settling, the night's work, sweeping. Each step may be killed.

Sweeping takes files that no version of the last hours names. It never takes a version of a
reading, a fact or a kept body: those lie in files that the newest version names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from tanma.lake import raw, tables
from tanma.lake.delta import Table, sole_writer
from tanma.lake.derived import ActivityDays, Restatements, Validated
from tanma.lake.facts import FactsMirror
from tanma.lake.inbox import aside_note, writers
from tanma.lake.landing import Landing, now_us
from tanma.lake.settle import Settled, Settler

KEEP_HOURS = 24
"""Replaced files stay so long: no run or page reads one list of files for longer."""
FRESH_FACT_FILES = 8
"""The mirror of facts is compacted when so many files came since."""


@dataclass(frozen=True)
class Kept:
    """A table of the lake with the lock of its one writer."""

    name: str
    table: Table
    lock: Path

    @property
    def exists(self) -> bool:
        return self.table.exists


def lake_tables(root: Path) -> list[Kept]:
    """Every Delta table that the lake may hold, in the order in which rows move through them."""
    landing, settle = root / "landing.lock", root / "settle.lock"
    found = [
        Kept("landing", tables.landing(root), landing),
        Kept("raw", raw.table(root), landing),
        Kept("receipts", tables.receipts(root), settle),
        Kept("tail", tables.tail(root), settle),
        Kept("readings", tables.readings(root), settle),
    ]
    derived = {
        "validated": Validated(root).table,
        "activity_day": ActivityDays(root).table,
        "restatements": Restatements(root).table,
        "facts": FactsMirror(root).table,
    }
    return found + [Kept(name, table, root / f"{name}.lock") for name, table in derived.items()]


def sweep(root: Path, keep_hours: float = KEEP_HOURS) -> dict[str, int]:
    """Delete what nobody names any more; how many files of each table."""
    gone = {}
    for kept in lake_tables(root):
        if kept.exists:
            with sole_writer(kept.lock):
                gone[kept.name] = len(kept.table.sweep(keep_hours))
    return gone


@dataclass(frozen=True)
class Night:
    """What the night did."""

    settled: Settled
    moved: Settled
    months_compacted: int
    facts_compacted: bool
    bodies_dropped: int
    swept: dict[str, int]


def night(
    root: Path,
    clock: Callable[[], int] = now_us,
    *,
    raw_days: int = raw.DAYS,
    used: Collection[raw.Used] = (),
    keep_hours: float = KEEP_HOURS,
) -> Night:
    """Settle, lay closed months into `readings`, compact, drop old bodies, sweep.

    Bodies that are held stay, and signed ones that a result in `used` rests on.
    """
    settler = Settler(root, clock)
    settled, moved = settler.settle(), settler.night()
    settler.join_receipts()
    months = ActivityDays(root).compact() + Restatements(root).compact()
    facts = FactsMirror(root)
    compacted = facts.fresh_files >= FRESH_FACT_FILES
    if compacted:
        before = facts.version
        compacted = facts.compact() > before
    today = dt.datetime.fromtimestamp(clock() / 10**6, dt.UTC).date()
    dropped = raw.drop_bodies(root, today, days=raw_days, keep=raw.kept(root), used=used)
    _forget_receipts(root, clock, raw_days)
    return Night(settled, moved, months, compacted, dropped, sweep(root, keep_hours))


def _forget_receipts(root: Path, clock: Callable[[], int], days: int) -> None:
    """Inboxes forget messages as old as the bodies that are dropped."""
    landing = Landing(root, clock)
    before = clock() - days * 86_400 * 10**6
    for writer in writers(root):
        if not aside_note(root, writer).exists():
            landing.inbox(writer).forget_receipts(before)
