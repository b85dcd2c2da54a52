"""Source, grid, load and storage of one enterprise (源网荷储) as its meters say.

Generation + import + discharge = load + export + charge. Each term adds the channels of its items,
a meter below another that counts the same item left out. Where the load has no meter it is what is
left over, said so, and there is nothing to check; otherwise the difference is shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanma.apps.live import door as live
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry

Text = str | Promise
SOLD = "electricity.sold"
TERMS: dict[str, tuple[Text, int, Callable[[str], bool]]] = {
    "generation": (_("发电"), 1, lambda i: i.endswith(".generated")),
    "import": (_("下网（购入）"), 1, lambda i: i == "electricity.purchased"),
    "discharge": (_("储能放电"), 1, lambda i: i == "electricity.storage.discharged"),
    "load": (_("负荷"), -1, lambda i: i == "electricity.consumed"),
    "export": (_("上网（售出）"), -1, lambda i: i == SOLD or i.endswith(".exported")),
    "charge": (_("储能充电"), -1, lambda i: i == "electricity.storage.charged"),
}
"""term → its name, its side of the balance, and the items it adds"""
SIDES = ("generation", "import", "discharge")
LEVELS = ("state.soc", "state.power.active", "state.running", "state.grid_connected")
KWH = "kWh"
UNITS = {"kWh": 1.0, "MWh": 1000.0, "Wh": 0.001}
"""How many kWh a unit of a channel is."""


def terms(
    meters: Sequence[metering.Meter], channels: Sequence[registry.Channel]
) -> dict[str, list[registry.Channel]]:
    """Term → the channels it adds. What is sold in all already holds what PV exports."""
    top = [c for c in channels if c.unit in UNITS and not _below(c, meters, channels)]
    found = {t: [c for c in top if fits(c.item)] for t, (_n, _s, fits) in TERMS.items()}
    if any(c.item == SOLD for c in found["export"]):
        found["export"] = [c for c in found["export"] if c.item == SOLD]
    return {term: own for term, own in found.items() if own}


def _below(
    channel: registry.Channel, meters: Sequence[metering.Meter],
    channels: Sequence[registry.Channel],
) -> bool:  # fmt: skip
    """Whether a meter above counts the same item, or this one is a view of others."""
    by_id, by_name = {m.id: m for m in meters}, {m.name: m for m in meters}
    own = by_name.get(channel.meter)
    if own is None or own.formula:
        return own is not None
    same = {c.meter for c in channels if c.item == channel.item}
    seen: set[int] = set()
    above = by_id.get(own.parent or 0)
    while above is not None and above.id not in seen:
        if above.name in same:
            return True
        seen.add(above.id)
        above = by_id.get(above.parent or 0)
    return False


@dataclass(frozen=True)
class Moment:
    """One hour or day: kWh by term, and what is left over."""

    at: dt.datetime
    kwh: dict[str, float | None]
    soc: float | None

    @property
    def left(self) -> float | None:
        """Sources less uses [kWh]; None where a term that has meters lacks a reading."""
        values = [TERMS[t][1] * v for t, v in self.kwh.items() if v is not None]
        return sum(values) if len(values) == len(self.kwh) and values else None


@dataclass(frozen=True)
class Balance:
    """The terms that have meters, their moments and sums."""

    grain: str
    channels: dict[str, list[registry.Channel]]
    moments: list[Moment]

    @property
    def load_metered(self) -> bool:
        return "load" in self.channels

    @property
    def storage(self) -> bool:
        return "charge" in self.channels or "discharge" in self.channels

    @property
    def whole(self) -> list[Moment]:
        """The moments in which every term was read: only they can be balanced."""
        return [m for m in self.moments if m.left is not None]

    def total(self, term: str) -> float | None:
        """kWh over the moments that balance."""
        found = [m.kwh[term] for m in self.whole if term in m.kwh]
        return sum(v for v in found if v is not None) if found else None

    @property
    def left(self) -> float | None:
        """The difference [kWh]; without a metered load it is the load."""
        found = [m.left for m in self.whole]
        return sum(v for v in found if v is not None) if found else None

    @property
    def sources(self) -> float | None:
        known = [v for t in SIDES if (v := self.total(t)) is not None]
        return sum(known) if known else None

    @property
    def share(self) -> float | None:
        """The difference as a share of the sources."""
        return self.left / self.sources if self.sources and self.left is not None else None


def balance(
    meters: Sequence[metering.Meter], channels: Sequence[registry.Channel], window: live.Window
) -> Balance:
    """The balance of a window by hour or day, from the same points as the curves."""
    found = terms(meters, channels)
    soc = [c for c in channels if c.item == "state.soc"][:1]
    wanted = [c for own in found.values() for c in own] + soc
    if not found:
        return Balance("hour", {}, [])
    with live.engine() as con:
        live.curve(con, wanted, window, 100)
        told = live.totals(con, wanted, window)
    place = {c.id: n for n, c in enumerate(wanted)}
    moments = [
        Moment(at, {t: _kwh(values, own, place) for t, own in found.items()},
               values[place[soc[0].id]] if soc else None)
        for at, values in told["rows"]
    ]  # fmt: skip
    return Balance(told["grain"], found, moments)


def _kwh(
    values: Sequence[float | None], own: Sequence[registry.Channel], place: dict[int, int]
) -> float | None:
    """The sum of a term; missing with any of its channels."""
    found = [(values[place[c.id]], UNITS[c.unit]) for c in own]
    known = [v * ratio for v, ratio in found if v is not None]
    return sum(known) if len(known) == len(found) else None


def devices(
    channels: Sequence[registry.Channel], taking_part: Mapping[str, Sequence[registry.Channel]]
) -> list[dict[str, Any]]:
    """The newest level of each device that takes part: power, state of charge, state."""
    meters = {c.meter for own in taking_part.values() for c in own}
    own = [c for c in channels if c.item in LEVELS and c.meter in meters]
    fresh = live.freshness(own)
    return [
        {"channel": c, "name": registry.item_name(c.item), "fresh": fresh.get(c.id)} for c in own
    ]
