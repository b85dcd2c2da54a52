"""Deriving again exactly what changed: new readings, events and parameters since the last time.

The marks (readings and facts stamped up to which the days are true) lie in the commit that adds the
days. Restatements are written first, with the marks they will lead to: killed in between, the next
refresh finds them ahead, derives to the same marks, and does not write them again.

A damaged file of readings costs the days that its readings could touch: they are left out, noted in
`held.json` before the commit, and derived once the file is restored or set aside. A damaged file of
days is laid apart, and its days are derived again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.engine.metering import bucket as buckets
from tanma.engine.metering import dirty, virtual
from tanma.engine.metering.bucket import Meters, Span
from tanma.lake import held
from tanma.lake import known as lake
from tanma.lake.check import needed_by_all
from tanma.lake.delta import sole_writer
from tanma.lake.derived import DAY, RESTATEMENT, ActivityDays, Restatements
from tanma.lake.facts import FactsMirror
from tanma.lake.held import Held, search
from tanma.lake.settle import Settler
from tanma.lake.status import DERIVED_UPTO

STAMP, FACTS, LIFTS = DERIVED_UPTO, "derived.facts", "derived.lifts"
CHANNEL_DAYS = 40_000
"""Channel-days derived at a time: about 4 million readings of quarter-hours."""
_CONTENT = [f.name for f in DAY if f.name not in ("channel", "day", "derived")]
_CAUSES = {dirty.EVENT: "event", dirty.PARAMETER: "parameter"}


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did: days looked at, days that changed, restatements, and its stamps.

    `held`: damaged files for which days wait, `held_days` so many; `found` are seen first now.
    """

    dirty: int
    changed: int
    restated: int
    known_at: int
    facts_at: int
    held: tuple[Held, ...] = ()
    held_days: int = 0
    found: tuple[Held, ...] = ()


@dataclass(frozen=True)
class _Marks:
    """Stamps of readings and facts, and how often days that had to wait were taken in again."""

    stamp: int
    facts: int
    lifts: int

    @classmethod
    def of(cls, table: ActivityDays | Restatements) -> _Marks:
        return cls(table.mark(STAMP), table.mark(FACTS), table.mark(LIFTS))

    def as_marks(self) -> dict[str, int]:
        return {STAMP: self.stamp, FACTS: self.facts, LIFTS: self.lifts}

    def beyond(self, other: _Marks) -> bool:
        return any(mine > theirs for mine, theirs in zip(self.all, other.all, strict=True))

    @property
    def all(self) -> tuple[int, int, int]:
        return self.stamp, self.facts, self.lifts


@dataclass(frozen=True)
class _Plan:
    """From where to where, with the files that are left out and those that are taken in again."""

    at: _Marks
    target: _Marks
    told: bool
    skipped: tuple[Held, ...]
    lifted: tuple[Held, ...]


def refresh(root: Path, upto: int | None = None, *, memory: str = "1GB") -> Refreshed:
    """Bring `activity_day` up to the watermarks of readings and facts, or to the stamp `upto`.

    Needs sealed readings and synced facts. Run again it does nothing; killed it goes on.
    """
    found: list[Held] = []
    with sole_writer(root / "refresh.lock"):
        if held.returned(root):
            Settler(root).settle()
        while True:
            try:
                return replace(_refresh(root, upto, memory), found=tuple(found))
            except (duckdb.Error, OSError, pa.ArrowException) as error:
                if isinstance(error, duckdb.OutOfMemoryException):
                    raise
                if not (new := search(root)):
                    raise _named(root, error) from error
                found += new


def _named(root: Path, error: Exception) -> Exception:
    """The damaged file that stops everything, or the error as it is: a full disk, say."""
    damage = needed_by_all(root)
    return damage.problem if damage else error


