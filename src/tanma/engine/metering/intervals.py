"""From readings to amounts per interval with flags, in one pass over sorted readings.

Registers are differenced, also over their last digit and over events; interval readings are taken
as they are; a gauge or a state holds until its next reading. A flag tells, it never changes an
amount. Convention: docs/design/readings.md §3.

The passes are windows without partition over rows that lie in order of channel and time, which
DuckDB streams; a row that does not lie so is counted in `disorder`, and whoever uses the rows
refuses them. (The same windows with a partition sort again: three times the work.)
"""

from __future__ import annotations

import duckdb

from tanma.domain.quality import flags
from tanma.domain.readings import KINDS
from tanma.engine.metering.parameters import slot

COLUMNS = "channel, start_utc, end_utc, count, flags, value, disorder"
_BITS = {name: flag.mask for name, flag in flags().items()}
_EVENT_BITS = f"""CASE type WHEN 'exchange' THEN {_BITS["swap"]} WHEN 'reset'
                  THEN {_BITS["reset"]} ELSE {_BITS["rollover"]} END"""


def sql_of(
    con: duckdb.DuckDBPyConnection, known: str, name: str = "metering", *, ordered: bool = False,
    checks: bool = True,
) -> str:  # fmt: skip
    """SQL of the intervals of every channel in `<name>_params`, in COLUMNS.

    `known`: channel, start_utc, end_utc (naive UTC), value, stamp, contested (another value was
    received for the instant). `ordered`: it lies in order of channel and start already.
    Without `checks` only gaps, steps backwards, rollovers and events are told.
    """
    kinds = {kind for (kind,) in con.execute(f"SELECT DISTINCT kind FROM {name}_params").fetchall()}
    parts = []
    if "register" in kinds:
        parts.append(_registers(_rows(con, known, name, ("register",), ordered), name, checks))
    if "interval" in kinds:
        parts.append(_amounts(_rows(con, known, name, ("interval",), ordered), name, checks))
    if levels := tuple(k for k in KINDS if k in kinds and k in ("gauge", "state")):
        parts.append(_levels(_rows(con, known, name, levels, ordered), name))
    return "\nUNION ALL\n".join(f"({part})" for part in parts) or _nothing()


def _nothing() -> str:
    return """SELECT 0::BIGINT AS channel, TIMESTAMP '2000-01-01' AS start_utc,
        TIMESTAMP '2000-01-01' AS end_utc, 0::BIGINT AS count, 0::INTEGER AS flags,
        0::BIGINT AS value, 0 AS disorder WHERE false"""


