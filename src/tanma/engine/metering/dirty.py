"""Which days must be derived again: those that a new reading, event or parameter can have touched.

An amount of a register reaches from reading to reading, and a level holds until the next one, so a
new reading touches every local day from the reading before it to the one after it. Tables:
`dirty_spans` (channel, first_utc, last_utc, end_utc, cause), `dirty_days` (channel, day, since_utc,
cause), where cause is a number: 1 readings, 2 event, 3 parameter; the greater one is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb

from tanma.engine.metering.channels import id_text
from tanma.lake import known as lake
from tanma.lake import sql
from tanma.lake.days import day_bounds
from tanma.lake.facts import Pinned
from tanma.lake.held import Held

READINGS, EVENT, PARAMETER = 1, 2, 3
_EVER = (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC))
_NEAR = dt.timedelta(days=2)
_TELLING = ("item", "kind", "unit", "scale", "meter", "zone", "interval_s", "multiplier", "digits",
            "rated", "profile")  # fmt: skip
"""Attributes of a channel that its days depend on, beside `channel.flag.*`."""


def find(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, facts: Pinned,
    after: tuple[int, int], upto: tuple[int, int], lifted: Sequence[Held] = (),
) -> int:  # fmt: skip
    """Make the tables from what came in (after, upto], stamps of readings and of facts.

    `lifted`: files that were damaged and are no more; what they could touch is dirty too.
    Needs `metering_channels` of the connection. Returns how many days are dirty.
    """
    lake.dirty(con, snapshot, after[0], upto[0], "dirty_readings")
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dirty_spans AS
        SELECT channel, first_utc, last_utc, end_utc, {READINGS} AS cause FROM dirty_readings"""
    )
    _facts(con, snapshot, facts, (after[1], upto[1]), upto[0])
    _spans_of(con, lifted)
    _reached(con, snapshot, upto[0])
    return int(con.execute("SELECT count(*) FROM dirty_days").fetchall()[0][0])


def held_days(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, held: Sequence[Held], known_at: int
) -> None:
    """Table `held_days`: the days that the readings of damaged files could touch.

    The same rule as for new readings, so what is held and what is derived once the file is back
    are the same days; those of channels computed from them wait too (`call_parts`). The snapshot
    is one without the files.
    """
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dirty_spans (channel BIGINT, first_utc TIMESTAMP,
           last_utc TIMESTAMP, end_utc TIMESTAMP, cause INTEGER)"""
    )
    _spans_of(con, held)
    _reached(con, snapshot, known_at)
    con.execute(
        """CREATE OR REPLACE TEMP TABLE held_days AS SELECT channel, day FROM dirty_days
        UNION SELECT virtual, day FROM dirty_days JOIN call_parts USING (channel)"""
    )


def _spans_of(con: duckdb.DuckDBPyConnection, files: Sequence[Held]) -> None:
    for one in files:
        con.execute(
            f"""INSERT INTO dirty_spans
            SELECT channel, make_timestamp({one.first_us}), make_timestamp({one.last_us}),
                   make_timestamp({one.last_us}), {READINGS}
            FROM metering_channels WHERE channel >= {one.low} AND channel < {one.high}"""
        )


def _reached(con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, known_at: int) -> None:
    con.execute(
        """DELETE FROM dirty_spans WHERE channel NOT IN (SELECT channel FROM metering_channels
           WHERE problem IS NULL AND formula IS NULL)"""
    )
    _neighbours(con, snapshot, known_at)
    _days(con)


def _facts(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, facts: Pinned,
    stamps: tuple[int, int], known_at: int,
) -> None:  # fmt: skip
    """Add what events and parameters touch; versions that were withdrawn count like new ones."""
    telling = ", ".join(f"'channel.{name}'" for name in _TELLING)
    rows = sql.scan(facts.files) if facts.files else "metering_spans"
    inside = f"stamp > {stamps[0]} AND stamp <= {stamps[1]}" if facts.files else "false"
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE new_facts AS
        SELECT subject AS channel, item, valid_from, valid_to FROM {rows} WHERE {inside}
        AND (item IN ({telling}) OR starts_with(item, 'channel.flag.')
             OR starts_with(item, 'channel.event'))"""
    )
    con.execute(
        f"""INSERT INTO dirty_spans
        SELECT channel, at_utc, at_utc, at_utc, {EVENT}
        FROM (SELECT channel, timezone('UTC', TRY_CAST(substr(item, 15) AS TIMESTAMPTZ)) AS at_utc
              FROM new_facts WHERE starts_with(item, 'channel.event.'))
        WHERE at_utc IS NOT NULL"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE new_formulas AS
        SELECT DISTINCT c.channel AS virtual, c.formula IS NULL AS withdrawn, s.valid_from,
               s.valid_to
        FROM metering_channels c JOIN {rows} s ON c.meter = {id_text("s.subject")}
        WHERE {inside} AND s.item = 'meter.formula'"""
    )
    # a meter that is no longer virtual has the readings it may have had all along
    con.execute(
        """INSERT INTO new_facts SELECT virtual, 'meter.formula', valid_from, valid_to
           FROM new_formulas WHERE withdrawn"""
    )
    changed = "SELECT DISTINCT channel FROM new_facts WHERE NOT starts_with(item, 'channel.event')"
    touched = [c for (c,) in con.execute(changed).fetchall()]
    if touched:
        span = lake.Span(*_EVER, touched)
        lake.known(con, snapshot, span, known_at, "readings_of_changed", stamps=False)
        # a day more on either side, because facts name local days
        con.execute(
            f"""INSERT INTO dirty_spans
            SELECT r.channel, min(start_utc), max(start_utc), max(end_utc), {PARAMETER}
            FROM readings_of_changed r SEMI JOIN new_facts f ON f.channel = r.channel
                 AND NOT starts_with(item, 'channel.event')
                 AND r.start_utc >= f.valid_from::TIMESTAMP - INTERVAL 1 DAY
                 AND (f.valid_to > DATE '9000-01-01'
                      OR r.start_utc < f.valid_to::TIMESTAMP + INTERVAL 1 DAY)
            GROUP BY r.channel, r.start_utc::DATE"""
        )


