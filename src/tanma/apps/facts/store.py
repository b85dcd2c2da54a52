"""How facts are appended: keys, versions, stamps, the feed row. Columns in, one transaction out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import pyarrow as pa
from django.db import connection, transaction

from tanma.apps.facts.locks import locked_row
from tanma.apps.facts.models import Append, Fact, StoreState
from tanma.domain.facts import INPUT, MIRROR

APPEND_LIMIT = 2000
"""Rows per transaction: short enough that a visitor never waits for an import."""

KEYS_AT_ONCE = 500
"""Keys of one question; SQLite takes only so many."""

OPTIONAL = {"revision": None, "evidence": "", "corrects": "", "reported": ""}
"""Columns of an append that may be left out."""

COLUMNS = [
    "seq", "stamp", "subject", "item", "kind", "valid_from", "valid_to", "value", "text",
    "reported", "source", "revision", "data_class", "author", "evidence", "corrects",
    "key", "digest", "version",
]  # fmt: skip


@dataclass(frozen=True)
class Receipt:
    """What an append did. `known` counts rows whose content had been received before."""

    stamp: int
    first_seq: int
    last_seq: int
    appended: int
    known: int
    superseded: int

    def plus(self, other: Receipt) -> Receipt:
        return Receipt(
            max(self.stamp, other.stamp),
            self.first_seq or other.first_seq,
            max(self.last_seq, other.last_seq),
            self.appended + other.appended,
            self.known + other.known,
            self.superseded + other.superseded,
        )


NOTHING = Receipt(0, 0, 0, 0, 0, 0)


def content_key(
    subject: int, item: str, kind: str, start: date, end: date, source: str, cache: dict[Any, bytes]
) -> bytes:
    """Subject (8 bytes) and hash (12 bytes) of item, kind, span and source."""
    about = (item, kind, start, end, source)
    tail = cache.get(about)
    if tail is None:
        encoded = msgspec.json.encode([item, kind, start.isoformat(), end.isoformat(), source])
        tail = cache[about] = hashlib.sha256(encoded).digest()[:12]
    return subject.to_bytes(8, "big") + tail


def content_digest(
    value: int | None, text: str | None, revision: int | None, corrects: str
) -> bytes:
    """Digest of what is said under a key, over its canonical encoding (a list of scalars)."""
    return hashlib.sha256(msgspec.json.encode([value, text, revision, corrects])).digest()


def _prepared(table: pa.Table) -> list[tuple[Any, ...]]:
    """Rows as (columns of INPUT …, key, digest), without repeats of the same content."""
    for name, default in OPTIONAL.items():
        if name not in table.column_names:
            column = pa.array([default] * table.num_rows, INPUT.field(name).type)
            table = table.append_column(name, column)
    columns = table.select(INPUT.names).cast(INPUT).to_pydict()
    cache: dict[Any, bytes] = {}
    rows: dict[tuple[bytes, bytes], tuple[Any, ...]] = {}
    for row in zip(*(columns[name] for name in INPUT.names), strict=True):
        subject, item, kind, start, end, value, text, _, source, revision, *_rest, corrects = row
        key = content_key(subject, item, kind, start, end, source, cache)
        digest = content_digest(value, text, revision, corrects or "")
        rows.setdefault((key, digest), (*row, key, digest))
    return list(rows.values())


def _existing(keys: Sequence[bytes]) -> dict[bytes, set[bytes]]:
    """Digests already stored under each key."""
    found: dict[bytes, set[bytes]] = {}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sql = "SELECT key, digest FROM facts_fact WHERE key = ANY(%s)"
            cursor.execute(sql, [list(keys)])
        else:
            marks = ",".join(["%s"] * len(keys))
            sql = f"SELECT key, digest FROM facts_fact WHERE key IN ({marks})"
            cursor.execute(sql, list(keys))
        for key, digest in cursor.fetchall():
            found.setdefault(bytes(key), set()).add(bytes(digest))
    return found


def _insert(rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{c}"' for c in COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY facts_fact ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ",".join(["?"] * len(COLUMNS))
            sql = f"INSERT INTO facts_fact ({names}) VALUES ({marks})"
            # the driver's own executemany: Django's wrapper rewrites the marks row by row
            cursor.cursor.connection.executemany(sql, _plain_dates(rows))


def _plain_dates(rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield (*row[:5], row[5].isoformat(), row[6].isoformat(), *row[7:])


def table(records: Sequence[dict[str, Any]]) -> pa.Table:
    """Records as columns of `INPUT`; what a record leaves out is missing."""
    return pa.Table.from_pylist([OPTIONAL | record for record in records], schema=INPUT)


def clock() -> int:
    """Microseconds since 1970; a name of its own so that tests can turn it back."""
    return time.time_ns() // 1000


def append(
    table: pa.Table, *, author: str, evidence: str = "", message_id: str | None = None
) -> Receipt:
    """Append at most `APPEND_LIMIT` facts in one transaction with one change-feed row.

    Content already stored under its key adds nothing, also after a correction: a deliberate return
    to an old value carries `corrects`. The same message id again returns the first receipt's span.
    """
    if table.num_rows > APPEND_LIMIT:
        raise ValueError(f"{table.num_rows} rows; append_all splits what is over {APPEND_LIMIT}")
    rows = _prepared(table)
    with transaction.atomic():
        state = locked_row(StoreState, lambda: StoreState(pk=1))
        repeated = message_id and Append.objects.filter(message_id=message_id).first()
        if repeated:
            return Receipt(repeated.stamp, 0, 0, 0, table.num_rows, 0)
        new, superseded = _numbered(rows, state, author, evidence)
        receipt = Receipt(
            state.last_stamp, state.last_seq - len(new) + 1 if new else 0,
            state.last_seq if new else 0, len(new), table.num_rows - len(new), superseded,
        )  # fmt: skip
        if new:
            _insert(new)
            _write_feed(state, new, author, message_id)
        state.save()
    return receipt


def _numbered(
    rows: list[tuple[Any, ...]], state: StoreState, author: str, evidence: str
) -> tuple[list[tuple[Any, ...]], int]:
    """Rows that are new, with sequence, stamp and version; and how many supersede an older one."""
    stored = _existing([row[-2] for row in rows]) if rows else {}
    new, superseded = [], 0
    stamp = max(clock(), state.last_stamp + 1)
    for row in rows:
        *given, row_evidence, corrects, key, digest = row
        versions = stored.setdefault(key, set())
        if digest in versions:
            continue
        versions.add(digest)
        superseded += len(versions) > 1
        state.last_seq += 1
        new.append(
            (state.last_seq, stamp, *given, author, row_evidence or evidence, corrects or "",
             key, digest, len(versions))
        )  # fmt: skip
    if new:
        state.last_stamp = stamp
    return new, superseded


def _write_feed(
    state: StoreState, new: list[tuple[Any, ...]], author: str, message_id: str | None
) -> None:
    state.last_append += 1
    digest = hashlib.sha256(b"".join(row[-3] + row[-2] for row in new)).hexdigest()
    Append.objects.create(
        number=state.last_append, table="facts", first_seq=new[0][0], last_seq=new[-1][0],
        rows=len(new), stamp=state.last_stamp, digest=f"sha256:{digest}", author=author,
        message_id=message_id,
    )  # fmt: skip


def append_all(table: pa.Table, *, author: str, evidence: str = "") -> Iterator[Receipt]:
    """Append any number of facts, one transaction per slice; yields after each for progress."""
    for start in range(0, table.num_rows, APPEND_LIMIT):
        yield append(table.slice(start, APPEND_LIMIT), author=author, evidence=evidence)


def watermark() -> int:
    """The stamp up to which every fact is readable: appends are serialised, so the last one."""
    state = StoreState.objects.filter(pk=1).first()
    return state.last_stamp if state else 0


def fetch(after_seq: int, limit: int) -> pa.Table:
    """Facts after a sequence in order, as columns: what the lake's mirror pulls."""
    names = ", ".join(f'"{c}"' for c in MIRROR.names)
    sql = f"SELECT {names} FROM facts_fact WHERE seq > %s ORDER BY seq LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [after_seq, limit])
        rows = cursor.fetchall()
    return pa.table(
        {n: _column(n, v) for n, v in zip(MIRROR.names, _columns(rows), strict=True)},
        schema=MIRROR,
    )


