"""What devices do now and did before: state, load, energy, output, efficiency, run time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
from django.utils import timezone

from tanma.apps.equipment import door as equipment
from tanma.apps.live import door as live
from tanma.apps.registry import door as registry
from tanma.apps.rules import door as rules
from tanma.domain.equipment import codes
from tanma.domain.factors.lookup import Query, lookup
from tanma.domain.messages import Problem
from tanma.domain.methods.shared.devices import (
    device_efficiency_fraction,
    load_fraction,
    specific_energy_kwh_per_unit,
    utilisation_fraction,
)
from tanma.domain.methods.shared.fuel import fuel_heat_gj
from tanma.engine.metering import running
from tanma.intake import units

DAY = dt.timedelta(days=1)
H_US = 3_600_000_000
STATES = ("run", "idle", "stop", "unknown")


@dataclass(frozen=True)
class Ran:
    """Hours of a device by state; they add up to the span."""

    run: float = 0.0
    idle: float = 0.0
    stop: float = 0.0
    unknown: float = 0.0

    @property
    def span(self) -> float:
        return self.run + self.idle + self.stop + self.unknown

    @property
    def utilisation(self) -> float | None:
        """Running over known time; None where nothing is known."""
        known = {"run_h": self.run, "idle_h": self.idle, "stop_h": self.stop}
        return utilisation_fraction.number(known) if self.span > self.unknown else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The least and the greatest that it can be, whatever happened in the unknown time."""
        if not self.span:
            return None
        return self.run / self.span, (self.run + self.unknown) / self.span

    def plus(self, other: Ran) -> Ran:
        return Ran(*(getattr(self, s) + getattr(other, s) for s in STATES))


@dataclass(frozen=True)
class Amount:
    """What a channel counted in a span and in the one it is compared with."""

    channel: registry.Channel
    now: float | None
    before: float | None

    @property
    def change(self) -> float | None:
        return self.now / self.before - 1 if self.now is not None and self.before else None


@dataclass
class Shown:
    """One device as the pages show it."""

    device: equipment.Equipment
    feeds: equipment.Feeds
    fresh: live.Fresh
    state: str = "unknown"
    load_kw: float | None = None
    today: list[Amount] = field(default_factory=list)
    month: list[Amount] = field(default_factory=list)
    output: list[Amount] = field(default_factory=list)
    ran: Ran = Ran()
    alarms: int = 0
    freshness: dict[int, live.Fresh] = field(default_factory=dict)

    @property
    def load(self) -> float | None:
        """Share of the rated power."""
        rated = self.device.rated_kw
        if self.load_kw is None or not rated:
            return None
        return load_fraction.number({"load_kw": self.load_kw, "rated_kw": float(rated)})

    @property
    def efficiency(self) -> Efficiency | None:
        """Of today so far."""
        out = self.output[0] if self.output else None
        return efficiency(
            [(a.channel, a.now) for a in self.today], (out.channel, out.now) if out else None,
            timezone.localdate(),
        )  # fmt: skip


@dataclass(frozen=True)
class Efficiency:
    """Output ÷ input where both are energy, else kWh per unit of what comes out."""

    value: float
    unit: str
    """"" for a ratio of energies"""


Counted = tuple[registry.Channel, float | None]


def efficiency(
    inputs: Sequence[Counted], output: Counted | None, on: dt.date
) -> Efficiency | None:
    """None unless what goes in and what comes out are both known and something came out."""
    if output is None or not inputs or not output[1]:
        return None
    out_gj, in_gj = _gj(*output, on), [_gj(c, v, on) for c, v in inputs]
    if any(v is None for v in in_gj):
        return None
    total_gj = sum(v for v in in_gj if v is not None)
    if out_gj is not None and total_gj:
        given = {"device_output_gj": out_gj, "device_input_gj": total_gj}
        return Efficiency(float(device_efficiency_fraction.number(given)), "")
    kwh = total_gj / GJ_PER_KWH
    given = {"device_input_kwh": kwh, "device_output_amount": output[1]}
    value = float(specific_energy_kwh_per_unit.number(given))
    return Efficiency(value, f"kWh/{output[0].unit}")


GJ_PER_KWH = 3600 / 1_000_000
GAS_SET = "GBT32151.10-2023"


def _gj(channel: registry.Channel, amount: float | None, on: dt.date) -> float | None:
    """An amount as energy: exactly where its unit is one, natural gas by its calorific value."""
    known = units.units()
    if amount is None or channel.unit not in known:
        return None
    if (ratio := units.ratio(known[channel.unit], known["GJ"])) is not None:
        return amount * float(ratio)
    if channel.item != "fuel.natural_gas.burnt":
        return None
    try:
        query = Query("fuel", "natural_gas", "ncv", on, set_id=GAS_SET)
        ncv = lookup(query, known_on=on, further=rules.further())
    except Problem:
        return None
    per = units.ratio(known[channel.unit], known["10^4 m3"])
    return None if per is None else fuel_heat_gj(amount * float(per), ncv.value)


