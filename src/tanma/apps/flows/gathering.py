"""Everything that is stated and metered of some enterprises over a span, as flows of balances.

Whole months are told by facts, by the choice among sources that runs make; where facts say nothing,
and for spans of days, by the meters at the border. Sections inside are always metered. What is
known in part is told as it stands and named as a gap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import duckdb
import pyarrow as pa

from tanma.apps.flows import inside
from tanma.apps.flows.inside import Point
from tanma.apps.flows.spans import Span
from tanma.apps.live import door as live
from tanma.domain.balances import Flow, roles
from tanma.domain.items import items
from tanma.engine import flows as engine
from tanma.engine.metering.channels import item_ratio

DAY_S = 86_400


@dataclass(frozen=True)
class Metered:
    """What a channel counted in a span, at its item's scale, with how much of it is known."""

    point: Point
    count: int | None
    gce: int | None
    mg: int | None
    covered: Fraction


@dataclass(frozen=True)
class Gap:
    """Something that is known in part or not at all: whose, what, months or share of the time."""

    subject: int
    name: str
    told: int | None = None
    expected: int | None = None
    covered: Fraction | None = None


@dataclass
class Gathered:
    """Flows by enterprise; what lies below each section; what is missing; who said the rest."""

    span: Span
    flows: dict[int, list[Flow]] = field(default_factory=dict)
    below: dict[str, list[Flow]] = field(default_factory=dict)
    """Place of a section → the devices below it."""
    gaps: list[Gap] = field(default_factory=list)
    sources: dict[tuple[int, str], tuple[str, ...]] = field(default_factory=dict)
    mg: dict[int, list[int | None]] = field(default_factory=dict)
    """Estimated CO2 of what was bought or burnt, part by part."""
    measured: list[Metered] = field(default_factory=list)

    def all(self) -> list[Flow]:
        return [flow for own in self.flows.values() for flow in own]


def gather(
    con: duckdb.DuckDBPyConnection, known: str, subjects: Collection[int], span: Span, *,
    fresh: bool = True,
) -> Gathered:  # fmt: skip
    """Flows of enterprises from facts of the relation `known` and from their meters.

    `fresh`: short spans are derived from readings here; otherwise days are taken as kept.
    """
    made = Gathered(span, {s: [] for s in subjects})
    stated = _stated(con, known, span)
    points = inside.points(subjects, span.last)
    metered = made.measured = _metered(con, points, span, fresh)
    for one in stated:
        _add(made, one.subject, one.item, one.count, one.gce, one.mg)
        made.sources[one.subject, one.item] = one.sources
        if one.months < span.months:
            made.gaps.append(Gap(one.subject, one.item, one.months, span.months))
    _border(made, {(s.subject, s.item) for s in stated}, metered)
    _sections(made, inside.sections(points), metered)
    return made


def _stated(con: duckdb.DuckDBPyConnection, known: str, span: Span) -> list[engine.Stated]:
    if not span.whole:
        return []
    by = live.basis(span.end - dt.timedelta(days=1))
    return engine.stated(con, known, list(roles()), (span.first, span.end), by)


def _add(
    made: Gathered, subject: int, item: str, count: int, gce: int | None, mg: int | None
) -> None:
    role = roles()[item].role
    made.flows.setdefault(subject, []).append(
        Flow(items()[item].carrier, role, item, count, gce)
    )
    if item in ("electricity.purchased", "heat.purchased") or role == "burnt":
        made.mg.setdefault(subject, []).append(mg)


