"""Why the index of an area moved against the year before: causes that add up, and who moved it.

Compared are the frozen results of two publications, enterprise by enterprise. What single
enterprises add is told of those alone whose figures the viewer may see; the others stand in one
line, so that the list adds up as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import duckdb

from tanma.apps.areas.door import FEN_PER_WAN, MG_PER_T, Frozen, frozen
from tanma.apps.codes import door as codes
from tanma.apps.people.door import Viewer, visible
from tanma.domain.rating.attention import index_rule
from tanma.domain.rating.attention.causes import NOTHING, Decomposed, Part, contribution, decompose
from tanma.engine.disclosure import few

MEMBER = """{t}.size_class = 'above' AND {t}.net_mg IS NOT NULL AND {t}.output_fen > 0
            AND {t}.missing = 0"""
"""Of those whose sums an index is made of, who reported every month."""
CLOSED = "coalesce(NOT {t}.may_use AND ({t}.restricted OR {t}.energy_restricted), false)"
BOTH = """
    SELECT n.subject, n.area_code, n.management_code, left(n.industry, {digits}) AS part,
           {closed} AS closed,
           n.net_mg, coalesce(n.energy_calorific_gce, 0), n.output_fen,
           b.net_mg, coalesce(b.energy_calorific_gce, 0), b.output_fen
    FROM now n JOIN before b USING (subject) WHERE {now} AND {before}"""
UNIT = Fraction(FEN_PER_WAN, MG_PER_T)
"""t per 10⁴ yuan of one mg per fen."""


@dataclass(frozen=True)
class Pair:
    """One enterprise in both years."""

    subject: int
    industry: str
    closed: bool
    """Told to nobody singly, in one of the two years."""
    before: Part
    after: Part


@dataclass(frozen=True)
class Causes:
    """The change of an area's index between two publications, in parts that add up to it."""

    pairs: tuple[Pair, ...]
    made: Decomposed
    index_before: Fraction
    index_after: Fraction
    """as published, over everybody [mg/fen]"""

    @property
    def change(self) -> Fraction:
        return self.index_after - self.index_before

    @property
    def others(self) -> Fraction:
        """What came from those who stand in one of the two alone."""
        return self.change - self.made.index_change

    def share(self, pair: Pair) -> Fraction:
        """What one enterprise adds to the change over those in both years [mg/fen]."""
        return contribution(pair.before, pair.after, self.made.before, self.made.after)


def causes(run: codes.Run, before: codes.Run, hierarchy: str, code: str) -> Causes | None:
    """None where the area had no index in one of the two publications, or nobody is in both."""
    now, past = frozen(run), frozen(before)
    rows = [data.areas.get((hierarchy, code)) for data in (now, past)]
    indices = [
        Fraction(r["index_mg"], r["index_output_fen"])
        for r in rows if r and r["index_output_fen"]
    ]  # fmt: skip
    pairs = tuple(_pairs(now, past, hierarchy, code))
    made = decompose(_parts((p.industry, p.before) for p in pairs),
                     _parts((p.industry, p.after) for p in pairs))  # fmt: skip
    if made is None or len(indices) < len(rows):
        return None
    return Causes(pairs, made, *indices)


def _pairs(now: Frozen, past: Frozen, hierarchy: str, code: str) -> Iterable[Pair]:
    """Members of the index in both years; where an enterprise stands is told by this year."""
    query = BOTH.format(
        digits=index_rule().structure_digits, now=MEMBER.format(t="n"),
        before=MEMBER.format(t="b"),
        closed=f"{CLOSED.format(t='n')} OR {CLOSED.format(t='b')}",
    )  # fmt: skip
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("now", now.results)
        con.register("before", past.results)
        rows = con.sql(query).fetchall()
    tree, place = now.trees[hierarchy], 1 if hierarchy == "statutory" else 2
    for row in rows:
        if code == now.home or tree.inside(row[place] or "", code):
            yield Pair(row[0], row[3], row[4], Part(*row[8:11]), Part(*row[5:8]))


def withheld(found: Causes) -> bool:
    """Whether the causes would tell one or two of those told to nobody, in a division or in all."""
    closed = Counter(pair.industry for pair in found.pairs if pair.closed)
    return any(few(n) for n in closed.values())


def _parts(rows: Iterable[tuple[str, Part]]) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for name, part in rows:
        found[name] = found.get(name, NOTHING) + part
    return found


@dataclass(frozen=True)
class Mover:
    """What one enterprise adds to the change of the index, with its two results."""

    now: codes.Result
    before: codes.Result
    share: Fraction

    @property
    def subject(self) -> int:
        return self.now.subject


def movers(found: Causes, run: codes.Run, before: codes.Run, viewer: Viewer) -> list[Mover]:
    """Enterprises by what they add, of those whose amounts of both years the viewer may see."""
    told = {p.subject: p for p in found.pairs}
    rows = [
        {r.subject: r for r in visible(viewer, codes.Result.objects.filter(run=one))
         if r.subject in told and None not in (r.net_mg, r.output_fen)}
        for one in (run, before)
    ]  # fmt: skip
    seen = rows[0].keys() & rows[1].keys()
    made = [Mover(rows[0][s], rows[1][s], found.share(told[s])) for s in seen]
    return sorted(made, key=lambda m: (-abs(m.share), m.now.natural_key))