def look(devices: Sequence[equipment.Equipment], now: dt.datetime | None = None) -> list[Shown]:
    """Devices of an enterprise as of now, from readings of today and yesterday and kept days."""
    moment = now or timezone.now()
    feeds = equipment.feeds(devices)
    channels = list({c.id: c for f in feeds.values() for c in f.all}.values())
    fresh = live.freshness(channels, moment)
    shown = [Shown(d, feeds[d.id], live.NEVER, freshness=fresh) for d in devices]
    if not channels:
        return shown
    today = timezone.localdate(moment)
    begin = timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    with live.engine() as con:
        live.points(con, channels, begin - DAY, moment, (today - DAY, today + DAY))
        last, told = _last(con), _today(con, begin)
        ran = _ran(con, devices, begin, moment, today)
        month = _month(con, channels, today)
        fresh |= _of_parts(live.parts(con), moment)
    for s in shown:
        f, s.fresh = s.feeds, _newest(s.feeds, fresh)
        s.load_kw = _load_kw(f, last)
        s.state = _state(s, last)
        s.today = [Amount(c, *told.get(c.id, (None, None))) for c in f.input]
        s.output = [Amount(c, *told.get(c.id, (None, None))) for c in f.output]
        s.month = [Amount(c, *month.get(c.id, (None, None))) for c in f.input]
        s.ran = ran.get(s.device.id, Ran(unknown=(moment - begin).total_seconds() / 3600))
    return shown


def _newest(feeds: equipment.Feeds, fresh: dict[int, live.Fresh]) -> live.Fresh:
    """The freshest of what speaks for a device now."""
    own = [fresh[c.id] for c in feeds.all if c.id in fresh and fresh[c.id].at]
    return min(own, key=lambda f: f.age_s or 0.0, default=live.NEVER)


def _of_parts(parts: dict[int, list[int]], moment: dt.datetime) -> dict[int, live.Fresh]:
    """A virtual channel is as fresh as its stalest part; it has no reading of its own."""
    rows = registry.Channel.objects.filter(id__in={c for own in parts.values() for c in own})
    fresh = live.freshness(list(rows), moment)

    def staleness(f: live.Fresh) -> tuple[int, float]:
        return list(live.STATES).index(f.state), f.age_s or 0.0

    return {
        virtual: replace(max((fresh[c] for c in own), key=staleness), value=None)
        for virtual, own in parts.items() if all(c in fresh for c in own)
    }  # fmt: skip


def _last(con: duckdb.DuckDBPyConnection) -> dict[int, float]:
    """Channel → its newest level, or amount per hour, with its multiplier, as the meter said."""
    rows = con.execute("SELECT channel, arg_max(measured, at_us) FROM points GROUP BY channel")
    return {c: v for c, v in rows.fetchall() if v is not None}


def _today(
    con: duckdb.DuckDBPyConnection, begin: dt.datetime
) -> dict[int, tuple[float | None, float | None]]:
    """Channel → amount of today so far, and of yesterday up to the same time of day.

    What came last today is the time compared to, so that a late channel is not held against more.
    """
    low, day = int(begin.timestamp() * 1e6), 86_400_000_000
    rows = con.execute(
        f"""WITH ends AS (SELECT channel, max(until_us) AS cut FROM points
                          WHERE until_us > {low} GROUP BY channel),
        parts AS (
            SELECT channel, amount / nullif(until_us - at_us, 0) AS per_us,
                greatest(0, least(until_us, cut) - greatest(at_us, {low})) AS now_us,
                greatest(0, least(until_us, cut - {day}) - greatest(at_us, {low - day})) AS then_us
            FROM points JOIN ends USING (channel) WHERE amount IS NOT NULL)
        SELECT channel, sum(per_us * now_us) FILTER (now_us > 0),
               sum(per_us * then_us) FILTER (then_us > 0) FROM parts GROUP BY channel"""
    ).fetchall()
    return {c: (now, before) for c, now, before in rows}


def _ran(
    con: duckdb.DuckDBPyConnection, devices: Sequence[equipment.Equipment], begin: dt.datetime,
    end: dt.datetime, today: dt.date,
) -> dict[int, Ran]:  # fmt: skip
    sources = equipment.sources(devices, today, today + DAY)
    running.build(con, sources, begin, end)
    return {d: total(rows.values()) for d, rows in _hours(con).items()}


