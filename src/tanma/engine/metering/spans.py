"""From intervals to amounts between two instants: what a batch used, not what a day used.

An interval that a bound cuts is split by time. Its part up to an instant is the count times the
time that has passed, rounded down, so that spans which meet at an instant add up to the interval
whatever other spans there are; largest remainder would need to know them all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import duckdb
import pyarrow as pa

from tanma.engine.metering.days import used_sql


@dataclass(frozen=True)
class Span:
    """Which channel between which instants; `key` is the caller's."""

    key: int
    channel: int
    begin: dt.datetime
    end: dt.datetime


@dataclass(frozen=True)
class Amount:
    """What a channel counted in a span, in thousandths of its counts times its multiplier.

    `covered_us` of `length_us` are spoken of by readings; `cut` intervals were split by a bound,
    `flags` are those of all. Without any amount `milli` is missing, never zero.
    """

    milli: int | None
    covered_us: int
    length_us: int
    cut: int
    flags: int

    @property
    def whole(self) -> bool:
        return self.milli is not None and self.covered_us >= self.length_us


def amounts(
    con: duckdb.DuckDBPyConnection, wanted: Sequence[Span], name: str = "metering"
) -> dict[tuple[int, int], Amount]:
    """(key, channel) → amount, from the tables `intervals` and `<name>_params` of a derivation.

    Virtual channels of `<name>_terms` are told from their parts, which need not be among the spans.
    """
    terms = _terms(con, name)
    real = [part for span in wanted for part in _parts(span, terms)]
    con.register("spans_wanted", _table(real))
    rows = con.execute(_sql(name)).fetchall()
    con.unregister("spans_wanted")
    found = {(key, channel): Amount(*rest) for key, channel, *rest in rows}
    return {
        (span.key, span.channel): _added(terms[span.channel], span.key, found)
        if span.channel in terms else found[span.key, span.channel]
        for span in wanted
    }  # fmt: skip


Terms = Mapping[int, Mapping[int, Fraction]]


def _terms(con: duckdb.DuckDBPyConnection, name: str) -> Terms:
    found: dict[int, dict[int, Fraction]] = {}
    rows = con.execute(f"SELECT virtual, channel, num, den FROM {name}_terms").fetchall()
    for virtual, channel, num, den in rows:
        found.setdefault(virtual, {})[channel] = Fraction(int(num), int(den))
    return found


def _parts(span: Span, terms: Terms) -> Iterator[Span]:
    for channel in terms.get(span.channel, (span.channel,)):
        yield Span(span.key, channel, span.begin, span.end)


def _table(spans: Sequence[Span]) -> pa.Table:
    distinct = list(dict.fromkeys(spans))
    return pa.table(
        {
            "key": pa.array([s.key for s in distinct], pa.int64()),
            "channel": pa.array([s.channel for s in distinct], pa.int64()),
            "begin_us": pa.array([_us(s.begin) for s in distinct], pa.int64()),
            "end_us": pa.array([_us(s.end) for s in distinct], pa.int64()),
        }
    )


def _us(moment: dt.datetime) -> int:
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _sql(name: str) -> str:
    def upto(instant: str) -> str:
        """The part of an interval before an instant; floor of its size, then its sign."""
        passed = f"({instant} - from_us)"
        return f"sign(taken) * (abs(taken)::HUGEINT * {passed} // (until_us - from_us))"

    placed = f"""
        SELECT i.*, p.kind, p.method, p.replaced, p.profile, p.shifted, p.multiplier_milli
        FROM intervals i JOIN {name}_params p ON p.channel = i.channel
             AND i.start_utc >= p.from_utc AND i.start_utc < p.to_utc
        WHERE p.kind IN ('register', 'interval')"""
    return f"""
        WITH placed AS ({placed}), used AS ({used_sql("placed", name)}),
        parts AS (
            SELECT w.*, taken, multiplier_milli, flags, epoch_us(start_utc) AS from_us,
                   epoch_us(end_utc) AS until_us,
                   greatest(w.begin_us, epoch_us(start_utc)) AS low,
                   least(w.end_us, epoch_us(end_utc)) AS high
            FROM spans_wanted w JOIN used u ON u.channel = w.channel
                 AND epoch_us(u.end_utc) > w.begin_us AND epoch_us(u.start_utc) < w.end_us
        )
        SELECT w.key, w.channel,
               CAST(sum(({upto("high")} - {upto("low")}) * multiplier_milli) AS BIGINT),
               coalesce(sum(high - low) FILTER (taken IS NOT NULL), 0)::BIGINT,
               any_value(w.end_us - w.begin_us),
               count(*) FILTER (taken IS NOT NULL AND (low > from_us OR high < until_us)),
               coalesce(bit_or(flags), 0)
        FROM spans_wanted w LEFT JOIN parts p USING (key, channel) GROUP BY w.key, w.channel"""


def _added(parts: Mapping[int, Fraction], key: int, found: Mapping[tuple[int, int], Amount]) -> (
    Amount
):  # fmt: skip
    """A virtual channel: missing where a part is, covered like the part that is known least."""
    told = [(found[key, channel], factor) for channel, factor in parts.items()]
    flags = 0
    for amount, _ in told:
        flags |= amount.flags
    known = [a.milli * factor for a, factor in told if a.milli is not None]
    return Amount(
        round(sum(known, Fraction())) if len(known) == len(told) else None,
        min(a.covered_us for a, _ in told), told[0][0].length_us, sum(a.cut for a, _ in told),
        flags,
    )  # fmt: skip
