"""Editions in time: which one is in force on a day, and what the next one has to hold.

A new edition of an account takes the place of the one before it: pages, reports and the rating find
totals by their ids, so these stay. What an edition counts and by which factors is its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from tanma.domain.items import items as catalogue
from tanma.domain.messages import Problem
from tanma.domain.methods.edition import Edition, editions
from tanma.domain.methods.plans import bind

ENERGY_GROUPS = ("electricity", "heat", "fuel", "process")
"""Groups of items on which every account has something to say."""


def succession(further: Iterable[Edition] = ()) -> tuple[Edition, ...]:
    """Editions of the package and further ones by id and beginning.

    One without an end ends where its successor begins.
    """
    known = (*editions().values(), *further)
    ordered = sorted(known, key=lambda e: (e.id, e.in_force_from))
    return tuple(
        replace(one, in_force_to=after.in_force_from)
        if after and after.id == one.id and one.in_force_to is None else one
        for one, after in zip(ordered, (*ordered[1:], None), strict=True)
    )  # fmt: skip


def edition_on(edition_id: str, day: date, further: Iterable[Edition] = ()) -> Edition:
    """The edition in force on a day.

    Days before the first edition belong to it: when those of the package began is `recalled`, and
    older periods have always been counted by them.
    """
    own = [e for e in succession(further) if e.id == edition_id]
    begun = [e for e in own if e.in_force_from <= day] or own[:1]
    if not begun or (begun[-1].in_force_to or date.max) <= day:
        spans = (f"{e.edition}: {e.in_force_from} – {e.in_force_to or '…'}" for e in own)
        told = "; ".join(spans) or "-"
        raise Problem("edition_not_in_force", id=edition_id, day=day, editions=told)
    return begun[-1]


def check_successor(made: Edition, text: str, before: Edition) -> None:
    """That an edition can take the place of another: quantum and totals stay, no item is forgotten.

    `text` is the file of the new one, for the lines of problems.
    """
    if made.quantum != before.quantum:
        raise _problem(
            "edition_quantum_other", made, text, "quantum", id=made.id, quantum=made.quantum,
            expected=before.quantum,
        )  # fmt: skip
    held = {total.id for total in made.totals}
    for total in before.totals:
        if total.id not in held:
            raise _problem(
                "edition_total_lost", made, text, "[[total]]", total=total.id, base=before.edition
            )
    units = {i.item: i.unit for i in catalogue().values() if i.group in ENERGY_GROUPS}
    for item in bind(made, units).unmatched:
        raise _problem("edition_item_unplaced", made, text, "[[line]]", item=item)


def _problem(code: str, made: Edition, text: str, needle: str, **params: object) -> Problem:
    lines = enumerate(text.splitlines(), 1)
    line = next((n for n, found in lines if found.startswith(needle)), 1)
    return Problem(code, file=made.file, line=line, **params)
