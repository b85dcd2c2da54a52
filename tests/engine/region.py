"""A small region as facts, for the tests of the engine."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

import duckdb
import pyarrow as pa

from tanma.domain.periods import parse
from tanma.lake.facts import SCHEMA

OPEN = date(9999, 12, 31)


class Region:
    """Collects facts; `known` gives the relation that an evaluation reads."""

    def __init__(self) -> None:
        self.facts: list[dict[str, Any]] = []
        self._seq = count(1)

    def say(self, subject: int, item: str, period: str, value: int, **more: Any) -> None:
        span = parse(period)
        self._add(
            subject, item, valid_from=span.start, valid_to=span.end, value=value,
            **{"kind": "amount", "source": "grid", "data_class": "internal"} | more,
        )  # fmt: skip

    def tell(self, subject: int, item: str, text: str, start: date = date(2020, 1, 1)) -> None:
        self._add(
            subject, item, valid_from=start, valid_to=OPEN, text=text, kind="attribute",
            source="registry", data_class="public",
        )  # fmt: skip

    def _add(self, subject: int, item: str, **columns: Any) -> None:
        seq = next(self._seq)
        self.facts.append(
            {
                "seq": seq, "stamp": seq, "subject": subject, "item": item, "version": 1,
                "author": "test", "evidence": "", "reported": "", "digest": b"", "value": None,
                "text": None, "revision": None,
            } | columns
        )  # fmt: skip

    def area(self, subject: int, code: str, parent: str = "", management: str = "") -> None:
        self.tell(subject, "id.area", code)
        if parent:
            self.tell(subject, "area.parent.statutory", parent)
        if management:
            self.tell(subject, "area.parent.management", management)

    def enterprise(
        self, subject: int, industry: str, area: str, *, management: str = "", size: str = "above"
    ) -> None:
        self.tell(subject, "id.uscc", f"U{subject}")
        self.tell(subject, "name", f"企业{subject}")
        self.tell(subject, "industry", industry)
        self.tell(subject, "area.statutory", area)
        self.tell(subject, "size_class", size)
        if management:
            self.tell(subject, "area.management", management)

    def month(self, subject: int, month: str, items: dict[str, int], **more: Any) -> None:
        for item, value in items.items():
            self.say(subject, item, month, value, **more)

    def table(self) -> pa.Table:
        return pa.Table.from_pylist(self.facts, schema=SCHEMA)

    def connection(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        con.register("known", self.table())
        return con


POWER, COAL, HEAT = "electricity.purchased", "fuel.bituminous.burnt", "heat.purchased"
VALUE, OUTPUT = "economy.value_added", "economy.output_value"
MWH, TONNE, GJ, YUAN = 10**6, 10**6, 10**6, 100
"""counts per MWh (kWh at scale 3), t, GJ and yuan"""