def _refresh(root: Path, upto: int | None, memory: str) -> Refreshed:
    held.give_up_days(root)
    days, notes = ActivityDays(root), Restatements(root)
    looked, mirror = held.look(root), FactsMirror(root)
    snapshot = lake.Snapshot(root)
    waiting = held.since(root, looked)  # settling may have left a file out in between
    snapshot.leave_out({one.file for one in waiting if one.damaged})
    plan = _plan(_Marks.of(days), _Marks.of(notes), waiting, _watermarks(snapshot, mirror, upto))
    at, target = plan.at, plan.target
    if not target.beyond(at):
        return Refreshed(0, 0, 0, at.stamp, at.facts, plan.skipped, held.noted(root)[1])
    known = buckets.meters(root, target.facts, memory)
    with buckets.connection(memory) as con:
        con.execute("SET preserve_insertion_order = true")
        looked_at, left_out = _derive(con, snapshot, mirror, known, days, plan)
        restatements = _restatements(con, snapshot, at, target)
        if any(one.table == held.DAYS for one in plan.lifted):
            restatements = _untold(con, notes, restatements)
        changed = con.sql(f"SELECT {_columns()} FROM changed_days ORDER BY channel, day")
        table = changed.to_arrow_table().cast(DAY)
    if not plan.told:
        held.hold(root, plan.skipped, plan.lifted, target.all, left_out)
        notes.append(restatements, target.as_marks())
    days.put(table, target.as_marks())
    held.forget(root, plan.lifted)
    return Refreshed(
        looked_at, table.num_rows, restatements.num_rows, target.stamp, target.facts,
        plan.skipped, left_out,
    )  # fmt: skip


def _watermarks(snapshot: lake.Snapshot, mirror: FactsMirror, upto: int | None) -> tuple[int, int]:
    if upto is not None and upto > snapshot.watermark:
        raise Problem("metering_known_too_late", asked=upto, watermark=snapshot.watermark)
    return snapshot.watermark if upto is None else upto, mirror.watermark


def _plan(at: _Marks, ahead: _Marks, waiting: Sequence[Held], watermarks: tuple[int, int]) -> _Plan:
    """What to do; after a kill between restatements and days, exactly what was begun."""
    if ahead.beyond(at):
        mine = [one for one in waiting if one.attempt == ahead.all]
        skipped = tuple(one for one in mine if one.skipped)
        for one in waiting:
            # its days were restated already: without it they would come out otherwise
            if one.damaged and one not in skipped:
                raise one.problem
        return _Plan(at, ahead, True, skipped, tuple(one for one in mine if not one.skipped))
    skipped = tuple(one for one in waiting if one.damaged)
    lifted = tuple(one for one in waiting if not one.damaged)
    stamp, facts = watermarks
    target = _Marks(max(stamp, at.stamp), max(facts, at.facts), at.lifts + bool(lifted))
    return _Plan(at, target, False, skipped, lifted)


def _derive(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, mirror: FactsMirror, known: Meters,
    days: ActivityDays, plan: _Plan,
) -> tuple[int, int]:  # fmt: skip
    """Table `changed_days`: the days that came out otherwise; how many were looked at, and held."""
    target = plan.target
    known.install(con)
    virtual.call_parts(con, known.channels)
    pinned = mirror.pin()
    dirty.held_days(con, snapshot, plan.skipped, target.stamp)
    after, upto = ((m.stamp, m.facts) for m in (plan.at, target))
    dirty.find(con, snapshot, pinned, after, upto, plan.lifted)
    _formulas(con, known, days, plan.lifted)
    left_out = _leave_out(con)
    looked_at = int(con.execute("SELECT count(*) FROM dirty_days").fetchall()[0][0])
    months = con.execute("SELECT DISTINCT strftime(day, '%Y-%m') FROM dirty_days").fetchall()
    days.view(con, [m for (m,) in months] or [], "days_before")
    con.execute("CREATE OR REPLACE TEMP TABLE fresh_days AS SELECT * FROM days_before LIMIT 0")
    for first, end, channels in list(_groups(con)):
        _derive_group(snapshot, known, Span(first, end, target.stamp), channels, con)
    # groups may overlap where they were merged; a day derived twice is the same row twice
    con.execute("CREATE OR REPLACE TEMP TABLE fresh_days AS SELECT DISTINCT * FROM fresh_days")
    _vanished(con, target.stamp)
    _keep_changed(con)
    _virtual(con, known, days, target)
    return looked_at, left_out


def _leave_out(con: duckdb.DuckDBPyConnection) -> int:
    """Take held days from the dirty ones; how many are held."""
    con.execute(
        "DELETE FROM dirty_days WHERE (channel, day) IN (SELECT (channel, day) FROM held_days)"
    )
    return int(con.execute("SELECT count(*) FROM held_days").fetchall()[0][0])


