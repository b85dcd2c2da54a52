"""A fact store in plain Python: what the mirror copies, and the answer it must agree with."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from tanma.lake.facts import KEY, SCHEMA

DAY = dt.date(2026, 9, 1)
Row = dict[str, Any]


def said(subject: int, value: int | None, **changes: Any) -> Row:
    """One statement, as an author hands it in."""
    row: Row = {
        "subject": subject,
        "item": "electricity.purchased",
        "kind": "amount",
        "valid_from": DAY,
        "valid_to": dt.date(2026, 10, 1),
        "value": value,
        "text": None,
        "reported": None if value is None else f"{value} kWh",
        "source": "grid",
        "revision": None,
        "data_class": "internal",
        "author": "import",
        "evidence": "batch:1#1",
        "corrects": None,
    }
    return row | changes


def key_of(row: Row) -> tuple[Any, ...]:
    return tuple(row[column] for column in KEY)


@dataclass
class Store:
    """Stamps, sequences and versions as house.md §3 says, one list of rows."""

    rows: list[Row] = field(default_factory=list)
    last_stamp: int = 0

    def append(self, said_rows: list[Row], clock: int) -> int:
        """Append under one stamp max(clock, last + 1); content seen under its key is no row."""
        self.last_stamp = max(clock, self.last_stamp + 1)
        for row in said_rows:
            content = repr(
                (key_of(row), *(row[c] for c in ("value", "text", "revision", "corrects")))
            )
            digest = hashlib.sha256(content.encode()).digest()
            same_key = [r for r in self.rows if key_of(r) == key_of(row)]
            if digest not in {r["digest"] for r in same_key}:
                place = {
                    "seq": len(self.rows) + 1,
                    "stamp": self.last_stamp,
                    "version": len(same_key) + 1,
                    "digest": digest,
                }
                self.rows.append(row | place)
        return self.last_stamp

    def fetch(self, after: int, limit: int) -> pa.Table:
        rows = [{n: r[n] for n in SCHEMA.names} for r in self.rows[after : after + limit]]
        return pa.Table.from_pylist(rows, schema=SCHEMA)

    def known(self, at: int) -> set[int]:
        """Sequences of the facts current at a time, key by key."""
        current: dict[tuple[Any, ...], Row] = {}
        for row in self.rows:
            if row["stamp"] <= at:
                held = current.get(key_of(row))
                if held is None or _order(row) > _order(held):
                    current[key_of(row)] = row
        return {
            r["seq"] for r in current.values() if r["value"] is not None or r["text"] is not None
        }


def _order(row: Row) -> tuple[int, int, int]:
    return (row["revision"] or 0, row["stamp"], row["seq"])
