"""What the lake and the facts say of some channels: curves, days, freshness.

Amounts come from the same derivation as totals (engine.metering), so a curve, its table and the
day that is published later cannot disagree. Nothing is written here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from django.conf import settings

from tanma.apps.facts import door as facts
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.domain import quality
from tanma.engine.metering import bucket, days, summed, virtual
from tanma.engine.metering.bucket import Meters
from tanma.lake.derived import ActivityDays
from tanma.lake.held import sound

LEVELS = ("gauge", "state")
_FACT = pa.schema(
    [
        ("subject", pa.int64()), ("item", pa.string()), ("kind", pa.string()),
        ("text", pa.string()), ("valid_from", pa.date32()), ("valid_to", pa.date32()),
        ("revision", pa.int64()), ("stamp", pa.int64()), ("seq", pa.int64()),
    ]
)  # fmt: skip
_DAYS_READ = 62
"""Days that are derived from readings at most; longer spans read what is kept by day."""


def lake() -> Path:
    return settings.TANMA.lake


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own for one answer."""
    con = bucket.connection("512MB", 2)
    try:
        yield con
    finally:
        con.close()


def of_facts(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel],
    known_at: int | None = None,
) -> Meters:  # fmt: skip
    """What the facts of some channels, their meters and owners say, for the engine."""
    names = {c.meter for c in channels}
    own = metering.Meter.objects.filter(name__in=names)
    subjects = {c.id for c in channels} | set(own.values_list("id", flat=True))
    subjects |= {c.subject for c in channels}
    rows = facts.Fact.objects.filter(subject__in=subjects, kind="attribute")
    current = facts.current(list(rows), known_at)
    columns = [[getattr(f, name) for f in current] for name in _FACT.names]
    con.register("facts_here", pa.table(columns, schema=_FACT))
    return bucket.of_facts(con, "facts_here")


def derive(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel], first: dt.date,
    end: dt.date, known_at: int | None = None,
) -> set[int]:  # fmt: skip
    """Tables `intervals` and `days` of channels for local days [first, end), as known at a time.

    None: as known now.

    Of a virtual channel those of its parts are derived too, and `metering_terms` says how it adds
    them up; the numbers of such channels come back.
    """
    snapshot = sound(lake())
    firms = {c.subject for c in channels}
    channels_there = registry.Channel.objects.filter(subject__in=firms)
    meters = of_facts(con, list(channels_there), known_at)
    expanded, _wrong = virtual.of_meters(meters.channels, meters.names())
    sums = {c.id: expanded[c.id] for c in channels if c.id in expanded}
    wanted = {c.id for c in channels}.union(*sums.values())
    wanted = virtual.with_parts(meters.channels, wanted)
    span = bucket.Span(first, end, snapshot.watermark if known_at is None else known_at)
    bucket.derive(con, snapshot, meters.only(sorted(wanted)), span, calls=True)
    virtual.terms(con, sums)
    if sums:
        summed.extend(con)
        virtual.days(con, "days", span.known_at)
        con.execute("INSERT INTO days BY NAME FROM virtual_days")
    return set(sums)


def parts(con: duckdb.DuckDBPyConnection) -> dict[int, list[int]]:
    """Virtual channel → the channels that it adds up, of those derived last."""
    found: dict[int, list[int]] = {}
    for v, part in con.execute("SELECT virtual, channel FROM metering_terms").fetchall():
        found.setdefault(v, []).append(part)
    return found


_SUBSTITUTED = quality.flags()["substituted"].mask
_USED = "channel, start_utc, end_utc, count, measured, flags, multiplier_milli"