def _formulas(
    con: duckdb.DuckDBPyConnection, known: Meters, days: ActivityDays, lifted: Sequence[Held]
) -> None:
    """Table `new_virtual` (channel): whose formula is new, whose days were lost, or that stand on
    such; and the dirty days of computed channels: those of their parts, and all of those.
    """
    changed = {c for (c,) in con.execute("SELECT virtual FROM new_formulas").fetchall()}
    for one in lifted:
        if one.table == held.DAYS:
            changed |= {c for c in known.virtual() if one.low <= c < one.high}
    if changed:
        met = virtual.reached(known.channels, known.names())
        changed |= {channel for channel, below in met.items() if below & changed}
    con.register("given", pa.table({"channel": pa.array(sorted(changed), pa.int64())}))
    con.execute("CREATE OR REPLACE TEMP TABLE new_virtual AS FROM given")
    con.unregister("given")
    days.view(con, None if changed else [], "days_ever")
    con.execute(
        f"""INSERT INTO dirty_days BY NAME
        SELECT virtual AS channel, day, min(since_utc) AS since_utc, max(cause) AS cause FROM (
            SELECT p.virtual, d.day, since_utc, cause FROM dirty_days d JOIN call_parts p
            USING (channel)
            UNION ALL
            SELECT p.virtual, e.day, NULL, {dirty.PARAMETER} FROM days_ever e JOIN call_parts p
            USING (channel) WHERE p.amount AND p.virtual IN (FROM new_virtual))
        GROUP BY ALL"""
    )


def _groups(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[dt.date, dt.date, list[int]]]:
    """(first day, end day, channels): channels whose dirty days of a month lie close together."""
    rows = con.execute(
        """SELECT first_day, last_day, array_agg(channel ORDER BY channel) FROM (
               SELECT channel, min(day) AS first_day, max(day) AS last_day FROM dirty_days
               GROUP BY channel, date_trunc('month', day))
           GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    for first, last, channels in _merged(rows):
        size = max(1, CHANNEL_DAYS // ((last - first).days + 1))
        for start in range(0, len(channels), size):
            yield first, last + dt.timedelta(days=1), channels[start : start + size]


_Group = tuple[dt.date, dt.date, list[int]]


def _merged(groups: list[_Group]) -> list[_Group]:
    """Small groups together, as long as what they derive for nothing costs less than a query."""
    merged: list[_Group] = []
    for first, last, channels in groups:
        if merged:
            from_day, to_day, before = merged[-1]
            ends = max(last, to_day)
            together = sorted({*before, *channels})
            if len(together) * ((ends - from_day).days + 1) <= CHANNEL_DAYS:
                merged[-1] = (from_day, ends, together)
                continue
        merged.append((first, last, channels))
    return merged


def _derive_group(
    snapshot: lake.Snapshot, known: Meters, span: Span, channels: list[int],
    con: duckdb.DuckDBPyConnection,
) -> None:  # fmt: skip
    wanted = virtual.with_parts(known.channels, channels)
    some = known.only(sorted(wanted))
    with buckets.beside(con) as own:
        buckets.derive(own, snapshot, some, span, calls=True)
        found = own.sql("FROM days").to_arrow_table()
    con.register("derived_here", found)
    con.execute(
        f"""INSERT INTO fresh_days BY NAME SELECT {_zoned()} FROM derived_here
        SEMI JOIN dirty_days USING (channel, day)"""
    )
    con.unregister("derived_here")


def _zoned() -> str:
    return ", ".join(
        "timezone('UTC', last_utc) AS last_utc" if f.name == "last_utc" else f.name for f in DAY
    )


def _columns() -> str:
    return ", ".join(DAY.names)


def _vanished(con: duckdb.DuckDBPyConnection, derived: int) -> None:
    """A day whose readings were all withdrawn says so: nothing is known of it any more."""
    con.execute(
        f"""INSERT INTO fresh_days BY NAME SELECT {_nothing(derived)} FROM days_before
        SEMI JOIN dirty_days USING (channel, day) ANTI JOIN fresh_days USING (channel, day)"""
    )


def _nothing(derived: int) -> str:
    """Columns of a day of which nothing is known, made of the day as it stood."""
    nothing = {"n": "0", "flagged": "0", "flags": "0", "substituted_milli": "0",
               "spread_milli": "0", "covered_s": "0", "derived": str(derived)}  # fmt: skip
    kept = ("channel", "day", "item", "expected")
    return ", ".join(
        name if name in kept else f"{nothing.get(name, 'NULL')} AS {name}" for name in DAY.names
    )


def _keep_changed(con: duckdb.DuckDBPyConnection) -> None:
    differs = " OR ".join(f"f.{c} IS DISTINCT FROM b.{c}" for c in _CONTENT)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE changed_days AS
        SELECT f.*, d.since_utc, d.cause FROM fresh_days f JOIN dirty_days d USING (channel, day)
             LEFT JOIN days_before b USING (channel, day)
        WHERE b.channel IS NULL OR {differs}"""
    )


