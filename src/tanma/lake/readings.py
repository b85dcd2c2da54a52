"""The door by which meter readings enter, and readings as known at a time.

What a reading is stands in `tanma.domain.readings`. `append` is durable when it returns; `seal`
moves batches into the open Delta table `landing/` with the writer's marker in the same commit, so
that a kill at any moment loses nothing and doubles nothing.

Versions of a reading (channel, start) are ordered by the source's revision, then by when that
content was first received: a batch delivered again after a correction changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.domain.readings import READING
from tanma.lake import sql
from tanma.lake.days import day_bounds
from tanma.lake.inbox import Receipt
from tanma.lake.known import Snapshot, Span, dirty, known
from tanma.lake.landing import SEAL_ROWS, Landing, Sealed, entry, now_us
from tanma.lake.tables import LANDING

__all__ = ["LANDING", "READING", "Readings", "Receipt", "Sealed", "now_us"]


class Readings:
    """Readings under `<root>/inbox` and `<root>/landing`. Any process may append; one seals."""

    def __init__(self, root: Path, clock: Callable[[], int] = now_us) -> None:
        self._root = root
        self._landing = Landing(root, clock)

    @property
    def watermark(self) -> int:
        """µs since 1970 UTC: every reading stamped at or before it can be read; 0 at first."""
        return self._landing.watermark

    @property
    def backlog(self) -> int:
        """Rows accepted and not yet sealed."""
        return self._landing.backlog

    def append(self, readings: pa.Table, *, writer: str, message_id: str | None = None) -> Receipt:
        """Take readings in; durable on return. The same message or content again is no entry."""
        (receipt,) = self._landing.take([entry(readings, message_id=message_id)], writer=writer)
        return receipt

    def seal(self, limit_rows: int = SEAL_ROWS) -> Sealed:
        """Move what the inboxes hold into the landing table; raise the watermark."""
        return self._landing.seal(limit_rows)

    def known(
        self,
        con: duckdb.DuckDBPyConnection,
        channels: Sequence[int] | None,
        start_utc: dt.datetime,
        end_utc: dt.datetime,
        known_at: int,
        name: str = "readings",
        *,
        bucket: int | None = None,
        stamps: bool = True,
    ) -> None:
        """Create the view `name` (columns of READING, `contested`, `stamp`): one row a reading.

        Times in it are UTC without a zone. Readings that start in [start_utc, end_utc) of some
        channels or of one bucket (None: all), as known at `known_at`, µs since 1970 UTC, without
        the withdrawn. Only files of that span and bucket are read; without `stamps` it is quicker.
        """
        span = Span(start_utc, end_utc, channels, bucket)
        known(con, Snapshot(self._root), span, known_at, name, stamps=stamps)

    def dirty(
        self, con: duckdb.DuckDBPyConnection, after_stamp: int, upto: int, name: str = "dirty"
    ) -> None:
        """Create the table `name`: channels and UTC days of readings stamped in (after, upto].

        Columns: channel, day_utc, first_utc, last_utc (starts), end_utc (latest), rows.
        """
        dirty(con, Snapshot(self._root), after_stamp, upto, name)

    def daily(
        self,
        con: duckdb.DuckDBPyConnection,
        channels: Sequence[int] | None,
        first_day: dt.date,
        end_day: dt.date,
        zone: str,
        known_at: int,
        name: str = "daily",
    ) -> None:
        """Create the view `name`: sums per channel and day of `zone`, from first to before end.

        Columns: channel, day, value (sum of counts), readings, crossing. A reading belongs to the
        day in which it starts; `crossing` counts those that end after that day's end.
        """
        if first_day >= end_day:
            raise Problem("readings_no_day", first_day=first_day, end_day=end_day)
        bounds = day_bounds([zone], first_day, end_day)
        con.register(f"{sql.checked_name(name)}_days", bounds)
        first, last = (
            moment.as_py().replace(tzinfo=dt.UTC)
            for moment in (bounds["from_utc"][0], bounds["to_utc"][-1])
        )
        self.known(con, channels, first, last, known_at, f"{name}_readings")
        con.execute(
            f"""CREATE OR REPLACE TEMP VIEW {name} AS
            SELECT channel, day, sum(value) AS value, count(*) AS readings,
                count(*) FILTER (end_utc > to_utc) AS crossing
            FROM {name}_readings ASOF JOIN {name}_days ON start_utc >= from_utc
            GROUP BY channel, day"""
        )
