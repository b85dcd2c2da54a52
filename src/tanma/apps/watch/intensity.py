"""Carbon intensity of the running quarter, estimated from meters: never a published result.

Estimate = metered CO2 per day of readings in the period so far ÷ value added per day of the last
period in which it is known. Days without readings are in neither. It stands beside the published L,
names what it rests on, and says which energy of the last period has no meter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from tanma.apps.codes import door as codes
from tanma.apps.facts import door as facts
from tanma.apps.live import door as live
from tanma.apps.metering import door as metering
from tanma.apps.people.door import Viewer, visible
from tanma.apps.registry import door as registry
from tanma.apps.watch import alarms, limits
from tanma.domain.items import items

VALUE_ADDED, YUAN_PER_10K = "economy.value_added", 10_000
SOURCES = ("stat.finance", "tax", "declared")
"""Whose value added counts first where several said it."""


@dataclass(frozen=True)
class Rate:
    """Amount per day over the last period in which it is known."""

    item: str
    per_day: float
    first: dt.date
    end: dt.date
    source: str


@dataclass(frozen=True)
class Metered:
    """One item of the running period: what its uppermost meters counted, and its carbon."""

    item: str
    amount: float
    unit: str
    co2_t: float
    per_day_t: float
    """Of the days that readings speak of, meter by meter."""
    days: float
    """The fewest days of readings of any of these meters."""
    factor: str


@dataclass(frozen=True)
class Estimate:
    """The running period so far, and what it rests on."""

    first: dt.date
    until: dt.date
    """The day after the last whole day."""
    metered: list[Metered]
    uncounted: list[str]
    """Items of the last period that no meter counts."""
    rate: Rate | None
    products: list[Rate]

    @property
    def co2_t(self) -> float:
        return sum(m.co2_t for m in self.metered)

    @property
    def per_day_t(self) -> float:
        return sum(m.per_day_t for m in self.metered)

    @property
    def intensity(self) -> float | None:
        """t CO2 per 10⁴ yuan of value added; None without a positive rate or without readings."""
        if self.rate is None or self.rate.per_day <= 0 or not self.metered:
            return None
        return self.per_day_t / (self.rate.per_day / YUAN_PER_10K)

    def per_product(self, product: Rate) -> float | None:
        """t CO2 per unit of a product at the rate of its last period."""
        return self.per_day_t / product.per_day if product.per_day > 0 and self.metered else None


def quarter(day: dt.date) -> dt.date:
    """The first day of the quarter of a day."""
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def estimate(subject: int, today: dt.date | None = None) -> Estimate:
    """Of an enterprise, from kept whole days of its uppermost meters and from facts."""
    day = today or timezone.localdate()
    first = quarter(day) if quarter(day) < day else quarter(day - dt.timedelta(days=1))
    counted = _metered(subject, first, day)
    rate = _rate(subject, VALUE_ADDED)
    products = [] if rate and rate.per_day > 0 else _products(subject)
    return Estimate(first, day, counted, _uncounted(subject, counted, day), rate, products)


def _metered(subject: int, first: dt.date, end: dt.date) -> list[Metered]:
    """What the uppermost meters of each item counted in days [first, end)."""
    tops = _tops(subject)
    if not tops:
        return []
    with live.engine() as con:
        live.keep_days(con, first, end, [c.id for c in tops])
        rows = con.execute(
            "SELECT channel, sum(milli)::DOUBLE, sum(covered_s) / 86400 FROM days"
            " WHERE milli IS NOT NULL AND covered_s > 0 GROUP BY channel"
        ).fetchall()
    told = {c: (milli / 1000, days) for c, milli, days in rows}
    found = []
    for item in dict.fromkeys(c.item for c in tops):
        own = [c for c in tops if c.item == item and c.id in told]
        if own and (made := _of_item(item, own, told, end)) is not None:
            found.append(made)
    return found


def _of_item(
    item: str, own: Sequence[registry.Channel], told: dict[int, tuple[float, float]], on: dt.date
) -> Metered | None:
    amounts = [told[c.id][0] / 10**c.scale for c in own]
    said = [(item, a, c.unit) for a, c in zip(amounts, own, strict=True)]
    valued = [v for v in live.of_amounts(said, on) if v is not None]
    known = [v.co2_t for v in valued if v.co2_t is not None]
    if len(known) < len(own) or len({c.unit for c in own}) > 1:
        return None
    days = [told[c.id][1] for c in own]
    per_day = sum(v / d for v, d in zip(known, days, strict=True))
    return Metered(
        item, sum(amounts), own[0].unit, sum(known), per_day, min(days),
        live.factors(valued[0].factors),
    )  # fmt: skip


def _tops(subject: int) -> list[registry.Channel]:
    """Channels of an enterprise whose carbon can be estimated, without those below another such."""
    meters = {m.name: m for m in metering.Meter.objects.filter(enterprise=subject, formula="")}
    by_id = {m.id: m for m in meters.values()}
    rows = registry.Channel.objects.filter(meter__in=meters).order_by("id")
    having = live.estimable([c.item for c in rows], timezone.localdate())
    counted = [c for c in rows if c.item in having]
    has = {(c.meter, c.item) for c in counted}
    return [c for c in counted if not _below(meters[c.meter], c.item, by_id, has)]


def _below(
    meter: metering.Meter, item: str, by_id: dict[int, metering.Meter], has: set[tuple[str, str]]
) -> bool:
    """Whether a meter above counts the same item."""
    seen, above = {meter.id}, by_id.get(meter.parent or 0)
    while above is not None and above.id not in seen:
        if (above.name, item) in has:
            return True
        seen.add(above.id)
        above = by_id.get(above.parent or 0)
    return False


def _amounts(subject: int, which: Q) -> list[facts.Fact]:
    rows = facts.Fact.objects.filter(which, subject=subject, kind="amount")
    return [f for f in facts.current(list(rows)) if f.value is not None]


def _rate(subject: int, item: str) -> Rate | None:
    """Per day over the newest span in which an item is known, from the source that counts first."""
    said = _amounts(subject, Q(item=item))
    if not said:
        return None

    def place(fact: facts.Fact) -> tuple[dt.date, int]:
        known = fact.source in SOURCES
        return fact.valid_to, -SOURCES.index(fact.source) if known else -len(SOURCES)

    newest = max(said, key=place)
    assert newest.value is not None
    days = (newest.valid_to - newest.valid_from).days
    amount = newest.value / 10 ** items()[item].scale
    return Rate(item, amount / days, newest.valid_from, newest.valid_to, newest.source)


def _products(subject: int) -> list[Rate]:
    said = _amounts(subject, Q(item__startswith="product.", item__endswith=".output"))
    found = (_rate(subject, item) for item in sorted({f.item for f in said}))
    return [r for r in found if r is not None]


def _uncounted(subject: int, counted: Sequence[Metered], day: dt.date) -> list[str]:
    """Energy that the enterprise stated within a year and that the estimate does not hold."""
    since = day - dt.timedelta(days=400)
    energy = Q(item="electricity.purchased") | Q(item="heat.purchased") | Q(
        item__startswith="fuel.", item__endswith=".burnt"
    )  # fmt: skip
    said = {f.item for f in _amounts(subject, energy & Q(valid_to__gte=since)) if f.value}
    return sorted(said - {m.item for m in counted})


def published(viewer: Viewer, subject: int) -> codes.Result | None:
    """The result in force: L and the benchmark stand beside the estimate."""
    result = codes.latest_result(subject)
    if result is None:
        return None
    rows = visible(viewer, codes.Result.objects.filter(pk=result.pk)).select_related("run")
    return next(iter(codes.for_viewer(viewer, rows)), None)


def may_see(viewer: Viewer, subject: int) -> bool:
    """Who may see L: figures of the enterprise, and what rests on statistics of it."""
    return viewer.may("see_figures", subject) and viewer.may("see_statistical", subject)


def watch(done: alarms.Evaluated) -> None:
    """Hold the estimate of enterprises that stated a limit against it, as the day of today."""
    today = timezone.localdate()
    item = limits.PREFIX + limits.INTENSITY
    rows = facts.Fact.objects.filter(item=item, kind="attribute").values_list("subject", flat=True)
    for subject, said in limits.now(set(rows)).items():
        bound = float(said[limits.INTENSITY]) if limits.INTENSITY in said else None
        kept = alarms.enterprise_breach(subject, limits.INTENSITY, today)
        value = estimate(subject, today).intensity
        over = bound is not None and value is not None and value > bound
        found = alarms.Over(value, bound) if over else None  # type: ignore[arg-type]
        key = (0, limits.INTENSITY, today)
        alarms.settle(key, subject, found, kept, done, unit="t/万元")