def _virtual(
    con: duckdb.DuckDBPyConnection, known: Meters, days: ActivityDays, target: _Marks
) -> None:
    """Add the days of virtual meters that stand on changed days, or whose formula is new."""
    expanded, _ = virtual.of_meters(known.channels, known.names())
    con.execute("CREATE OR REPLACE TEMP TABLE virtual_before AS FROM days_before LIMIT 0")
    virtual.terms(con, expanded)
    some = con.execute("SELECT count(*) FROM new_virtual").fetchall()[0][0]
    if not expanded and not some:
        return
    _virtual_dirty(con, days)
    con.execute("CREATE OR REPLACE TEMP TABLE virtual_days AS FROM fresh_days LIMIT 0")
    _no_longer(con, target.stamp, "channel NOT IN (SELECT virtual FROM metering_terms)")
    con.execute(
        """CREATE OR REPLACE TEMP TABLE days_now AS
        SELECT * EXCLUDE (since_utc, cause) FROM changed_days
        UNION ALL BY NAME SELECT * FROM days_all ANTI JOIN changed_days USING (channel, day)"""
    )
    virtual.days(con, "days_now", target.stamp)
    differs = " OR ".join(f"f.{c} IS DISTINCT FROM b.{c}" for c in _CONTENT)
    con.execute(
        f"""INSERT INTO changed_days BY NAME
        SELECT f.*, d.since_utc, d.cause FROM virtual_days f JOIN virtual_dirty d
               USING (channel, day) LEFT JOIN days_all b USING (channel, day)
        WHERE b.channel IS NULL OR {differs}"""
    )
    _no_longer(con, target.stamp, "channel IN (SELECT virtual FROM metering_terms)")
    con.execute(
        "INSERT INTO virtual_before FROM days_all SEMI JOIN virtual_dirty USING (channel, day)"
    )


def _no_longer(con: duckdb.DuckDBPyConnection, derived: int, which: str) -> None:
    """Days that a formula gave and its successor does not say that nothing is known of them."""
    con.execute(
        f"""INSERT INTO changed_days BY NAME
        SELECT {_nothing(derived)}, since_utc, cause
        FROM days_all JOIN virtual_dirty USING (channel, day)
             ANTI JOIN virtual_days USING (channel, day) ANTI JOIN fresh_days USING (channel, day)
        WHERE (n > 0 OR milli IS NOT NULL) AND {which}"""
    )


