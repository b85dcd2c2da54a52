"""Taking a batch back: newer versions, so that what stood before counts again; none is erased."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from tanma.apps.facts import door as facts
from tanma.apps.imports import files, hooks
from tanma.apps.imports.batches import author
from tanma.apps.imports.meters import WRITER
from tanma.apps.imports.models import Batch, now
from tanma.apps.people.door import Viewer
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem
from tanma.lake.readings import Readings

CHUNK = 500
"""Facts looked at together; SQLite takes so many keys in one question."""
UID_LENGTH = 13
"""Characters of a batch's id in an evidence."""


def withdraw(batch: Batch, viewer: Viewer, reason: str) -> Batch:
    """Withdraw the facts and readings of a batch that still count; later corrections stay.

    A fact that had replaced an older one gives way to it; one that had not is withdrawn.
    """
    if batch.state != Batch.State.DONE:
        params = {"state": batch.get_state_display(), "needed": Batch.State.DONE.label}
        raise Problem("import_not_withdrawable", batch=batch.uid, **params)
    evidence = f"withdrawn {batch.evidence} {reason}"[:120]
    count = 0
    for records in _returned(batch):
        table = facts.table(records)
        count += facts.append(table, author=author(viewer), evidence=evidence).appended
    count += _withdraw_readings(batch)
    batch.withdrawn, batch.state = count, Batch.State.WITHDRAWN
    batch.withdrawn_at, batch.withdrawn_by = now(), viewer.name
    batch.save()
    registry.project()
    hooks.follow()
    hooks.desk().withdrawn(batch, author(viewer), evidence)
    return batch


def still_current(batch: Batch) -> int:
    """How many facts of a batch still count: what a withdrawal would touch."""
    return sum(len(records) for records in _returned(batch))


def _returned(batch: Batch) -> Iterator[list[dict[str, Any]]]:
    """Records that put back what stood before, in slices."""
    rows = facts.Fact.objects.filter(
        seq__gte=batch.first_seq, seq__lte=batch.last_seq, evidence__startswith=f"{batch.evidence}#"
    ).order_by("seq")
    last = batch.first_seq - 1
    while own := list(rows.filter(seq__gt=last)[:CHUNK]):
        last = own[-1].seq
        yield _back(own, f"{batch.evidence}#")


def _back(own: list[facts.Fact], evidence: str) -> list[dict[str, Any]]:
    versions: dict[bytes, list[facts.Fact]] = {}
    for fact in facts.Fact.objects.filter(key__in=[f.key for f in own]):
        versions.setdefault(bytes(fact.key), []).append(fact)
    gone = _withdrawn([f for many in versions.values() for f in many]) | {evidence}
    found = []
    for key in dict.fromkeys(bytes(f.key) for f in own):
        newest = max(versions[key], key=facts.rank)
        if newest.evidence.startswith(evidence):
            others = [f for f in versions[key] if _counts(f, gone)]
            found.append(_record(newest, max(others, key=facts.rank, default=None)))
    return found


def _withdrawn(versions: list[facts.Fact]) -> set[str]:
    """Beginnings of the evidence of batches among these that were taken back before."""
    said = (f.evidence for f in versions if f.evidence.startswith("batch:"))
    named = {text.partition("#")[0].removeprefix("batch:") for text in said}
    batches = [id_from_text(uid) for uid in named if len(uid) == UID_LENGTH]
    rows = Batch.objects.filter(id__in=batches, state=Batch.State.WITHDRAWN)
    return {f"{batch.evidence}#" for batch in rows}


def _counts(fact: facts.Fact, gone: set[str]) -> bool:
    said = fact.value is not None or fact.text is not None
    return said and not any(fact.evidence.startswith(start) for start in gone)


def _record(fact: facts.Fact, before: facts.Fact | None) -> dict[str, Any]:
    same = ("subject", "item", "kind", "valid_from", "valid_to", "source", "revision")
    return {
        **{name: getattr(fact, name) for name in same},
        "data_class": fact.data_class,
        "value": before.value if before else None,
        "text": before.text if before else None,
        "reported": before.reported if before else "",
        "corrects": f"sha256:{bytes(fact.digest).hex()}",
        # what counts again is still that batch's word, and goes when that batch is taken back
        "evidence": before.evidence if before else "",
    }


def _withdraw_readings(batch: Batch) -> int:
    """Withdraw the readings of a batch that still say what it said."""
    stored = files.read_table(batch, "readings")
    if stored is None or not len(stored):
        return 0
    lake = Readings(settings.TANMA.lake)
    lake.seal()
    channels = pc.unique(stored["channel"]).to_pylist()
    start, end = pc.min(stored["start_utc"]).as_py(), pc.max(stored["end_utc"]).as_py()
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        lake.known(con, channels, start, end, lake.watermark)
        con.register("mine", stored)
        gone = con.sql(
            "SELECT m.channel, m.start_utc, m.end_utc, NULL::BIGINT AS value, r.revision"
            " FROM mine m JOIN readings r ON r.channel = m.channel AND r.value = m.value"
            " AND r.start_utc = m.start_utc::TIMESTAMP"
        ).to_arrow_table()
    columns = gone.schema.names
    utc = pa.timestamp("us", "UTC")
    for name in ("start_utc", "end_utc"):
        gone = gone.set_column(columns.index(name), name, gone[name].cast(utc))
    lake.append(gone, writer=WRITER, message_id=f"withdraw:{batch.uid}")
    lake.seal()
    return len(gone)