def _columns(rows: list[tuple[Any, ...]]) -> list[Sequence[Any]]:
    return [list(c) for c in zip(*rows, strict=True)] if rows else [[] for _ in MIRROR.names]


def _column(name: str, values: Sequence[Any]) -> pa.Array:
    if name in {"valid_from", "valid_to"}:
        if values and isinstance(values[0], str):  # SQLite hands dates back as text
            return pa.array(values, pa.string()).cast(pa.date32())
        return pa.array(values, pa.date32())
    if name == "digest":
        return pa.array([bytes(v) for v in values], pa.binary())
    return pa.array(values, MIRROR.field(name).type)


def facts_of(subject: int, item: str | None = None) -> list[Fact]:
    """Every version of every fact of a subject, oldest first (one index range)."""
    low = subject.to_bytes(8, "big")
    high = (subject + 1).to_bytes(8, "big")
    facts = Fact.objects.filter(key__gte=low, key__lt=high)
    if item:
        facts = facts.filter(item=item)
    return sorted(facts, key=lambda f: f.seq)


def rank(fact: Fact) -> tuple[int, int, int]:
    """Order of versions under one key: the source's revision, then receipt."""
    return (fact.revision or 0, fact.stamp, fact.seq)


def newest(keys: Sequence[bytes]) -> dict[bytes, Fact]:
    """The version that counts under each key, withdrawn or not; few enough keys for one page."""
    found: dict[bytes, Fact] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        for fact in Fact.objects.filter(key__in=keys[start : start + KEYS_AT_ONCE]):
            key = bytes(fact.key)
            found[key] = max(fact, found.get(key, fact), key=rank)
    return found


def current(facts: Sequence[Fact], known_at: int | None = None) -> list[Fact]:
    """The version of each key that counts as known at T (now when None); withdrawn ones drop."""
    best: dict[bytes, Fact] = {}
    for fact in facts:
        if known_at is not None and fact.stamp > known_at:
            continue
        key = bytes(fact.key)
        if key not in best or rank(fact) > rank(best[key]):
            best[key] = fact
    return [f for f in best.values() if f.value is not None or f.text is not None]
