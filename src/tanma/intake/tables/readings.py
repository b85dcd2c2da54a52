"""Rows to readings: a channel, an interval in UTC, an integer count at the channel's resolution."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tanma.domain.items import items
from tanma.intake import amounts, units
from tanma.intake.tables.columns import Coded, Work, text_column
from tanma.intake.tables.facts import revision
from tanma.intake.tables.packages import ReadingsRule
from tanma.intake.tables.report import ERROR, WARNING

READING_SCHEMA = pa.schema(
    [
        ("channel", pa.string()),
        ("quantity", pa.string()),
        ("start_utc", pa.timestamp("us", tz="UTC")),
        ("end_utc", pa.timestamp("us", tz="UTC")),
        ("value", pa.int64()),
        ("unit", pa.string()),
        ("resolution", pa.string()),
        ("source", pa.string()),
        ("revision", pa.int64()),
        ("row", pa.int64()),
    ]
)
"""value × resolution is the amount in `unit`; a null value is a reading known to be missing."""

_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Spans:
    """Start and end of every row in local time."""

    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]


@dataclass(frozen=True)
class Series:
    """Readings of one value column: its header, where its intervals lie, its counts."""

    title: str
    spans: Spans
    counts: amounts.Counts
    missing: NDArray[np.bool_]


def state(work: Work) -> list[Series]:
    """Every value column read; what is wrong goes to the report."""
    rule = work.sheet.package.readings
    assert rule is not None
    _check_quantity(work, rule)
    series = _wide(work, rule) if work.sheet.package.wide else [_long(work, rule)]
    for one in series:
        _number_faults(work, rule, one)
    _check_reach(work, rule, series[0].spans)
    return series


def content(series: list[Series]) -> list[NDArray[np.int64]]:
    """What a row states, for the comparison of rows with the same key."""
    return [np.where(s.missing, np.iinfo(np.int64).min, s.counts.count) for s in series]


def _long(work: Work, rule: ReadingsRule) -> Series:
    spans = _spans(work, rule)
    at = np.flatnonzero(spans.end <= spans.start)
    work.note("interval_wrong", ERROR, rule.end or rule.end_date, at)
    counts = _counts(work, rule, work.sheet.column(rule.value))
    missing = _all_zero(work, rule)
    work.note("reading_zero_missing", WARNING, rule.value, np.flatnonzero(missing))
    return Series(work.sheet.title(rule.value), spans, counts, missing)


def _all_zero(work: Work, rule: ReadingsRule) -> NDArray[np.bool_]:
    """Rows where every column named by the mapping is zero: a reading that was not taken."""
    if not rule.missing_when_zero:
        return np.zeros(len(work.sheet.rows), bool)
    zero = [amounts.counts(work.sheet.column(c), [Fraction(10**9)]) for c in rule.missing_when_zero]
    result: NDArray[np.bool_] = np.all(
        [(z.count == 0) & (z.state == amounts.OK) for z in zero], axis=0
    )
    return result


def _spans(work: Work, rule: ReadingsRule) -> Spans:
    if rule.end_date:
        return _spans_by_seconds(work, rule)
    return Spans(_moments(work, rule.start), _moments(work, rule.end))


def _moments(work: Work, name: str) -> NDArray[np.datetime64]:
    """A column of local times, year first; what is none is reported."""
    text = pc.utf8_trim_whitespace(pc.fill_null(work.sheet.column(name), ""))
    plain = pc.replace_substring(pc.replace_substring(text, "/", "-"), "T", " ")
    tries = [pc.strptime(plain, f, "us", error_is_null=True) for f in _FORMATS]
    moments = pc.coalesce(*tries)
    wrong = pc.and_(pc.is_null(moments), pc.not_equal(text, ""))
    at = np.flatnonzero(wrong.to_numpy(zero_copy_only=False))
    work.note("cell_time_unknown", ERROR, name, at)
    return np.array(moments.to_numpy(zero_copy_only=False), "datetime64[us]")


def _spans_by_seconds(work: Work, rule: ReadingsRule) -> Spans:
    """The end as a date and seconds of that day; 0 seconds may stand for the end of the day."""
    text = pc.utf8_trim_whitespace(pc.fill_null(work.sheet.column(rule.end_date), ""))
    stamp = pc.strptime(text, rule.date_format, "us", error_is_null=True)
    at = np.flatnonzero(pc.is_null(stamp).to_numpy(zero_copy_only=False))
    work.note("cell_time_unknown", ERROR, rule.end_date, at)
    day = np.array(stamp.to_numpy(zero_copy_only=False), "datetime64[D]")
    seconds = amounts.counts(work.sheet.column(rule.end_seconds), [Fraction(1)])
    wrong = np.flatnonzero((seconds.state != amounts.OK) | (np.abs(seconds.count) > 86400))
    work.note("seconds_wrong", ERROR, rule.end_seconds, wrong)
    count = seconds.count.copy()
    if rule.zero_seconds_is_day_end:
        count[count == 0] = 86400
    end = day.astype("datetime64[us]") + (count * _MICROSECONDS).astype("timedelta64[us]")
    length = np.timedelta64(rule.length_seconds * _MICROSECONDS, "us")
    return Spans(end - length, end)


def _wide(work: Work, rule: ReadingsRule) -> list[Series]:
    """One series per time column; an interval reaches to the next column, the last to midnight."""
    grid, wide = work.sheet.grid, work.sheet.package.wide
    assert wide is not None
    dates = _days(work, rule.date)
    minutes = {p: _minutes(grid.header[p]) for p in grid.match.wide}
    order = sorted(minutes, key=lambda p: minutes[p])
    stamps = [minutes[p] for p in order]
    starts, ends = _edges(stamps, wide.stamp)
    result = []
    for position, first, last in zip(order, starts, ends, strict=True):
        spans = Spans(_at_minute(dates, first), _at_minute(dates, last))
        counts = _counts(work, rule, grid.columns[position])
        none = np.zeros(len(work.sheet.rows), bool)
        result.append(Series(grid.header[position], spans, counts, none))
    return result


def _edges(stamps: list[int], stamp: str) -> tuple[list[int], list[int]]:
    """(starts, ends) in minutes of the day, from the columns' times."""
    if stamp == "start":
        return stamps, [*stamps[1:], 1440]
    ends = [s or 1440 for s in stamps]
    return [0, *sorted(ends)[:-1]], sorted(ends)