def _use(con: duckdb.DuckDBPyConnection, sums: Collection[int]) -> None:
    """Table `used` in columns _USED: what totals take of each interval, beside what was measured.

    No count: a declared method left it out. Virtual channels add up what is taken of their parts.
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE used AS
        WITH placed AS (
            SELECT i.channel, i.start_utc, i.end_utc, i.count, i.flags, p.kind, p.replaced,
                   coalesce(p.method, 'none') AS method, p.profile, p.shifted, p.multiplier_milli
            FROM intervals i JOIN metering_params p ON p.channel = i.channel
                 AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc)
        SELECT channel, start_utc, end_utc, count AS measured, flags, multiplier_milli,
               CASE WHEN kind IN ('gauge', 'state') THEN count ELSE taken END AS count
        FROM ({days.used_sql("placed", "metering")})"""
    )
    differs = "SELECT count(*) FROM used WHERE count IS DISTINCT FROM measured"
    if not sums or not con.execute(differs).fetchall()[0][0]:
        return
    # computed once more from what is taken; a piece that has lost a part keeps what was measured
    own = f"channel IN ({', '.join(map(str, sorted(sums)))})"
    con.execute(f"CREATE OR REPLACE TEMP TABLE used_parts AS FROM used WHERE NOT {own}")
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE used_sums AS
        SELECT channel, start_utc, end_utc, v.count, m.measured,
               coalesce(v.flags, m.flags | {_SUBSTITUTED}) AS flags, 1 AS multiplier_milli
        FROM (SELECT virtual AS channel, * FROM ({summed.pieces("used_parts")})) v
        FULL JOIN (FROM used WHERE {own}) m USING (channel, start_utc, end_utc)"""
    )
    con.execute(f"DELETE FROM used WHERE {own}")
    con.execute(f"INSERT INTO used BY NAME SELECT {_USED} FROM used_sums")


def _values(begin: dt.datetime, end: dt.datetime) -> str:
    """SQL of points (channel, at_us, until_us, value, measured, amount, flags) in [begin, end).

    Amounts are in the channel's unit with its multiplier; the value of an amount is its rate per
    hour, so that intervals of any length compare; of a level it is the level itself. `measured` is
    the same of what the meter said.
    """
    low, high = _naive(begin), _naive(end)
    hours = "(nullif(epoch_us(u.end_utc) - epoch_us(u.start_utc), 0) / 3.6e9)"
    level = "c.kind IN ('gauge', 'state')"
    return f"""
        SELECT u.channel, epoch_us(u.start_utc) AS at_us, epoch_us(u.end_utc) AS until_us,
            CASE WHEN {level} THEN said ELSE said / {hours} END AS value,
            CASE WHEN {level} THEN read ELSE read / {hours} END AS measured,
            CASE WHEN NOT {level} THEN said END AS amount,
            CASE WHEN NOT {level} THEN read END AS measured_amount, u.flags
        FROM used u JOIN metering_channels c USING (channel),
        LATERAL (SELECT u.count * (multiplier_milli / 1e3) / power(1e1, c.scale) AS said,
                        u.measured * (multiplier_milli / 1e3) / power(1e1, c.scale) AS read)
        WHERE u.start_utc < {high} AND u.end_utc > {low}
              AND (u.count IS NOT NULL OR u.measured IS NOT NULL)"""


def points(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel], begin: dt.datetime,
    end: dt.datetime, local_days: tuple[dt.date, dt.date],
) -> None:  # fmt: skip
    """Tables `intervals`, `days` and `points`, virtual channels with them, in [begin, end)."""
    _use(con, derive(con, channels, *local_days))
    con.execute(f"CREATE OR REPLACE TEMP TABLE points AS {_values(begin, end)}")


def _naive(moment: dt.datetime) -> str:
    return f"TIMESTAMP '{moment.astimezone(dt.UTC).replace(tzinfo=None)}'"


def days_of(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel], first: dt.date,
    end: dt.date,
) -> None:  # fmt: skip
    """Table `days` in the lake's columns: derived here for short spans, as kept for long ones."""
    if (end - first).days <= _DAYS_READ:
        derive(con, channels, first, end)
        return
    keep_days(con, first, end, {c.id for c in channels})


def keep_days(
    con: duckdb.DuckDBPyConnection, first: dt.date, end: dt.date, numbers: Iterable[int] | None
) -> None:
    """Table `days` from what was derived before, of some channels (None: all)."""
    ActivityDays(lake()).view(con, months(first, end), "all_days_kept")
    where = f"day >= DATE '{first}' AND day < DATE '{end}'"
    if numbers is not None:
        con.register("numbers_here", pa.table({"channel": pa.array(sorted(numbers), pa.int64())}))
        where += " AND channel IN (SELECT channel FROM numbers_here)"
    con.execute(f"CREATE OR REPLACE TEMP TABLE days AS FROM all_days_kept WHERE {where}")


def months(first: dt.date, end: dt.date) -> list[str]:
    """The months that days [first, end) lie in."""
    found, day = [], first.replace(day=1)
    while day < end:
        found.append(f"{day:%Y-%m}")
        day = (day + dt.timedelta(days=32)).replace(day=1)
    return found


@dataclass(frozen=True)
class Fresh:
    """The newest reading of a channel; `state` is fresh, late, silent or none."""

    state: str
    at: dt.datetime | None = None
    value: float | None = None
    age_s: float | None = None


NEVER = Fresh("none")


def freshness(
    channels: Sequence[registry.Channel], now: dt.datetime | None = None
) -> dict[int, Fresh]:
    """Channel → its newest reading and whether it is as new as it should be."""
    if not channels:
        return {}
    moment = now or dt.datetime.now(dt.UTC)
    newest = metering.newest(channels, moment - dt.timedelta(days=2))
    older = _older([c for c in channels if c.id not in newest], moment)
    found = {}
    for c in channels:
        if (n := newest.get(c.id)) is not None:
            found[c.id] = _fresh(c, n.at, n.count, moment)
        else:
            found[c.id] = _fresh(c, *older[c.id], moment) if c.id in older else NEVER
    return found


def _fresh(c: registry.Channel, at: dt.datetime, value: int | None, now: dt.datetime) -> Fresh:
    age = (now - at).total_seconds()
    return Fresh(metering.state_of(c, age), at, None if value is None else value / 10**c.scale, age)


def _older(
    channels: Sequence[registry.Channel], now: dt.datetime
) -> dict[int, tuple[dt.datetime, int | None]]:
    """Newest readings of days that were derived before, for channels silent for long."""
    if not channels:
        return {}
    with engine() as con:
        keep_days(con, (now - dt.timedelta(days=60)).date(), now.date(), {c.id for c in channels})
        rows = con.execute(
            "SELECT channel, max(epoch_us(last_utc)), arg_max(last_value, last_utc) FROM days"
            " WHERE last_utc IS NOT NULL GROUP BY channel"
        ).fetchall()
    return {c: (dt.datetime.fromtimestamp(at / 1e6, dt.UTC), v) for c, at, v in rows}
