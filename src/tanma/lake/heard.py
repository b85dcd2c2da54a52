"""Who was heard: last contact, batches and gaps of each source, from what the inboxes keep of it.

A source is a gateway's id. A message id that ends in a number is taken as the sender's own
numbering, so that a number that never came shows as a gap. Reads only, beside running writers.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tanma.lake.inbox import HEARD_SUMS, writers

RECENT_BATCHES = 20_000
"""Of each writer: gaps are looked for among so many."""
_NUMBER = re.compile(r"([0-9]{1,15})$")


@dataclass(frozen=True)
class Heard:
    """What is remembered of one source; `note` tells the refusals of its newest batch with any."""

    last_us: int
    batches: int
    rows: int
    last_sequence: int | None = None
    gaps: int = 0
    missed: int = 0
    note: bytes = b""


def heard(root: Path) -> dict[str, Heard]:
    """Source → what was heard of it, over all writers."""
    sums: dict[str, list[int]] = {}
    numbers: dict[str, set[int]] = {}
    notes: dict[str, tuple[int, bytes]] = {}
    for con in _inboxes(root):
        for source, last, batches, rows in con.execute(_sums(con)):
            told = sums.setdefault(source, [0, 0, 0])
            sums[source] = [max(told[0], last), told[1] + batches, told[2] + rows]
        for source, key, stamp, note in con.execute(_RECENT, (RECENT_BATCHES,)):
            if hit := _NUMBER.search(key or ""):
                numbers.setdefault(source, set()).add(int(hit[1]))
            if note and stamp > notes.get(source, (0, b""))[0]:
                notes[source] = (stamp, bytes(note))
    found = {}
    for source, (last, batches, rows) in sums.items():
        number, gaps, missed = _gaps(numbers.get(source, ()))
        note = notes.get(source, (0, b""))[1]
        found[source] = Heard(last, batches, rows, number, gaps, missed, note)
    return found


def _sums(con: sqlite3.Connection) -> str:
    """Sums as the writer keeps them; an inbox that it has not opened since has receipts alone."""
    kept = con.execute("SELECT count(*) FROM sqlite_master WHERE name = 'heard'").fetchone()[0]
    return "SELECT source, last, batches, rows FROM heard" if kept else HEARD_SUMS


_RECENT = """SELECT source, message_id, stamp, note FROM received
    WHERE source <> '' ORDER BY id DESC LIMIT ?"""


def _inboxes(root: Path) -> Iterator[sqlite3.Connection]:
    """Read-only connections to the inboxes that can be read; a damaged one is its writer's."""
    for writer in writers(root):
        place = f"file:{root / 'inbox' / writer}.sqlite3?mode=ro"
        try:
            with closing(sqlite3.connect(place, uri=True, timeout=5)) as con:
                con.execute("SELECT source, note FROM received LIMIT 1").fetchall()
                yield con
        except sqlite3.Error:
            continue


def _gaps(numbers: Iterable[int]) -> tuple[int | None, int, int]:
    """(last number, holes in the numbering, numbers that never came)."""
    ordered = sorted(numbers)
    steps = [b - a - 1 for a, b in pairwise(ordered) if b - a > 1]
    return (ordered[-1] if ordered else None, len(steps), sum(steps))