def _minutes(text: str) -> int:
    hour, _, minute = text.strip().partition(":")
    return int(hour) * 60 + int(minute)


def _at_minute(dates: NDArray[np.datetime64], minute: int) -> NDArray[np.datetime64]:
    return dates + np.timedelta64(minute * 60 * _MICROSECONDS, "us")


def _days(work: Work, name: str) -> NDArray[np.datetime64]:
    coded: Coded = work.coded[name]
    days = [v if isinstance(v, dt.date) else None for v in coded.values]
    return np.array(days or [None], "datetime64[us]")[coded.codes]


def _counts(work: Work, rule: ReadingsRule, column: pa.Array) -> amounts.Counts:
    """Counts at the resolution, unit conversion included."""
    resolution = Fraction(rule.resolution)
    items_of, quantities = _quantities(work, rule)
    if rule.unit_is:
        ratios = [_ratio(units.units()[rule.unit_is], q) or Fraction(1) for q in quantities]
        return amounts.counts(column, [r / resolution for r in ratios], items_of)
    unit = work.coded[rule.unit]
    pairs = [_ratio(u, q) or Fraction(1) for q in quantities for u in unit.values]
    which = items_of * len(unit.values) + unit.codes
    return amounts.counts(column, [r / resolution for r in pairs], which)


def _quantities(work: Work, rule: ReadingsRule) -> tuple[NDArray[np.int64], list[str]]:
    """(code per row, quantity per code): the column, or what the mapping says of the whole file."""
    coded = work.coded.get(rule.channel[1]) if len(rule.channel) > 1 else None
    default = rule.quantity_is or rule.default_quantity
    if coded is None:
        return np.zeros(len(work.sheet.rows), np.int64), [default]
    return coded.codes, [str(v) if v is not None else default for v in coded.values]


def _unit_of(quantity: str) -> units.Unit:
    """The unit readings of a quantity are kept in: single m3 where accounts use 10^4 m3."""
    unit = items()[quantity].unit
    return units.units()[{"10^4 m3": "m3"}.get(unit, unit)]


