"""Two entries that are one enterprise: what was stated of the duplicate becomes the kept one's.

Each amount is appended under the kept subject, with the batch that brought it and the case in its
evidence, and withdrawn under the other, so that nothing counts twice at any date. Where both
entries state one month in different words, the kept one's statement stays and the other is left
where it was, counted in the case. As known before the decision everything stands as it stood.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tanma.apps.facts import door as facts
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry

SAME = ("item", "kind", "valid_from", "valid_to", "source", "revision", "data_class")
OPEN_END = date(9999, 12, 31)
KEPT_BY_OTHER = ("name", "name.en", "status")
"""Attributes that the closed entry keeps, so that lists and old publications can name it."""


@dataclass(frozen=True)
class Carried:
    """How many statements moved, and how many stayed because the kept entry says otherwise."""

    moved: int
    left: int


def carry(kept: int, other: int, effective: date, author: str, evidence: str) -> Carried:
    """Move what is stated of one entry to another, and close the emptied one from a day on."""
    now = [f for f in facts.current(facts.facts_of(other)) if f.item not in KEPT_BY_OTHER]
    amounts = [f for f in now if f.kind != "attribute"]
    newest = facts.newest([_key(kept, f) for f in amounts])
    there = {f.seq: newest.get(_key(kept, f)) for f in amounts}
    left = [f for f in amounts if _says(there[f.seq], otherwise_than=f)]
    moved = [_moved(f, kept, there[f.seq], evidence) for f in amounts if not _says(there[f.seq])]
    gone = [_withdrawn(f) for f in now if f not in left]
    _append([*moved, *gone, _closed(other, effective)], author, evidence)
    people.Membership.objects.filter(subject=other).update(subject=kept)
    return Carried(len(moved), len(left))


def follow(kept: int, others: Iterable[int]) -> list[registry.ExternalId]:
    """Identifiers and grid accounts of the others lead to the kept one; those that moved."""
    rows = list(registry.ExternalId.objects.filter(subject__in=list(others)))
    for row in rows:
        row.subject = kept
    registry.ExternalId.objects.bulk_update(rows, ["subject"], batch_size=500)
    return rows


def _key(subject: int, fact: facts.Fact) -> bytes:
    span = (fact.valid_from, fact.valid_to)
    return facts.content_key(subject, fact.item, fact.kind, *span, fact.source, {})


def _says(fact: facts.Fact | None, otherwise_than: facts.Fact | None = None) -> bool:
    """Whether there is a statement at all, or one that differs from another."""
    if fact is None or fact.value is None:
        return False
    return otherwise_than is None or fact.value != otherwise_than.value


def _moved(fact: facts.Fact, kept: int, there: facts.Fact | None, evidence: str) -> dict[str, Any]:
    return {
        **{name: getattr(fact, name) for name in (*SAME, "value", "text", "reported")},
        "subject": kept, "evidence": f"{fact.evidence} {evidence}"[:120],
        "corrects": _digest(there) if there else "",
    }  # fmt: skip


def _withdrawn(fact: facts.Fact) -> dict[str, Any]:
    return {
        **{name: getattr(fact, name) for name in SAME},
        "subject": fact.subject, "value": None, "text": None, "corrects": _digest(fact),
    }  # fmt: skip


def _closed(other: int, effective: date) -> dict[str, Any]:
    return {
        "subject": other, "item": "status", "kind": "attribute", "valid_from": effective,
        "valid_to": OPEN_END, "value": None, "text": "closed", "reported": "closed",
        "source": "registry", "data_class": "public",
    }  # fmt: skip


def _digest(fact: facts.Fact) -> str:
    return f"sha256:{bytes(fact.digest).hex()}"


def _append(records: list[dict[str, Any]], author: str, evidence: str) -> None:
    for _receipt in facts.append_all(facts.table(records), author=author, evidence=evidence[:120]):
        pass
