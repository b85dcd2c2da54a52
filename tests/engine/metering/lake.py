"""A lake with a few meters: facts mirrored, readings received, settled and derived."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tanma.domain.readings import READING
from tanma.engine.metering import bucket
from tanma.lake.derived import ActivityDays, Restatements
from tanma.lake.facts import FactsMirror
from tanma.lake.readings import Readings
from tests.engine.metering.meters import Meters, Rows

NOON = int(dt.datetime(2026, 10, 10, 12, tzinfo=dt.UTC).timestamp() * 1e6)


class Lake:
    """One root with a clock that the test turns."""

    def __init__(self, root: Path, meters: Meters) -> None:
        self.root, self.meters, self.at = root, meters, NOON
        self.readings = Readings(root, lambda: self.at)
        self.messages = 0
        self.sync()

    def sync(self) -> None:
        """Take over every fact that was said so far."""
        facts = self.meters.table()

        def fetch(after: int, limit: int) -> pa.Table:
            return facts.slice(after, limit)

        FactsMirror(self.root).sync(fetch, len(self.meters.facts))

    def read(
        self, rows: Rows, length: dt.timedelta = dt.timedelta(), revision: int | None = None,
        writer: str = "a", seal: bool = True,
    ) -> None:  # fmt: skip
        """Receive readings in one batch, a second after the one before."""
        self.at += 1_000_000
        made = [
            {
                "channel": c, "start_utc": s.replace(tzinfo=dt.UTC),
                "end_utc": (s + length).replace(tzinfo=dt.UTC), "value": v, "revision": revision,
            }
            for c, s, v in rows
        ]  # fmt: skip
        self.messages += 1
        table = pa.Table.from_pylist(made, schema=READING)
        self.readings.append(table, writer=writer, message_id=str(self.messages))
        if seal:
            self.readings.seal()

    def days(self, column: str = "milli") -> dict[tuple[int, str], Any]:
        """(channel, day) → a column of the days that hold."""
        rows = self.table(ActivityDays(self.root), None)
        return {(r["channel"], f"{r['day']:%m-%d}"): r[column] for r in rows}

    def restated(self) -> list[tuple[int, str, int | None, int | None, str]]:
        rows = self.table(Restatements(self.root), None)
        return sorted(
            (r["channel"], f"{r['day']:%m-%d}", r["before_milli"], r["after_milli"], r["cause"])
            for r in rows
        )

    def table(self, store: Any, months: list[str] | None) -> list[dict[str, Any]]:
        with bucket.connection() as con:
            store.view(con, months, name="rows_of")
            return con.sql("FROM rows_of").to_arrow_table().to_pylist()


def content(lake: Lake) -> list[dict[str, Any]]:
    """Every day without the stamp of its derivation, in order: equal lakes have equal content."""
    rows = [
        {k: v for k, v in row.items() if k != "derived"}
        for row in lake.table(ActivityDays(lake.root), None)
    ]
    return sorted(rows, key=lambda r: (r["channel"], r["day"]))


def connect() -> duckdb.DuckDBPyConnection:
    return bucket.connection()
