"""Who said the amounts that a line rests on, and when it was known: the facts behind the files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from tanma.apps.facts import door as facts
from tanma.apps.registry.door import RESTRICTED
from tanma.lake.facts import SCHEMA

SEQUENCES_AT_ONCE = 500
"""Below the number of parameters that one SQLite statement takes."""


class Said(Protocol):
    """One fact, as the store keeps it."""

    seq: int
    stamp: int
    subject: int
    kind: str
    reported: str
    evidence: str
    data_class: str


class Facts(Protocol):
    """Where explanations read facts."""

    def by_seq(self, seqs: Collection[int]) -> Mapping[int, Said]:
        """Facts by the sequence that a frozen line names."""

    def known(self, subject: int, items: Sequence[str], known_at: int) -> pa.Table:
        """The facts of an enterprise about some items that counted at T, columns of SCHEMA."""


class StoredFacts:
    """The relational store; without what was given for statistics where the reader may not see it.

    Lines and sums are no facts: `by_seq` still names the source of each.
    """

    def __init__(self, statistical: bool = True) -> None:
        self.statistical = statistical

    def by_seq(self, seqs: Collection[int]) -> Mapping[int, Said]:
        found: dict[int, Any] = {}
        wanted = sorted(set(seqs))
        for start in range(0, len(wanted), SEQUENCES_AT_ONCE):
            found |= facts.Fact.objects.in_bulk(wanted[start : start + SEQUENCES_AT_ONCE])
        return found

    def known(self, subject: int, items: Sequence[str], known_at: int) -> pa.Table:
        wanted = set(items)
        rows = [f for f in facts.facts_of(subject) if f.item in wanted]
        current = facts.current(rows, known_at)
        if not self.statistical:
            # after the choice: an older version is not what counts, whoever could read it once
            current = [f for f in current if f.data_class not in RESTRICTED]
        records = [_record(f) for f in current]
        return pa.Table.from_pylist(records, schema=SCHEMA)


def _record(fact: Any) -> dict[str, Any]:
    columns = {name: getattr(fact, name) for name in SCHEMA.names}
    return columns | {"digest": bytes(fact.digest)}
