"""Sinks and scopes for tests of adapters."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.domain.readings import READING
from tanma.intake.live import Scope, ScopedChannel


@dataclass
class Kept:
    """The receipt of a batch that this sink keeps."""

    stamp: int
    rows: int
    duplicate: bool = False
    body_digest: bytes = b""
    note: bytes = b""


@dataclass
class Memory:
    """Keeps what it is given; refuses everything while `broken`."""

    batches: list[tuple[pa.Table, bytes, str, str]] = field(default_factory=list)
    broken: bool = False
    refused: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, table, *, raw, form, source, message_id=None, note=b"") -> Kept:
        await asyncio.sleep(0)
        if self.broken:
            self.refused += 1
            raise Problem("dlt645_refused", address="0", error="00H")
        self.batches.append((table, raw, form, source))
        self.arrived.set()
        return Kept(len(self.batches), table.num_rows)

    def rows(self) -> list[dict[str, object]]:
        tables = [table for table, *_ in self.batches] or [READING.empty_table()]
        return pa.concat_tables(tables).to_pylist()

    def values(self, channel: int) -> list[object]:
        return [row["value"] for row in self.rows() if row["channel"] == channel]

    async def wait(self, ready, timeout_s: float = 15.0) -> None:
        """Until `ready()` holds, looking again whenever something arrives."""
        async with asyncio.timeout(timeout_s):
            while not ready():
                self.arrived.clear()
                await self.arrived.wait()


def scope(gateway: str, points: Iterable[tuple[int, str, str, str, int, int]]) -> Scope:
    """A scope of (number, point, kind, unit, scale, interval in s)."""
    return Scope.of(gateway, [ScopedChannel(*point) for point in points])
