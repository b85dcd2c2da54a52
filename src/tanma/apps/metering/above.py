"""Which rows of a register may not say what lies above their meters.

The meter above is registered or comes in the same file, belongs to the same enterprise on the
newest word, and on no day does the way up lead back. Contract: docs/design/readings.md §1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from tanma.apps.facts import door as facts
from tanma.apps.metering.projection import enterprises
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem

UNKNOWN, OTHER, CIRCLE = "unknown", "other", "circle"
SLICE = 1000
ITEMS = ("meter.enterprise", "meter.parent")
Node = int | str
"""A meter: its subject, or its name as long as it has none."""
Edge = tuple[date, date, int, Node]
"""What one statement says of a meter: from, until (exclusive), row (-1: known), what is above."""


@dataclass(frozen=True)
class Placed:
    """A row of a file: a meter of an enterprise, below `parent` ("": below the enterprise)."""

    row: int
    meter: str
    enterprise: str
    parent: str
    since: date
    until: date


@dataclass
class _Known:
    """What is registered of the meters of a file and of all above them."""

    subjects: Mapping[str, int]
    firms: Mapping[str, int]
    owners: dict[Node, int | str] = field(default_factory=dict)
    edges: dict[Node, list[Edge]] = field(default_factory=dict)

    def node(self, name: str) -> Node:
        return self.subjects.get(name, name)

    def firm(self, name: str) -> int | str:
        return self.firms.get(name, name)


def refused(rows: Sequence[Placed]) -> dict[int, str]:
    """Row → why it cannot be taken; a row whose parent falls with its own row falls too."""
    known = _known(rows)
    wrong: dict[int, str] = {}
    while True:
        left = [r for r in rows if r.row not in wrong]
        more = _unfounded(left, known) or _circles(left, known)
        if not more:
            return wrong
        wrong |= more


def _known(rows: Sequence[Placed]) -> _Known:
    subjects = registry.find("meter", {n for r in rows for n in (r.meter, r.parent) if n})
    said: list[facts.Fact] = []
    seen: set[int] = set()
    todo = set(subjects.values())
    while todo:
        found = _facts(sorted(todo))
        said, seen = said + found, seen | todo
        todo = {s for f in found if (s := _above(f))} - seen
    firms = enterprises({r.enterprise for r in rows} | {_owner(f) for f in said})
    known = _Known(subjects, firms)
    for fact in sorted(said, key=lambda f: (f.valid_from, facts.rank(f))):
        if above := _above(fact):
            edge = (fact.valid_from, fact.valid_to, -1, above)
            known.edges.setdefault(fact.subject, []).append(edge)
        elif owner := _owner(fact):
            known.owners[fact.subject] = known.firm(owner)
    return known


def _facts(subjects: Sequence[int]) -> list[facts.Fact]:
    found: list[facts.Fact] = []
    for start in range(0, len(subjects), SLICE):
        part = subjects[start : start + SLICE]
        rows = facts.Fact.objects.filter(subject__in=part, item__in=ITEMS, kind="attribute")
        found += facts.current(list(rows))
    return found


def _owner(fact: facts.Fact) -> str:
    return (fact.text or "") if fact.item == "meter.enterprise" else ""


def _above(fact: facts.Fact) -> int | None:
    if fact.item != "meter.parent" or not fact.text:
        return None
    try:
        return id_from_text(fact.text)
    except Problem:
        return None


def _unfounded(rows: Sequence[Placed], known: _Known) -> dict[int, str]:
    """Parents that nobody registered, and those of somebody else."""
    owners = known.owners | {known.node(r.meter): known.firm(r.enterprise) for r in rows}
    wrong = {}
    for r in (r for r in rows if r.parent):
        owner = owners.get(known.node(r.parent))
        if owner is None:
            wrong[r.row] = UNKNOWN
        elif owner != known.firm(r.enterprise):
            wrong[r.row] = OTHER
    return wrong


def _circles(rows: Sequence[Placed], known: _Known) -> dict[int, str]:
    """Rows that close a circle on some day; one that was known before is nobody's fault here."""
    edges = {node: list(many) for node, many in known.edges.items()}
    for r in (r for r in rows if r.parent):
        edge = (r.since, r.until, r.row, known.node(r.parent))
        node = known.node(r.meter)
        # the same days said again replace what was said
        others = [e for e in edges.get(node, []) if (e[0], e[1]) != (r.since, r.until)]
        edges[node] = [*others, edge]
    core = _core(edges)
    days = {day for many in core.values() for e in many for day in e[:2]}
    return {row: CIRCLE for day in sorted(days) for row in _closed(core, day)}


def _core(edges: Mapping[Node, list[Edge]]) -> dict[Node, list[Edge]]:
    """Meters that could lie on a circle: whatever ends at the top on all its ways is left out."""
    left = dict(edges)
    while True:
        kept = {n: [e for e in many if e[3] in left] for n, many in left.items()}
        kept = {n: many for n, many in kept.items() if many}
        if len(kept) == len(left):
            return {n: edges[n] for n in kept}
        left = kept


def _closed(edges: Mapping[Node, list[Edge]], day: date) -> Iterable[int]:
    """Rows on the circles of one day."""
    up = {n: now for n, many in edges.items() if (now := _valid(many, day))}
    done: set[Node] = set()
    for start in up:
        way: list[Node] = []
        node = start
        while node in up and node not in done:
            done.add(node)
            way.append(node)
            node = up[node][1]
        if node in way:
            yield from (up[n][0] for n in way[way.index(node) :] if up[n][0] >= 0)


def _valid(edges: Sequence[Edge], day: date) -> tuple[int, Node] | None:
    """What counts on a day, as (row, above): the statement that began last."""
    now = [e for e in edges if e[0] <= day < e[1]]
    newest = max(now, key=lambda e: (e[0], e[2]), default=None)
    return None if newest is None else (newest[2], newest[3])