def _rows(
    con: duckdb.DuckDBPyConnection, known: str, name: str, kinds: tuple[str, ...], ordered: bool
) -> str:
    """Readings of channels of some kinds, with pseudo-readings at the events of registers."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    chosen = f"(SELECT DISTINCT channel FROM {name}_params WHERE kind IN ({listed}))"
    others = con.execute(
        f"SELECT count(*) FROM {name}_params WHERE kind NOT IN ({listed})"
    ).fetchall()[0][0]
    some = f"SEMI JOIN {chosen} USING (channel)" if others else ""
    readings = f"""SELECT channel, start_utc, end_utc, value, stamp, contested,
                          0 AS mark, 2 AS place FROM {known} {some}"""
    events = f"FROM {name}_events SEMI JOIN {chosen} USING (channel)"
    happened = con.execute(f"SELECT count(*) {events}").fetchall()[0][0]
    if kinds == ("register",) and happened:
        return f"({readings} UNION ALL {_pseudo(name, events)} ORDER BY channel, start_utc, place)"
    # a join may change the order, so whatever was filtered is sorted again
    sorted_already = ordered and not some
    return f"({readings}{'' if sorted_already else ' ORDER BY channel, start_utc'})"


def _pseudo(name: str, events: str) -> str:
    """The final register of what ended, then the first of what began, both at the event.

    A rollover that somebody reported is the same: it ends at 10^digits and begins at 0.
    """
    full = f"""(SELECT any_value(range_count) FROM {name}_params p
                WHERE p.channel = {name}_events.channel)"""
    columns = "NULL::BIGINT AS stamp, false AS contested"
    return f"""
        SELECT channel, at_utc, at_utc,
               CASE WHEN type = 'rollover' THEN {full} ELSE final END AS value, {columns},
               {_EVENT_BITS} AS mark, 0 AS place {events}
               AND (type = 'rollover' OR final IS NOT NULL)
        UNION ALL
        SELECT channel, at_utc, at_utc,
               CASE WHEN type = 'rollover' THEN 0 ELSE coalesce(first, 0) END, {columns},
               {_EVENT_BITS}, 1 {events}""".replace(
        f"{events}\n               AND", f"{events} WHERE"
    )


_SAME = "lag(channel) OVER () = channel"
_DISORDER = """(CASE WHEN lag(channel) OVER () > channel
    OR (lag(channel) OVER () = channel AND lag(start_utc) OVER () > start_utc)
    THEN 1 ELSE 0 END)"""


def _params_join(name: str, start: str) -> str:
    return f"""JOIN {name}_params p ON p.channel = r.channel
               AND {start} >= p.from_utc AND {start} < p.to_utc"""


def _registers(rows: str, name: str, checks: bool) -> str:
    """Differences modulo 10^digits: the sum over any span is last − first, whatever came between.

    A difference beyond the share of the range that counts as rollover is taken the other way
    round, upwards as downwards, so a register that shows zero for a moment adds nothing.
    """
    stepped = f"""
        SELECT channel, start_utc AS end_utc, value, stamp, contested, mark, place,
               CASE WHEN {_SAME} THEN lag(start_utc) OVER () END AS start_utc,
               CASE WHEN {_SAME} THEN lag(value) OVER () END AS before,
               CASE WHEN {_SAME} THEN lag(mark) OVER () ELSE 0 END AS mark_before,
               {_DISORDER} AS disorder
        FROM {rows}"""
    # garbage near the ends of int64 has no difference; it must not stop a province
    differences = f"SELECT *, TRY(value - before) AS difference FROM ({stepped})"
    difference = "r.difference"
    counted = f"""
        SELECT r.channel, r.start_utc, r.end_utc, r.value, r.stamp, r.contested, r.disorder,
               r.run_began,
               CASE WHEN {difference} < -wrap_at THEN {difference} + range_count
                    WHEN {difference} > wrap_at THEN {difference} - range_count
                    ELSE {difference} END AS count,
               (CASE WHEN abs({difference}) > wrap_at THEN {_BITS["rollover"]} ELSE 0 END)
               | (CASE WHEN r.place = 0 THEN r.mark ELSE 0 END)
               | r.mark_before AS found,
               {_PARAMETERS}
        FROM ({_runs(differences, "difference", checks)}) r {_params_join(name, "r.start_utc")}
        WHERE r.start_utc IS NOT NULL AND r.place <> 1"""
    kept = f"FROM ({counted}) WHERE start_utc < end_utc OR count <> 0"
    return _flagged(kept, name, "end_utc") if checks else _told(kept)


_PARAMETERS = """p.kind, p.shifted, p.gap_us, p.interval_s, p.freeze_s, p.freeze_count,
               p.shift_s, p.clock_s, p.most_per_h, p.profile, p.least_limit"""


def _amounts(rows: str, name: str, checks: bool) -> str:
    """Interval readings; a hole before one, and an overlap with the one before, are marked."""
    before = f"CASE WHEN {_SAME} THEN lag(end_utc) OVER () END"
    hole = "epoch_us(r.start_utc) - epoch_us(r.ended) > gap_us - interval_s::BIGINT * 1000000"
    stepped = f"SELECT *, {before} AS ended, {_DISORDER} AS disorder FROM {rows}"
    counted = f"""
        SELECT r.channel, r.start_utc, r.end_utc, r.value, r.stamp, r.contested, r.disorder,
               r.run_began, r.value AS count,
               (CASE WHEN {hole} THEN {_BITS["gap"]} ELSE 0 END)
               | (CASE WHEN r.start_utc < r.ended THEN {_BITS["clock"]} ELSE 0 END) AS found,
               {_PARAMETERS}
        FROM ({_runs(stepped, "value", checks)}) r {_params_join(name, "r.start_utc")}"""
    kept = f"FROM ({counted})"
    return _flagged(kept, name, "start_utc") if checks else _told(kept)


def _levels(rows: str, name: str) -> str:
    """A level or a state holds until the next reading, at most as long as no gap is seen."""
    following = "CASE WHEN lead(channel) OVER () = channel THEN lead(start_utc) OVER () END"
    over_gap = "epoch_us(r.following) - epoch_us(r.start_utc) > gap_us"
    stepped = f"SELECT *, {following} AS following, {_DISORDER} AS disorder FROM {rows}"
    return f"""
        SELECT r.channel, r.start_utc,
               CASE WHEN {over_gap} OR r.following IS NULL
                    THEN r.start_utc + coalesce(to_seconds(interval_s), INTERVAL 0 SECOND)
                    ELSE r.following END AS end_utc,
               r.value AS count,
               ((CASE WHEN {over_gap} THEN {_BITS["gap"]} ELSE 0 END)
               | (CASE WHEN r.contested THEN {_BITS["duplicate"]} ELSE 0 END)
               | (CASE WHEN epoch_us(r.start_utc) > r.stamp + clock_s * 1000000
                       THEN {_BITS["clock"]} ELSE 0 END)
               | (CASE WHEN r.kind = 'gauge' AND abs(r.value) > most_per_h
                       THEN {_BITS["range"]} ELSE 0 END))::INTEGER AS flags,
               r.value, r.disorder
        FROM (SELECT s.*, {_PARAMETERS} FROM ({stepped}) s
              {_params_join(name, "s.start_utc").replace("r.channel", "s.channel")}) r"""


def _second(column: str) -> str:
    return f"(epoch_us({column}) // 1000000)"


def _told(counted: str) -> str:
    return f"""
        SELECT channel, start_utc, end_utc, count, (found
               | (CASE WHEN epoch_us(end_utc) - epoch_us(start_utc) > gap_us
                       THEN {_BITS["gap"]} ELSE 0 END)
               | (CASE WHEN count < 0 THEN {_BITS["negative"]} ELSE 0 END))::INTEGER AS flags,
               value, disorder {counted}"""


def _runs(rows: str, amount: str, checks: bool) -> str:
    """Rows with `run_began`: the second since which every amount equals the one before it.

    Channel and second stand in one number that never falls, so that a running maximum finds the
    begin. These windows lie below every join: a join may change the order of rows.
    """
    if not checks:
        return f"SELECT *, 0::BIGINT AS run_began FROM ({rows})"
    begins = f"((channel << 32) | {_second('coalesce(start_utc, end_utc)')})"
    return f"""
        SELECT * EXCLUDE (began),
               max(began) OVER (ROWS UNBOUNDED PRECEDING) & {2**32 - 1} AS run_began
        FROM (SELECT *, CASE WHEN {_SAME} AND {amount} = lag({amount}) OVER ()
                             THEN NULL ELSE {begins} END AS began FROM ({rows}))"""


def _flagged(counted: str, name: str, stamped: str) -> str:
    """The default flags of amounts; `stamped` is the instant that the device put on the reading.

    A freeze is counted within the local day, so that a late reading touches its own days only.
    """
    hour = slot("i.start_utc", "i.shifted")
    start, end = _second("start_utc"), _second("end_utc")
    shifted = f"(epoch_us(shifted) // {10**6})"
    midnight = f"(({start} + {shifted}) // 86400 * 86400 - {shifted})"
    timed = f"""
        SELECT *, epoch_us(end_utc) - epoch_us(start_utc) AS lasted_us,
               count * 3.6e9 / nullif(epoch_us(end_utc) - epoch_us(start_utc), 0) AS per_h
        {counted}"""
    return f"""
        SELECT i.channel, i.start_utc, i.end_utc, i.count, (
               found
               | (CASE WHEN lasted_us > gap_us THEN {_BITS["gap"]} ELSE 0 END)
               | (CASE WHEN count < 0 THEN {_BITS["negative"]} ELSE 0 END)
               | (CASE WHEN run_began < {start} AND {end} - run_began >= freeze_s
                       AND {end} - {midnight} >= freeze_s AND count >= freeze_count
                       AND NOT coalesce(lasted_us > gap_us, false)
                       THEN {_BITS["freeze"]} ELSE 0 END)
               | (CASE WHEN per_h > most_per_h THEN {_BITS["range"]} ELSE 0 END)
               | (CASE WHEN per_h > l.most THEN {_BITS["spike"]} ELSE 0 END)
               | (CASE WHEN stamp IS NOT NULL
                       AND ({_second(stamped)} + {shifted}) % interval_s
                       BETWEEN shift_s + 1 AND interval_s - shift_s - 1
                       THEN {_BITS["shift"]} ELSE 0 END)
               | (CASE WHEN contested THEN {_BITS["duplicate"]} ELSE 0 END)
               | (CASE WHEN epoch_us(end_utc) > stamp + clock_s * 1000000
                       THEN {_BITS["clock"]} ELSE 0 END))::INTEGER AS flags,
               i.value, i.disorder
        FROM ({timed}) i LEFT JOIN {name}_limits l ON l.profile = i.profile
             AND l.slot = CASE WHEN i.per_h > i.least_limit THEN {hour} END"""
