"""Damaged files of readings that all work goes around, and the days that wait for them.

`held.json` names them. It is written before the commit that leaves them or their days out, and a
file leaves it after the commit that derived its days again: killed in between, days are derived
once more, which changes nothing. Convention: docs/design/lake.md §3.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.lake import tables
from tanma.lake.delta import Stored, Table, fsync_path, marker, micros, sole_writer
from tanma.lake.derived import ActivityDays
from tanma.lake.known import Snapshot
from tanma.lake.tables import CHANNELS_PER_BUCKET

HELD = "held.json"
DAYS = "activity_day"
TABLES: Mapping[str, Callable[[Path], Table]] = {
    "landing": tables.landing, "tail": tables.tail, "readings": tables.readings,
    DAYS: lambda root: ActivityDays(root).table,
}  # fmt: skip
"""Where a damaged file costs no more than its own channels and days."""
_T = TypeVar("_T")
Attempt = tuple[int, ...]
"""The marks to which a refresh leads that leaves files out or takes them in again."""


@dataclass(frozen=True)
class Held:
    """A damaged file: its channels [low, high) and the instants in which its readings lie, µs.

    `damaged` is as last looked at: one that was restored and settled, or set aside, waits to be
    derived again.
    `attempt`: the last refresh that knew of it, and whether it left its days out (`skipped`).
    """

    table: str
    file: str
    uri: str
    place: str
    rows: int
    reason: str
    low: int
    high: int
    first_us: int
    last_us: int
    damaged: bool = True
    attempt: Attempt = ()
    skipped: bool = False

    @property
    def problem(self) -> Problem:
        """What depends on it and what to do."""
        code = "lake_damaged_days" if self.table == DAYS else "lake_damaged_readings"
        return Problem(
            code, table=self.table, file=self.uri, place=self.place, rows=self.rows,
            reason=self.reason,
        )  # fmt: skip


def place_of(file: Stored) -> str:
    """A partition in words: `day=2026-09-01, bucket=3`."""
    return ", ".join(f"{k}={v}" for k, v in file.partition.items()) or "–"


def held(table: str, file: Stored, reason: str) -> Held | None:
    """A damaged file with what it may hold; None where its log does not say when."""
    if "bucket" in file.partition:
        low = file.partition["bucket"] * CHANNELS_PER_BUCKET
        high = low + CHANNELS_PER_BUCKET
    else:
        low, high = file.least["channel"], file.most["channel"] + 1
    span = _span(file)
    if span is None:
        return None
    return Held(
        table, file.name, file.uri, place_of(file), file.rows, reason, low, high, *span
    )  # fmt: skip


def _span(file: Stored) -> tuple[int, int] | None:
    if "start_utc" in file.least:
        return file.least["start_utc"], max(file.most["start_utc"], file.most["end_utc"])
    if "day" in file.partition:
        first = following = file.partition["day"]
    elif "month" in file.partition:
        first = dt.date.fromisoformat(f"{file.partition['month']}-01")
        following = (first + dt.timedelta(days=31)).replace(day=1)
    else:
        return None
    # an interval that starts in the partition may end after it, by a day at most as far as we know
    return _us(first), _us(following + dt.timedelta(days=1)) - 1


def _us(day: dt.date) -> int:
    return micros(dt.datetime.combine(day, dt.time(), dt.UTC))


def noted(root: Path) -> tuple[list[Held], int]:
    """The files that are noted, and how many days wait for them."""
    path = root / HELD
    if not path.exists():
        return [], 0
    said = json.loads(path.read_text(encoding="utf-8"))
    files = [Held(**{**one, "attempt": tuple(one["attempt"])}) for one in said["files"]]
    return files, said["days"]


def sound(root: Path) -> Snapshot:
    """The tables without the files that are noted as damaged: what they held is missing."""
    snapshot = Snapshot(root)  # before the note is read: what settling has left out stands there
    return snapshot.leave_out({one.file for one in noted(root)[0] if one.damaged})


def around(root: Path, work: Callable[[frozenset[str]], _T]) -> _T:
    """The answer of some work that is given the names of files that cannot be read.

    When it meets another damaged file, all are looked at and it begins again.
    """
    while True:
        try:
            return work(unreadable(root))
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            if isinstance(error, duckdb.OutOfMemoryException) or not search(root):
                raise


def unreadable(root: Path) -> frozenset[str]:
    """Names of the noted files that are damaged as they lie now."""
    return frozenset(one.file for one in noted(root)[0] if _fault(root, one))


def give_up_days(root: Path) -> None:
    """Take damaged files of days out of their table: their days are derived again."""
    if lost := {o.file for o in noted(root)[0] if o.table == DAYS and _fault(root, o)}:
        ActivityDays(root).give_up(lost)


def returned(root: Path) -> bool:
    """Whether a file that settling had left out can be read again; a copy may lack its note."""
    landing, tail = tables.landing(root), tables.tail(root).open()
    left = [f for f in landing.files() if marker(tail, tables.left_out(f.name))]
    return any(landing.fault(f) is None for f in left)


def search(root: Path) -> list[Held]:
    """Read every file of readings and note the damaged ones; those that were not noted before."""
    known = {one.file for one in noted(root)[0] if one.damaged}
    found = []
    for name, of in TABLES.items():
        table = of(root)
        for file in table.files():
            reason = None if file.name in known else table.fault(file)
            if reason and (one := held(name, file, reason)):
                found.append(one)
    note(root, found)
    return found


def note(root: Path, found: Iterable[Held]) -> None:
    """Add damaged files to those that are noted."""
    new = {one.file: one for one in found}
    if new:
        with _changed(root) as files:
            known = {one.file: one for one in files}
            for file, one in new.items():
                known[file] = replace(known[file], damaged=True) if file in known else one
            files[:] = known.values()


def look(root: Path) -> list[Held]:
    """The noted files, each looked at again: restored ones, and ones no table names any more.

    One of the landing that settling had left out waits until the tail has it.
    """
    files, _ = noted(root)
    seen = [replace(one, damaged=_is_damaged(root, one)) for one in files]
    if seen != files:
        with _changed(root) as now:
            states = {one.file: one.damaged for one in seen}
            now[:] = [replace(one, damaged=states.get(one.file, one.damaged)) for one in now]
    return seen


def since(root: Path, looked: Iterable[Held]) -> list[Held]:
    """The files noted now, as looked at before a snapshot: what was noted since is damaged."""
    before = {one.file: one.damaged for one in looked}
    return [replace(o, damaged=o.damaged or before.get(o.file, True)) for o in noted(root)[0]]


def _is_damaged(root: Path, one: Held) -> bool:
    return _fault(root, one) or _waits_to_settle(root, one)


def _fault(root: Path, one: Held) -> bool:
    table, file = TABLES[one.table](root), _stored(root, one)
    return file is not None and table.fault(file) is not None


def _waits_to_settle(root: Path, one: Held) -> bool:
    file = _stored(root, one) if one.table == "landing" else None
    return file is not None and tables.tail(root).marker(tables.left_out(file.name)) > 0


def _stored(root: Path, one: Held) -> Stored | None:
    return next((f for f in TABLES[one.table](root).files() if f.name == one.file), None)


def hold(
    root: Path, skipped: Collection[Held], lifted: Collection[Held], attempt: Attempt, days: int
) -> None:
    """Note, before its commit, what a refresh leaves out and what it takes in again."""
    if not skipped and not lifted:
        return
    roles = {one.file: False for one in lifted} | {one.file: True for one in skipped}
    with _changed(root, days) as files:
        files[:] = [
            replace(one, attempt=attempt, skipped=roles[one.file]) if one.file in roles else one
            for one in files
        ]


def forget(root: Path, lifted: Collection[Held]) -> None:
    """After its commit: the days of these files are derived."""
    if lifted:
        gone = {one.file for one in lifted}
        with _changed(root) as files:
            files[:] = [one for one in files if one.file not in gone]


@contextmanager
def _changed(root: Path, days: int | None = None) -> Iterator[list[Held]]:
    """The noted files to be changed; durable when left."""
    with sole_writer(root / "held.lock"):
        files, before = noted(root)
        yield files
        path = root / HELD
        if not files:
            path.unlink(missing_ok=True)
        else:
            part = root / f"{HELD}.new"
            said = {"days": before if days is None else days, "files": [asdict(f) for f in files]}
            part.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
            fsync_path(part)
            part.rename(path)
        fsync_path(root)
