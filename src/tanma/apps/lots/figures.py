"""What batches used: exact amounts of their meters, standard coal, estimated CO2.

A pure function of what is stated and read as known at a time: a corrected reading changes the
figure of every batch that it lies in, and of nothing else. CO2 is an estimate from meters
(监测估算值) and never enters a published result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from django.conf import settings

from tanma.apps.live import door as live
from tanma.apps.lots import counted
from tanma.apps.lots.models import Lot
from tanma.apps.registry import door as registry
from tanma.domain.items import Item, items
from tanma.engine import valued
from tanma.engine.metering import spans
from tanma.engine.metering.channels import item_ratio

AT_ONCE_DAYS = 40
"""Batches whose days lie together are derived together, so many days at most."""
KG = 1000


@dataclass(frozen=True)
class Use:
    """One item over a batch, of all its meters that count it: counts at the item's scale."""

    item: Item
    meters: tuple[str, ...]
    count: int | None
    covered: Fraction
    """How much of its time, meter by meter, readings speak of."""
    cut: int
    flags: int
    gce: int | None = None
    mg: int | None = None
    rows: tuple[str, ...] = ()
    """Rows of the factor tables behind `mg`."""

    @property
    def energy(self) -> bool:
        return counted.is_use(self.item.item)


@dataclass(frozen=True)
class Figure:
    """A batch with everything it used."""

    lot: Lot
    uses: tuple[Use, ...]

    @property
    def energies(self) -> tuple[Use, ...]:
        return tuple(u for u in self.uses if u.energy)

    @property
    def gce(self) -> int | None:
        """Its energy in g of standard coal (当量值); missing with any of its parts."""
        return _sum(u.gce for u in self.energies)

    @property
    def mg(self) -> int | None:
        """Estimated CO2 in mg; missing with any of its parts."""
        return _sum(u.mg for u in self.energies)

    @property
    def whole(self) -> bool:
        """Whether readings speak of all its time."""
        return bool(self.energies) and all(u.covered == 1 for u in self.energies)

    @property
    def cut(self) -> bool:
        """Whether a reading interval was split at its start or end."""
        return any(u.cut for u in self.energies)

    @property
    def kgce_per_unit(self) -> Fraction | None:
        return self._per_unit(self.gce, 10**3)

    @property
    def kg_per_unit(self) -> Fraction | None:
        return self._per_unit(self.mg, 10**6)

    def _per_unit(self, count: int | None, quanta: int) -> Fraction | None:
        amount = self.lot.amount
        return None if count is None or not amount else Fraction(count, quanta) / amount


def _sum(values: Iterable[int | None]) -> int | None:
    given = list(values)
    known = [v for v in given if v is not None]
    return sum(known) if given and len(known) == len(given) else None


def figures(lots: Sequence[Lot], known_at: int | None = None) -> dict[int, Figure]:
    """Batch → figure, from what is known at a stamp (None: now)."""
    found: dict[int, Figure] = {}
    for some in _together(lots):
        found |= _figures(some, known_at)
    return found


def _together(lots: Sequence[Lot]) -> Iterable[list[Lot]]:
    """Batches in order of their begin, those of some weeks at a time."""
    group: list[Lot] = []
    for lot in sorted(lots, key=lambda one: one.begin):
        if group and (lot.end - group[0].begin).days > AT_ONCE_DAYS:
            yield group
            group = []
        group.append(lot)
    if group:
        yield group


def _figures(lots: list[Lot], known_at: int | None) -> dict[int, Figure]:
    channels = counted.channels(lots)
    distinct = {c.id: c for own in channels.values() for c in own}
    if not distinct:
        return {lot.id: Figure(lot, ()) for lot in lots}
    one = dt.timedelta(days=1)
    days = min(x.begin for x in lots).date() - one, max(x.end for x in lots).date() + 2 * one
    wanted = [
        spans.Span(lot.id, c.id, lot.begin, lot.end) for lot in lots for c in channels[lot.id]
    ]
    with live.engine() as con:
        live.derive(con, list(distinct.values()), *days, known_at)
        amounts = spans.amounts(con, wanted)
        uses = [use for lot in lots for use in _uses(lot, channels[lot.id], amounts)]
        values = _valued(con, uses, known_at)
    made: dict[int, list[Use]] = {lot.id: [] for lot in lots}
    for number, (lot, use) in enumerate(uses):
        made[lot.id].append(Use(**vars(use) | values.get(number, {})))
    return {lot.id: Figure(lot, tuple(made[lot.id])) for lot in lots}


def _uses(
    lot: Lot, channels: list[registry.Channel], amounts: dict[tuple[int, int], spans.Amount]
) -> Iterable[tuple[Lot, Use]]:
    """Its items in order, each from the channels that count it; rounded once, half to even."""
    for name in dict.fromkeys(c.item for c in channels):
        own = [c for c in channels if c.item == name]
        told = [amounts[lot.id, c.id] for c in own]
        parts = [_counts(c, a) for c, a in zip(own, told, strict=True)]
        flags = 0
        for amount in told:
            flags |= amount.flags
        covered = sum(min(a.covered_us, a.length_us) for a in told)
        yield lot, Use(
            items()[name], tuple(c.meter for c in own), _rounded(parts),
            Fraction(covered, sum(a.length_us for a in told)), sum(a.cut for a in told), flags,
        )  # fmt: skip


def _counts(channel: registry.Channel, amount: spans.Amount) -> Fraction | None:
    ratio = item_ratio(channel.unit, channel.scale, channel.item)
    return None if ratio is None or amount.milli is None else amount.milli * ratio


def _rounded(parts: list[Fraction | None]) -> int | None:
    known = [p for p in parts if p is not None]
    return round(sum(known, Fraction())) if len(known) == len(parts) else None


LINES = pa.schema(
    [("subject", pa.int64()), ("item", pa.string()), ("month", pa.date32()), ("value", pa.int64())]
)


def _valued(
    con: duckdb.DuckDBPyConnection, uses: list[tuple[Lot, Use]], known_at: int | None
) -> dict[int, dict[str, Any]]:
    """Place of a use → its standard coal and CO2, by the factors of the month it began in."""
    lines = [
        {"subject": n, "item": use.item.item, "value": use.count, "month": _month(lot)}
        for n, (lot, use) in enumerate(uses) if use.energy
    ]  # fmt: skip
    con.register("lot_lines", pa.Table.from_pylist(lines, schema=LINES))
    newest = max(_month(lot) for lot, _ in uses)
    valued.build(con, "lot_lines", live.basis(newest, known_at))
    rows = con.execute("SELECT subject, gce, mg, carbon_rows FROM valued").fetchall()
    return {
        n: {"gce": gce, "mg": mg, "rows": tuple((named or "").split())}
        for n, gce, mg, named in rows
    }


def _month(lot: Lot) -> dt.date:
    return lot.begin.astimezone(ZoneInfo(lot.zone or settings.TIME_ZONE)).date().replace(day=1)