def _metered(
    con: duckdb.DuckDBPyConnection, points: Sequence[Point], span: Span, fresh: bool
) -> list[Metered]:
    """Amounts of channels by month, added exactly, rounded once a month, half to even."""
    if not points:
        return []
    channels = [p.channel for p in points]
    if fresh:
        live.days_of(con, channels, span.first, span.end)
    else:
        live.keep_days(con, span.first, span.end, [c.id for c in channels])
    months = con.execute(
        """SELECT channel, CAST(date_trunc('month', day) AS DATE), sum(milli)::HUGEINT,
                  sum(covered_s)::BIGINT
           FROM days WHERE milli IS NOT NULL GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    by_id = {p.channel.id: p for p in points}
    lines = [
        {"subject": c, "item": by_id[c].channel.item, "month": month, "value": count}
        for c, month, milli, _ in months
        if (count := _count(by_id[c], int(milli))) is not None
    ]
    by = live.basis(span.end - dt.timedelta(days=1))
    worth = engine.worth(con, pa.Table.from_pylist(lines, schema=engine.LINES), by)
    counts: dict[int, int] = {}
    for line in lines:
        counts[line["subject"]] = counts.get(line["subject"], 0) + line["value"]
    covered: dict[int, int] = {}
    for c, _, _, seconds in months:
        covered[c] = covered.get(c, 0) + seconds
    expected = (span.end - span.first).days * DAY_S
    return [
        Metered(
            p, counts.get(p.channel.id), *worth.get((p.channel.id, p.channel.item), (None, None)),
            min(Fraction(covered.get(p.channel.id, 0), expected), Fraction(1)),
        )
        for p in points
    ]  # fmt: skip


def _count(point: Point, milli: int) -> int | None:
    ratio = item_ratio(point.channel.unit, point.channel.scale, point.channel.item)
    return None if ratio is None else round(milli * ratio)


def _border(made: Gathered, stated: set[tuple[int, str]], metered: Iterable[Metered]) -> None:
    """What border meters count of items that facts say nothing of."""
    for one in metered:
        subject, item = one.point.subject, one.point.channel.item
        if one.point.depth != inside.BORDER or (subject, item) in stated:
            continue
        if one.count is not None:
            _add(made, subject, item, one.count, one.gce, one.mg)
            made.sources[subject, item] = ("meter",)
        _gap(made, one)


def _gap(made: Gathered, one: Metered) -> None:
    if one.covered < 1:
        made.gaps.append(Gap(one.point.subject, one.point.meter.name, covered=one.covered))


def _sections(made: Gathered, sections: list[Point], metered: Sequence[Metered]) -> None:
    by_channel = {m.point.channel.id: m for m in metered}
    for point in sections:
        one = by_channel[point.channel.id]
        if point.depth != inside.BORDER:
            _gap(made, one)
        if one.count is None or not _used(point):
            continue
        subject = point.subject
        made.flows.setdefault(subject, []).append(_flow(one))
        _instead(made.flows[subject], point.channel.item)
        made.below[point.meter.name] = [
            _flow(m) for m in metered if m.point.above == point.channel.id and m.count is not None
        ]


def _used(point: Point) -> bool:
    """Whether a part tells of use: of what is bought, burnt or consumed, not of what is sold."""
    role = roles().get(point.channel.item)
    return role is None or role.role in ("bought", "burnt")


def _flow(one: Metered) -> Flow:
    point = one.point
    return Flow(
        point.carrier, "metered", point.channel.item, one.count or 0, one.gce, point.meter.name
    )


def _instead(flows: list[Flow], item: str) -> None:
    """Fuel whose burning is metered section by section: supply stays, its use is the sections."""
    role = roles().get(item)
    if role is None or role.role != "burnt":
        return
    for place, flow in enumerate(flows):
        if flow.item == item and flow.role == "burnt":
            bought = f"{flow.carrier}.purchased"
            stated = any(f.item == bought for f in flows)
            del flows[place]
            if not stated:
                flows.append(
                    Flow(flow.carrier, "bought", bought, flow.count, flow.gce, inferred=True)
                )
            return


def newest(con: duckdb.DuckDBPyConnection, known: str) -> dt.date | None:
    """The newest month that facts about items of balances speak of."""
    con.register("flows_roles", pa.table({"item": list(roles())}))
    rows = con.execute(
        f"""SELECT max(valid_to) FROM {known} SEMI JOIN flows_roles USING (item)
            WHERE value IS NOT NULL AND kind IN ('amount', 'cumulative')"""
    ).fetchall()
    end: dt.date | None = rows[0][0]
    return None if end is None else end - dt.timedelta(days=1)
