"""Rules in force here: what comes with the package and what this region has released beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from tanma.apps.rules.models import Kind, Pack, State
from tanma.domain.factors.tables import Row, Table, TableInfo, factor_rows, info, library
from tanma.domain.messages import Problem
from tanma.domain.methods import Edition, edition_on, succession
from tanma.domain.methods import editions as shipped_editions
from tanma.domain.rating import find, shipped
from tanma.domain.rating.loader import succession as scheme_succession
from tanma.domain.rating.scheme import Scheme
from tanma.engine.rules import RuleText, edition_from, scheme_from, table_from


def packs(kind: str) -> list[Pack]:
    """Released packs of a kind in the order of their release."""
    rows = Pack.objects.filter(state=State.RELEASED, kind=kind)
    return list(rows.order_by("released_at", "pk"))


def schemes(beside: Iterable[Scheme] = ()) -> tuple[Scheme, ...]:
    """Every edition of every scheme; one without an end ends where its successor begins."""
    own = (scheme_from(p.text) for p in packs(Kind.SCHEME))
    return scheme_succession([*shipped(), *own, *beside])


def scheme(name: str, edition: str) -> Scheme | None:
    """One edition, as results name it; the package's own without a look at the database."""
    wanted = (name, edition)
    found = next((s for s in shipped() if (s.id, s.edition) == wanted), None)
    return found or next((s for s in schemes() if (s.id, s.edition) == wanted), None)


def scheme_on(name: str, day: date) -> Scheme:
    """The edition valid on a day; a Problem names the editions there are."""
    return find(name, day, schemes())


def editions() -> tuple[Edition, ...]:
    """Every edition of every account; one without an end ends where its successor begins."""
    return succession(edition_from(p.text) for p in packs(Kind.EDITION))


def further() -> tuple[Table, ...]:
    """The region's factor tables, which every reader of factors takes beside the package's."""
    released = Pack.objects.filter(state=State.RELEASED, kind=Kind.FACTORS)
    keys = released.order_by("released_at", "pk").values_list("pk", flat=True)
    return _tables(tuple(keys))


@lru_cache(maxsize=16)
def _tables(keys: tuple[int, ...]) -> tuple[Table, ...]:
    """The tables of packs: what is released stands, so each is read once."""
    found = Pack.objects.in_bulk(keys)
    return tuple(table_from(found[key].text) for key in keys)


def library_here() -> dict[str, Table]:
    """The tables of the package and those of the region, by name."""
    return library() | {t.card.name: t for t in further()}


def tables() -> list[TableInfo]:
    return [info(t) for t in library_here().values()]


def rows(name: str) -> list[Row]:
    found = library_here().get(name)
    if found is None:
        raise Problem("factor_table_unknown", name=name, allowed=", ".join(library_here()))
    return [dict(r) for r in found.rows]


def factor_row(row_id: str) -> Row:
    """The row behind a natural key, of the package or of the region; empty where there is none."""
    shipped_row = _rows_of(()).get(row_id)
    return dict(shipped_row or _rows_of(further()).get(row_id) or {}) if row_id else {}


@lru_cache(maxsize=16)
def _rows_of(tables: tuple[Table, ...]) -> dict[str, Row]:
    """Rows of some tables by natural key; of those of the package for none."""
    return {row["id"]: row for _, row in factor_rows(tables or None)}


def pinned(name: str, day: date) -> tuple[Scheme, tuple[RuleText, ...]]:
    """The edition for a period that ends on a day, and the released rules a run takes along."""
    chosen = scheme_on(name, day)
    own = [
        p.text for p in packs(Kind.SCHEME) if (p.name, p.edition) == (chosen.id, chosen.edition)
    ]
    return chosen, (*own, *_texts_on(day), *(p.text for p in packs(Kind.FACTORS)))


def editions_on(day: date) -> tuple[Edition, ...]:
    """The accounting editions that are in force on a day, one of an account."""
    return _in_force(tuple(p.text for p in packs(Kind.EDITION)), day)


@lru_cache(maxsize=64)
def _in_force(released: tuple[RuleText, ...], day: date) -> tuple[Edition, ...]:
    """The same editions are the same objects, since what is bound to items is kept by them."""
    read = [edition_from(text) for text in released]
    return tuple(edition_on(name, day, read) for name in shipped_editions())


def _texts_on(day: date) -> list[RuleText]:
    """Those of them that the region released."""
    own = {(p.name, p.edition): p.text for p in packs(Kind.EDITION)}
    names = ((e.id, e.edition) for e in editions_on(day))
    return [own[name] for name in names if name in own]
