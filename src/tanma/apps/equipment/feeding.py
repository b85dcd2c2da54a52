"""Which channels speak for a device on which days: energy in and out, load, state, parameters.

The engine gets one row per device and span of days in which nothing changes: the source of its run
states, and the limits that tell running from idling.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from django.db.models import Q

from tanma.apps.equipment.models import Equipment
from tanma.apps.equipment.projection import OURS, PREFIX, attributes
from tanma.apps.equipment.stating import FEEDS, meters_of
from tanma.apps.facts import door as facts
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.domain import equipment
from tanma.intake import units

POWER, RUNNING = "state.power.active", "state.running"
LEVELS = ("gauge", "state")
SOURCES = pa.schema(
    [
        ("device", pa.int64()), ("from_day", pa.date32()), ("to_day", pa.date32()),
        ("channel", pa.int64()), ("by_code", pa.bool_()), ("kw_per_unit", pa.float64()),
        ("idle_kw", pa.float64()), ("run_kw", pa.float64()),
        ("run_codes", pa.list_(pa.int64())), ("idle_codes", pa.list_(pa.int64())),
        ("stop_codes", pa.list_(pa.int64())),
    ]
)  # fmt: skip
"""What tells the run state of a device in days [from_day, to_day): codes of a state channel, or the
power of a channel [kW per unit, per unit and hour where it counts amounts] against two limits."""


@dataclass(frozen=True)
class Feeds:
    """The channels of a device as of a day, by what they are for."""

    input: list[registry.Channel]
    output: list[registry.Channel]
    levels: list[registry.Channel]

    @property
    def power(self) -> registry.Channel | None:
        """The level that is its load; parameters before the supply, which may feed more."""
        return next((c for c in self.levels if c.item == POWER), None)

    @property
    def running(self) -> registry.Channel | None:
        return next((c for c in self.levels if c.item == RUNNING), None)

    @property
    def energy(self) -> registry.Channel | None:
        """The first channel of what goes in whose power can be told in kW."""
        return next((c for c in self.input if kw_per(c) is not None), None)

    @property
    def all(self) -> list[registry.Channel]:
        return list({c.id: c for c in (*self.input, *self.output, *self.levels)}.values())


def kw_per(channel: registry.Channel) -> float | None:
    """kW per unit of a level of power, or per unit and hour of an amount of energy; else None."""
    wanted = "kW" if channel.kind in LEVELS else "kWh"
    known = units.units()
    if channel.unit not in known or wanted not in known:
        return None
    ratio = units.ratio(known[channel.unit], known[wanted])
    return None if ratio is None else float(ratio)


def feeds(devices: Sequence[Equipment]) -> dict[int, Feeds]:
    """Device → its channels as of today."""
    meters = meters_of(devices)
    by_meter = _channels(meters.values())
    return {d.id: _feeds({k: getattr(d, k) for k in FEEDS}, meters, by_meter) for d in devices}


def _channels(meters: Iterable[metering.Meter]) -> dict[str, list[registry.Channel]]:
    found: dict[str, list[registry.Channel]] = {}
    rows = registry.Channel.objects.filter(meter__in=[m.name for m in meters])
    for c in rows.order_by("id"):
        found.setdefault(c.meter, []).append(c)
    return found


def _feeds(
    said: dict[str, str], meters: dict[str, metering.Meter],
    by_meter: dict[str, list[registry.Channel]],
) -> Feeds:  # fmt: skip
    of = {
        key: [c for uid in said.get(key, "").split() if uid in meters
              for c in by_meter.get(meters[uid].name, [])]
        for key in FEEDS
    }  # fmt: skip
    levels = [c for key in ("parameters", "input", "output") for c in of[key] if c.kind in LEVELS]
    amounts = {key: [c for c in of[key] if c.kind not in LEVELS] for key in ("input", "output")}
    unique = list({c.id: c for c in levels}.values())
    return Feeds(amounts["input"], amounts["output"], unique)


def sources(devices: Sequence[Equipment], first: date, end: date) -> pa.Table:
    """What tells the run states of devices over days [first, end), for the engine."""
    edges = _edges([d.id for d in devices], first, end)
    meters = _ever_named([d.id for d in devices])
    by_meter = _channels(meters.values())
    rows = [
        row
        for begin, until in zip(edges, [*edges[1:], end], strict=True)
        for subject, said in attributes([d.id for d in devices], begin).items()
        for row in _source(subject, said, begin, until, meters, by_meter)
    ]
    return pa.Table.from_pylist(rows, schema=SOURCES)


def _spoken(subjects: Collection[int], which: Q) -> list[facts.Fact]:
    return facts.current(
        list(facts.Fact.objects.filter(which, subject__in=list(subjects), kind="attribute"))
    )


def _edges(subjects: Collection[int], first: date, end: date) -> list[date]:
    """The days on which something said of any of the devices begins or ends, `first` with them."""
    said = _spoken(subjects, OURS)
    inside = {d for f in said for d in (f.valid_from, f.valid_to) if first < d < end}
    return sorted({first, *inside})


def _ever_named(subjects: Collection[int]) -> dict[str, metering.Meter]:
    """Id text → meter, of every meter that the devices were ever said to have."""
    which = Q(item__in=[PREFIX + key for key in FEEDS])
    named = [Equipment(input=f.text or "") for f in _spoken(subjects, which)]
    return meters_of(named)


def _source(
    subject: int, said: dict[str, str], begin: date, until: date,
    meters: dict[str, metering.Meter], by_meter: dict[str, list[registry.Channel]],
) -> Iterator[dict[str, object]]:  # fmt: skip
    own = {item.removeprefix(PREFIX): text for item, text in said.items()}
    fed = _feeds(own, meters, by_meter)
    channel = fed.running or fed.power or fed.energy
    low, high = limits_kw(own)
    if channel is None or (channel is not fed.running and high is None):
        return
    told = equipment.codes(own.get("codes", ""))
    yield {
        "device": subject, "from_day": begin, "to_day": until, "channel": channel.id,
        "by_code": channel is fed.running, "kw_per_unit": kw_per(channel), "idle_kw": low,
        "run_kw": high, **{f"{s}_codes": list(told.get(s, ())) for s in equipment.STATES},
    }  # fmt: skip


def limits_kw(said: dict[str, str]) -> tuple[float | None, float | None]:
    """(idling above, running above) [kW]: stated, else shares of the rated power by kind."""
    kind = equipment.kinds().get(said.get("kind", ""))
    rated = said.get("rated_kw", "")
    defaults: tuple[float | None, float | None] = (None, None)
    if kind is not None and rated:
        power = float(rated)
        defaults = (power * kind.idle_percent / 100, power * kind.run_percent / 100)
    low, high = (
        float(said[key]) if said.get(key) else usual
        for key, usual in zip(("idle_above_kw", "run_above_kw"), defaults, strict=True)
    )
    if high is not None and low is None:
        low = 0.0
    return low, high