def _hours(con: duckdb.DuckDBPyConnection) -> dict[int, dict[dt.date, Ran]]:
    columns = ", ".join(f"{s}_us / {H_US}" for s in STATES)
    found: dict[int, dict[dt.date, Ran]] = {}
    for device, day, *hours in con.execute(
        f"SELECT device, day, {columns} FROM running ORDER BY device, day"
    ).fetchall():
        found.setdefault(device, {})[day] = Ran(*hours)
    return found


def total(rows: Iterable[Ran]) -> Ran:
    found = Ran()
    for row in rows:
        found = found.plus(row)
    return found


def _month(
    con: duckdb.DuckDBPyConnection, channels: Sequence[registry.Channel], today: dt.date
) -> dict[int, tuple[float | None, float | None]]:
    """Channel → amount of the whole days of this month, and of as many of the month before."""
    first = today.replace(day=1)
    before = (first - DAY).replace(day=1)
    length = today - first
    live.keep_days(con, before, today, [c.id for c in channels])
    rows = con.execute(
        """SELECT channel, sum(milli) FILTER (day >= $first)::DOUBLE,
                  sum(milli) FILTER (day < least($until, $first))::DOUBLE
           FROM days GROUP BY channel""",
        {"first": first, "until": before + length},
    ).fetchall()
    scale = {c.id: c.scale for c in channels}

    def unit(milli: float | None, channel: int) -> float | None:
        return None if milli is None else milli / 1000 / 10 ** scale[channel]

    return {c: (unit(now, c), unit(then, c)) for c, now, then in rows}


def _load_kw(feeds: equipment.Feeds, last: dict[int, float]) -> float | None:
    for channel in (feeds.power, feeds.energy):
        per = equipment.kw_per(channel) if channel else None
        if channel and per is not None and channel.id in last:
            return last[channel.id] * per
    return None


def _state(shown: Shown, last: dict[int, float]) -> str:
    """What a device does now; nothing is known of one whose readings have stopped."""
    if shown.fresh.state not in ("fresh", "late"):
        return "unknown"
    channel = shown.feeds.running
    if channel is not None:
        told = codes(shown.device.codes)
        code = last.get(channel.id)
        return next((s for s, own in told.items() if code in own), "unknown")
    low, high = equipment.limits_kw(vars(shown.device))
    if shown.load_kw is None or high is None or low is None or shown.load_kw < 0:
        return "unknown"
    return "run" if shown.load_kw > high else "idle" if shown.load_kw > low else "stop"


def run_days(
    devices: Sequence[equipment.Equipment], first: dt.date, end: dt.date, until: dt.datetime
) -> dict[int, dict[dt.date, Ran]]:
    """Device → local day → hours by state over days [first, end), up to an instant.

    A device that nothing speaks for has whole days of which nothing is known.
    """
    zone = timezone.get_current_timezone()
    begin = dt.datetime.combine(first, dt.time(), zone)
    finish = min(dt.datetime.combine(end, dt.time(), zone), until)
    days = [first + n * DAY for n in range((end - first).days)]
    sources = equipment.sources(devices, first, end)
    numbers = sorted(set(sources["channel"].to_pylist()))
    channels = list(registry.Channel.objects.filter(id__in=numbers))
    found: dict[int, dict[dt.date, Ran]] = {}
    if channels:
        with live.engine() as con:
            live.derive(con, channels, first, end)
            running.build(con, sources, begin, finish)
            found = _hours(con)
    return {d.id: _every_day(found.get(d.id, {}), days, finish, zone) for d in devices}


def _every_day(
    told: dict[dt.date, Ran], days: Sequence[dt.date], until: dt.datetime, zone: Any
) -> dict[dt.date, Ran]:
    edges = [dt.datetime.combine(d, dt.time(), zone).astimezone(dt.UTC) for d in days]
    ends = [dt.datetime.combine(d + DAY, dt.time(), zone).astimezone(dt.UTC) for d in days]
    return {
        day: told.get(day, Ran(unknown=(min(end, until) - begin).total_seconds() / 3600))
        for day, begin, end in zip(days, edges, ends, strict=True) if begin < until
    }  # fmt: skip


def daily_efficiency(
    feeds: equipment.Feeds, first: dt.date, end: dt.date
) -> dict[dt.date, Efficiency | None]:
    """Local day → efficiency, from kept days."""
    if not feeds.output or not feeds.input:
        return {}
    scale = {c.id: c.scale for c in feeds.all}
    with live.engine() as con:
        live.keep_days(con, first, end, list(scale))
        rows = con.execute("SELECT day, channel, milli FROM days ORDER BY day").fetchall()
    told: dict[dt.date, dict[int, float]] = {}
    for day, channel, milli in rows:
        if milli is not None:
            told.setdefault(day, {})[channel] = milli / 1000 / 10 ** scale[channel]
    out = feeds.output[0]
    return {
        day: efficiency([(c, v.get(c.id)) for c in feeds.input], (out, v.get(out.id)), day)
        for day, v in told.items()
    }