def _neighbours(con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, known_at: int) -> None:
    """Stretch the spans of registers and levels to the readings before and after them.

    Nearly all neighbours lie within two days; only the others are looked for everywhere.
    """
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dirty_reach AS
        SELECT s.*, row_number() OVER () AS span, c.kind = 'interval' AS stays,
               NULL::TIMESTAMP AS before_utc, NULL::TIMESTAMP AS after_utc
        FROM dirty_spans s JOIN metering_channels c USING (channel)"""
    )
    for reach in (_NEAR, None):
        lacking = con.execute(
            """SELECT array_agg(DISTINCT channel), min(first_utc), max(end_utc) FROM dirty_reach
               WHERE NOT stays AND (before_utc IS NULL OR after_utc IS NULL)"""
        ).fetchall()[0]
        if not lacking[0]:
            return
        span = lake.Span(*_reach(lacking[1], lacking[2], reach), lacking[0])
        lake.known(con, snapshot, span, known_at, "readings_beside", stamps=False)
        _stretch(con)


def _reach(
    first: dt.datetime, last: dt.datetime, reach: dt.timedelta | None
) -> tuple[dt.datetime, dt.datetime]:
    if reach is None:
        return _EVER
    return (first - reach).replace(tzinfo=dt.UTC), (last + reach).replace(tzinfo=dt.UTC)


def _stretch(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "CREATE OR REPLACE TEMP TABLE beside AS SELECT channel, start_utc FROM readings_beside"
    )
    for column, edge, sign in (
        ("before_utc", "first_utc", ">"),
        ("after_utc", "greatest(last_utc, end_utc)", "<"),
    ):
        con.execute(
            f"""UPDATE dirty_reach SET {column} = found.at FROM (
                SELECT r.span, b.start_utc AS at FROM dirty_reach r
                ASOF JOIN beside b ON r.channel = b.channel AND {edge} {sign} b.start_utc
                WHERE NOT stays AND {column} IS NULL) found
            WHERE dirty_reach.span = found.span"""
        )


def _days(con: duckdb.DuckDBPyConnection) -> None:
    """The local days between the ends of each stretched span; without a neighbour, to its edge."""
    first, last = con.execute(
        """SELECT CAST(min(coalesce(before_utc, first_utc)) AS DATE),
                  CAST(max(greatest(after_utc, last_utc, end_utc)) AS DATE) FROM dirty_reach"""
    ).fetchall()[0]
    beside = dt.timedelta(days=2)
    span = (first - beside, last + beside) if first else (dt.date(2000, 1, 1), dt.date(2000, 1, 2))
    zones = [z for (z,) in con.execute("SELECT DISTINCT zone FROM metering_channels").fetchall()]
    con.register("dirty_calendar", day_bounds(zones, *span))
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dirty_days AS
        SELECT r.channel, d.day, min(r.first_utc) AS since_utc, max(r.cause) AS cause
        FROM dirty_reach r JOIN metering_channels c USING (channel)
             JOIN dirty_calendar d ON d.zone = c.zone
                  AND d.to_utc > coalesce(before_utc, first_utc)
                  AND d.from_utc <= greatest(coalesce(after_utc, last_utc), last_utc, end_utc)
        GROUP BY r.channel, d.day"""
    )
