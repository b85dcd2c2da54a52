"""Whether every file of the lake is there, opens, and holds the rows that its log says.

Each page carries a checksum; `check` reads every page and compares. A damaged file is named with
what depends on it and how to get it back; files beside it are read as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tanma.domain.messages import Problem
from tanma.lake import held
from tanma.lake.delta import Stored, sole_writer
from tanma.lake.inbox import aside_note, writers
from tanma.lake.landing import Landing
from tanma.lake.upkeep import Kept, lake_tables

_CODES = {
    "landing": "lake_damaged_readings",
    "tail": "lake_damaged_readings",
    "readings": "lake_damaged_readings",
    "receipts": "lake_damaged_receipts",
    "raw": "lake_damaged_raw",
    "validated": "lake_damaged_derived",
    "activity_day": "lake_damaged_days",
    "restatements": "lake_damaged_notes",
    "facts": "lake_damaged_facts",
}
_NEEDED = ("receipts", "restatements", "facts")
"""Tables that concern every key; days are derived again, `validated` and `raw` are not read."""


@dataclass(frozen=True)
class Damage:
    """A file that cannot be read as written; `problem` says what depends on it and what to do."""

    table: str
    file: str
    problem: Problem
    stored: Stored


@dataclass(frozen=True)
class Checked:
    """What a check saw."""

    files: int
    rows: int
    damages: tuple[Damage, ...]


def check(root: Path) -> Checked:
    """Read every file that the newest version of a table names, and note the damaged ones."""
    files = [
        (kept, file) for kept in lake_tables(root) if kept.exists for file in kept.table.files()
    ]
    damages = tuple(_damages(files))
    _note(root, damages)
    return Checked(len(files), sum(file.rows for _, file in files), damages)


def needed_by_all(root: Path) -> Damage | None:
    """A damaged file without which nothing can be derived, if there is one."""
    files = [
        (kept, file)
        for kept in lake_tables(root) if kept.name in _NEEDED and kept.exists
        for file in kept.table.files()
    ]  # fmt: skip
    return next(_damages(files), None)


def _damages(files: list[tuple[Kept, Stored]]) -> Iterator[Damage]:
    for kept, file in files:
        table, reason = kept.name, kept.table.fault(file)
        if reason:
            problem = Problem(
                _CODES[table], table=table, file=file.uri, place=held.place_of(file),
                rows=file.rows, reason=reason,
            )  # fmt: skip
            yield Damage(table, file.uri, problem, file)


def _note(root: Path, damages: Iterable[Damage]) -> None:
    said = (
        held.held(one.table, one.stored, str(one.problem.params["reason"]))
        for one in damages
        if one.table in held.TABLES
    )
    held.note(root, [one for one in said if one])


def set_aside(root: Path, damages: Iterable[Damage]) -> int:
    """Let the tables go on without their damaged files, which stay where they lie; how many.

    For when no backup has them: what they held is missing until it is delivered again. So that it
    is taken then, inboxes no longer call it known; content that is there is not doubled.
    """
    tables, gone = {kept.name: kept for kept in lake_tables(root)}, 0
    for damage in damages:
        kept = tables[damage.table]
        with sole_writer(kept.lock):
            if any(file.name == damage.stored.name for file in kept.table.files()):
                kept.table.commit([], {}, drop=[damage.stored])
                gone += 1
        kept.table.lay_apart(damage.stored)
        if _CODES[damage.table] == "lake_damaged_readings":
            _take_again(root)
    return gone


def _take_again(root: Path) -> None:
    landing = Landing(root)
    for writer in writers(root):
        if not aside_note(root, writer).exists():
            landing.inbox(writer).take_again()