def _ratio(said: object, quantity: str) -> Fraction | None:
    """To the unit of the quantity; None when the unit is unknown or of another dimension."""
    return units.ratio(said, _unit_of(quantity)) if isinstance(said, units.Unit) else None


def _check_quantity(work: Work, rule: ReadingsRule) -> None:
    """A unit of another dimension than the quantity metered."""
    if rule.unit_is:
        return
    unit = work.coded[rule.unit]
    items_of, quantities = _quantities(work, rule)
    for code, quantity in enumerate(quantities):
        off = [u is not None and _ratio(u, quantity) is None for u in unit.values]
        at = np.flatnonzero(np.array(off or [False])[unit.codes] & (items_of == code))
        item = items()[quantity]
        allowed = "、".join(units.spellings(_unit_of(quantity).dimension))
        names = {"item": item.name_zh, "item_en": item.name_en}
        work.note("cell_unit_mismatch", ERROR, rule.unit, at, allowed=allowed, **names)


def _number_faults(work: Work, rule: ReadingsRule, one: Series) -> None:
    faults = {amounts.NOT_DECIMAL: "number_not_decimal", amounts.TOO_FINE: "reading_too_fine",
              amounts.TOO_LARGE: "reading_too_large"}  # fmt: skip
    column = work.sheet.grid.columns[work.sheet.grid.header.index(one.title)]
    for fault, code in faults.items():
        at = np.flatnonzero(one.counts.state == fault)
        texts = column.take(pa.array(at))
        cases: list[dict[str, object]] = [
            {"field": one.title, "text": t, "resolution": rule.resolution}
            for t in texts.to_pylist()
        ]
        work.report.add(code, ERROR, one.title, at, texts, cases, np.arange(len(at)))


def _check_reach(work: Work, rule: ReadingsRule, spans: Spans) -> None:
    today, package = work.context.today, work.sheet.package
    name = rule.start or rule.date or rule.end_date
    first = dt.date(today.year - package.past_years, today.month, 1)
    old = np.flatnonzero(spans.start < np.datetime64(first))
    work.note("period_too_old", ERROR, name, old, first=first, years=package.past_years)
    after = today + dt.timedelta(days=1)
    future = np.flatnonzero(spans.start > np.datetime64(after))
    work.note("period_future", ERROR, name, future, last=today)


def build(work: Work, series: list[Series], keep: NDArray[np.bool_]) -> pa.Table:
    """The readings of the rows that are kept; an empty cell of a wide row is no reading."""
    rule = work.sheet.package.readings
    assert rule is not None
    parts = []
    for one in series:
        at = np.flatnonzero(keep & ((one.counts.state == amounts.OK) | one.missing))
        parts.append(_part(work, rule, one, at))
    return pa.concat_tables(parts)


def _part(work: Work, rule: ReadingsRule, one: Series, at: NDArray[np.int64]) -> pa.Table:
    take = pa.array(at)
    items_of, quantities = _quantities(work, rule)
    code = pa.array(items_of[at])
    n = len(at)
    columns = {
        "channel": _channel(work, rule).take(take),
        "quantity": pa.array(quantities, pa.string()).take(code),
        "start_utc": _utc(one.spans.start[at], rule.zone),
        "end_utc": _utc(one.spans.end[at], rule.zone),
        "value": pa.array(one.counts.count[at], mask=one.missing[at]),
        "unit": pa.array([_unit_of(q).unit for q in quantities]).take(code),
        "resolution": pa.repeat(pa.scalar(rule.resolution), n),
        "source": pa.repeat(pa.scalar(work.sheet.package.source), n),
        "revision": revision(work).take(take),
        "row": pa.array(work.sheet.rows[at]),
    }
    return pa.table(columns).cast(READING_SCHEMA)


def _channel(work: Work, rule: ReadingsRule) -> pa.Array:
    if rule.channel_is:
        return pa.repeat(pa.scalar(rule.channel_is), len(work.sheet.rows))
    meter = text_column(work, rule.channel[0])
    return meter.strings([None if v is None else str(v) for v in meter.values])


def _utc(local: NDArray[np.datetime64], zone: str) -> pa.Array:
    moments = pa.array(local.astype("datetime64[us]"))
    zoned = pc.assume_timezone(moments, zone, ambiguous="earliest", nonexistent="earliest")
    return zoned.cast(pa.timestamp("us", tz="UTC"))
