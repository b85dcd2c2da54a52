"""Readings in plain Python: what the lake must answer, whatever was settled in between."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from tanma.domain.readings import READING
from tanma.lake.inbox import Receipt
from tanma.lake.readings import Readings
from tanma.lake.settle import Settler
from tests.duck import session

BEGIN = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
FAR = BEGIN + dt.timedelta(days=400)
HOUR = dt.timedelta(hours=1)
OCTOBER_US = int(dt.datetime(2026, 10, 10, tzinfo=dt.UTC).timestamp() * 10**6)
"""A clock by which September is closed and October open."""
Row = tuple[int, int, int | None, int | None]
"""(channel, hour after BEGIN, count, revision)."""


class Clock:
    """A wall clock that the test turns, µs since 1970 UTC."""

    def __init__(self, at: int = OCTOBER_US) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at


def table(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "channel": channel,
                "start_utc": BEGIN + hour * HOUR,
                "end_utc": BEGIN + (hour + 1) * HOUR,
                "value": value,
                "revision": revision,
            }
            for channel, hour, value, revision in rows
        ],
        schema=READING,
    )


@dataclass
class Model:
    """Every row received, in the order of receipt."""

    rows: list[tuple[tuple[int, str, int, int], Row]] = field(default_factory=list)

    def receive(self, receipt: Receipt, rows: list[Row]) -> None:
        if not receipt.duplicate:
            place = (receipt.stamp, receipt.writer, receipt.inbox_id)
            self.rows += [((*place, number), row) for number, row in enumerate(rows)]

    def known(self, at: int) -> dict[tuple[int, int], int]:
        """Of each (channel, hour) the greatest (revision or 0, first receipt of the content)."""
        first: dict[Row, tuple[int, str, int, int]] = {}
        for order, row in self.rows:
            if order[0] <= at:
                first[row] = min(first.get(row, order), order)
        newest: dict[tuple[int, int], Row] = {}
        for row, order in first.items():
            held = newest.get(row[:2])
            if held is None or (row[3] or 0, order) > (held[3] or 0, first[held]):
                newest[row[:2]] = row
        return {key: row[2] for key, row in newest.items() if row[2] is not None}

    def stamps(self) -> list[int]:
        return sorted({order[0] for order, _ in self.rows})


def known(
    root: Path, at: int | None = None, *, channels: list[int] | None = None, **how: Any
) -> dict[tuple[int, int], int]:
    """What the lake answers, keyed as the model's."""
    lake = Readings(root)
    with session() as con:
        lake.known(con, channels, BEGIN, FAR, lake.watermark if at is None else at, **how)
        rows = con.execute("SELECT channel, start_utc, value FROM readings").fetchall()
    begin = BEGIN.replace(tzinfo=None)
    found = {(channel, (start - begin) // HOUR): value for channel, start, value in rows}
    assert len(rows) == len(found)
    return found


def settled_rows(root: Path) -> list[tuple[Any, ...]]:
    """(stamp, writer, batch, row) of each row of tail and readings that counts there."""
    settler = Settler(root)
    with session() as con:
        parts = [
            f"SELECT receipt, row FROM read_parquet('{f.uri}')"
            for table in (settler.tail, settler.readings)
            for f in table.files()
        ]
        numbers = [f.uri for f in settler.receipts.files()]
        if not parts:
            return []
        return con.execute(
            f"SELECT stamp, writer, batch, row FROM ({' UNION ALL '.join(parts)})"
            f" LEFT JOIN read_parquet({numbers}) USING (receipt) ORDER BY ALL"
        ).fetchall()