def _virtual_dirty(con: duckdb.DuckDBPyConnection, days: ActivityDays) -> None:
    """Tables `virtual_dirty` and `days_all`, the days that they and their parts may have."""
    some = con.execute("SELECT count(*) FROM new_virtual").fetchall()[0][0]
    months = con.execute("SELECT DISTINCT strftime(day, '%Y-%m') FROM changed_days").fetchall()
    days.view(con, None if some else [m for (m,) in months], "days_all")
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE virtual_dirty AS
        SELECT channel, day, min(since_utc) AS since_utc, max(cause) AS cause FROM (
            SELECT t.virtual AS channel, c.day, c.since_utc, c.cause
            FROM changed_days c JOIN metering_terms t USING (channel)
            UNION ALL
            SELECT t.virtual, d.day, NULL, {dirty.PARAMETER} FROM days_all d
            JOIN metering_terms t USING (channel) WHERE t.virtual IN (FROM new_virtual)
            UNION ALL
            SELECT channel, day, NULL, {dirty.PARAMETER} FROM days_all
            SEMI JOIN new_virtual USING (channel))
        GROUP BY ALL"""
    )


def _restatements(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, at: _Marks, target: _Marks
) -> pa.Table:
    """Notes of the days that had an answer and now have another.

    A reading that goes on where the day had ended restates nothing.
    """
    before = """FROM virtual_before UNION ALL
        FROM days_before ANTI JOIN virtual_before USING (channel, day)"""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE restated AS
        SELECT c.channel, c.day, b.milli AS before_milli, c.milli AS after_milli,
               b.flags AS flags_before, c.flags AS flags_after, c.cause
        FROM changed_days c JOIN ({before}) b USING (channel, day)
             JOIN metering_channels h USING (channel)
        WHERE c.cause <> {dirty.READINGS} OR b.last_utc IS NULL
              OR c.since_utc < timezone('UTC', b.last_utc)
              -- a day of a register ends with a reading, any other with the end of an interval
              OR ((h.kind = 'register' OR h.formula IS NOT NULL)
                  AND c.since_utc = timezone('UTC', b.last_utc))"""
    )
    _corrected(con, snapshot, at, target)
    named = " ".join(f"WHEN {number} THEN '{name}'" for number, name in _CAUSES.items())
    query = f"""SELECT r.* REPLACE (CASE cause {named} ELSE CASE WHEN k.channel IS NULL
            THEN 'late' ELSE 'correction' END END AS cause), {target.stamp}::BIGINT AS stamp
        FROM restated r LEFT JOIN corrected k USING (channel, day) ORDER BY r.channel, r.day"""
    return con.sql(query).to_arrow_table().select(RESTATEMENT.names).cast(RESTATEMENT)


def _untold(
    con: duckdb.DuckDBPyConnection, notes: Restatements, restatements: pa.Table
) -> pa.Table:
    """Notes without those that say once more what a lost file of days had been told for."""
    con.register("noted_now", restatements)
    months = con.execute("SELECT DISTINCT strftime(day, '%Y-%m') FROM noted_now").fetchall()
    notes.view(con, [m for (m,) in months], name="noted_before")
    told = con.sql(
        """SELECT n.* FROM noted_now n ANTI JOIN (
               SELECT channel, day, arg_max(after_milli, stamp) AS after_milli,
                      arg_max(flags_after, stamp) AS flags_after
               FROM noted_before GROUP BY channel, day) b
           ON n.channel = b.channel AND n.day = b.day AND n.flags_after = b.flags_after
              AND n.after_milli IS NOT DISTINCT FROM b.after_milli
           ORDER BY n.channel, n.day"""
    )
    return told.to_arrow_table().cast(RESTATEMENT)


def _corrected(
    con: duckdb.DuckDBPyConnection, snapshot: lake.Snapshot, at: _Marks, target: _Marks
) -> None:
    """Table `corrected` (channel, day): restated days of which an earlier reading was changed."""
    empty = "CREATE OR REPLACE TEMP TABLE corrected AS SELECT 0::BIGINT AS channel,"
    con.execute(f"{empty} DATE '2000-01-01' AS day WHERE false")
    channels, first, last = con.execute(
        f"""SELECT array_agg(DISTINCT channel), min(day), max(day) FROM restated
            WHERE cause = {dirty.READINGS}"""
    ).fetchall()[0]
    if not channels:
        return
    edges = (dt.datetime.combine(d, dt.time(), dt.UTC) for d in (first, last))
    begin, end = (edge + dt.timedelta(days=n) for edge, n in zip(edges, (-2, 3), strict=True))
    for name, stamp in (("read_before", at.stamp), ("read_now", target.stamp)):
        lake.known(con, snapshot, lake.Span(begin, end, channels), stamp, name, stamps=False)
    con.execute(
        """INSERT INTO corrected
        SELECT DISTINCT r.channel, r.day FROM read_before b
        LEFT JOIN read_now n USING (channel, start_utc)
        JOIN restated r ON r.channel = b.channel
        JOIN metering_channels c ON c.channel = b.channel
        JOIN dirty_calendar d ON d.zone = c.zone AND d.day = r.day
             AND b.start_utc >= d.from_utc AND b.start_utc <= d.to_utc
        WHERE n.value IS DISTINCT FROM b.value OR n.end_utc IS DISTINCT FROM b.end_utc"""
    )
    con.execute(
        """INSERT INTO corrected SELECT DISTINCT t.virtual, k.day FROM corrected k JOIN (
               SELECT virtual, channel FROM metering_terms
               UNION SELECT virtual, channel FROM call_parts) t USING (channel)"""
    )
