"""A few meters as facts and their readings as known, for the tests of metering."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import duckdb
import pyarrow as pa

from tanma.domain.identity import id_text
from tanma.domain.quality import flags, flags_of
from tanma.engine.metering import channels, days, intervals, months, parameters
from tanma.lake.days import midnight_utc
from tests.engine.region import OPEN, Region

FIRST = dt.date(2026, 9, 1)
MIDNIGHT = midnight_utc(FIRST, "Asia/Shanghai")
"""The local midnight with which 1 September 2026 begins, as UTC."""
QUARTER = dt.timedelta(minutes=15)
POWER = "electricity.purchased"
KNOWN = pa.schema(
    [
        ("channel", pa.int64()),
        ("start_utc", pa.timestamp("us")),
        ("end_utc", pa.timestamp("us")),
        ("value", pa.int64()),
        ("stamp", pa.int64()),
        ("contested", pa.bool_()),
    ]
)
BEGIN = dt.date(1900, 1, 1)


def utc(text: str) -> dt.datetime:
    """A local time of Shanghai as naive UTC: `09-01 08:15`."""
    local = dt.datetime.fromisoformat(f"2026-{text}:00")
    return local - dt.timedelta(hours=8)


class Meters(Region):
    """Facts of meters beside those of a region."""

    def meter(self, number: int, enterprise: int, **more: str) -> None:
        self.tell(10_000 + number, "id.meter", f"M{number}", BEGIN)
        self.tell(10_000 + number, "meter.enterprise", f"U{enterprise}", BEGIN)
        for name, text in more.items():
            self.tell(10_000 + number, f"meter.{name}", text, BEGIN)

    def channel(self, number: int, meter: int | None = None, **more: Any) -> None:
        """A register of purchased power in hundredths of a kWh every quarter-hour."""
        said = {
            "meter": meter_id(meter or number), "item": POWER, "kind": "register",
            "unit": "kWh", "scale": 2, "interval_s": 900,
        } | more  # fmt: skip
        for name, value in said.items():
            if value is not None:
                self.tell(number, f"channel.{name}", str(value), BEGIN)

    def withdraw(self, subject: int, item: str) -> None:
        """What was said of a meter since ever no longer holds."""
        self._add(
            subject, item, valid_from=BEGIN, valid_to=OPEN, kind="attribute", source="registry",
            data_class="public", version=2,
        )  # fmt: skip

    def event(self, channel: int, kind: str, at: dt.datetime, **registers: int) -> None:
        body = {"type": kind, "at": f"{at.isoformat()}Z", "final": None, "first": None} | registers
        self.tell(channel, f"channel.event.{at.isoformat()}Z", json.dumps(body), at.date())

    def own(self, channel: int, parameter: str, text: str, start: dt.date = BEGIN) -> None:
        self.tell(channel, f"channel.flag.{parameter}", text, start)


def meter_id(number: int) -> str:
    return id_text(10_000 + number)


def one(**channel: Any) -> Meters:
    """One enterprise with one meter of one channel."""
    made = Meters()
    made.area(900, "33")
    made.enterprise(1, "3011", "33")
    made.meter(1, 1)
    made.channel(1, **channel)
    return made


Rows = list[tuple[int, dt.datetime, int]]


def registers(channel: int, first: dt.datetime, values: list[int | None]) -> Rows:
    """A reading every quarter-hour; None: it never arrived."""
    return [(channel, first + n * QUARTER, v) for n, v in enumerate(values) if v is not None]


def known(rows: Rows, length: dt.timedelta = dt.timedelta(), **more: Any) -> pa.Table:
    """Readings as known, stamped a minute after they end."""
    minute = dt.timedelta(minutes=1)
    made = [
        {
            "channel": channel, "start_utc": start, "end_utc": start + length, "value": value,
            "stamp": int((start + length + minute).replace(tzinfo=dt.UTC).timestamp() * 1e6),
            "contested": False,
        } | more
        for channel, start, value in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(made, schema=KNOWN)


class Derived:
    """Intervals, days and months of some readings, in memory."""

    def __init__(
        self, meters: Region, readings: pa.Table, first: dt.date = FIRST, days_n: int = 30
    ) -> None:
        self.con = meters.connection()
        self.con.register("readings", readings)
        self.channels = channels.channels(self.con)
        end = first + dt.timedelta(days=days_n)
        parameters.build(self.con, first, end)
        query = intervals.sql_of(self.con, "readings")
        self.con.execute(f"CREATE TEMP TABLE spans AS {query}")
        days.build(self.con, "spans", first, end, 7)
        months.build(self.con)

    def table(self, name: str, order: str = "ALL") -> list[dict[str, Any]]:
        return self.con.sql(f"FROM {name} ORDER BY {order}").to_arrow_table().to_pylist()

    def spans(self, channel: int = 1) -> list[tuple[dt.datetime, int, set[str]]]:
        """(end, count, flags) of a channel's intervals, in order."""
        rows = self.table(f"(FROM spans WHERE channel = {channel})", "start_utc, end_utc")
        return [(r["end_utc"], r["count"], flag_names(r["flags"])) for r in rows]

    def days(self, channel: int = 1, column: str = "milli") -> dict[str, Any]:
        rows = self.table(f"(FROM days WHERE channel = {channel})", "day")
        return {f"{r['day']:%m-%d}": r[column] for r in rows}

    def months(self, column: str = "value") -> dict[tuple[int, str, str], Any]:
        rows = self.table("metered", "subject, item, month")
        return {(r["subject"], r["item"], f"{r['month']:%Y-%m}"): r[column] for r in rows}


def flag_names(bits: int) -> set[str]:
    return {f.flag for f in flags_of(bits)}


def bit(name: str) -> int:
    return flags()[name].mask


def connection(meters: Region) -> duckdb.DuckDBPyConnection:
    return meters.connection()
