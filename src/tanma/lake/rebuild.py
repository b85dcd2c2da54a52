"""Damaged files of readings made again from the bodies as they were received.

A batch counts as made again when what its body says now has the digest that its inbox noted when it
was accepted; a file when it has as many rows as its log says and their bounds. So nothing is
guessed: where a body is dropped, or the register has changed so that it reads otherwise, the file
stays as it is. Versions keep receipt and row, so no answer changes. See docs/design/lake.md §3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.lake import held, landing, raw, sql, tables
from tanma.lake.delta import NewFile, Stored, Table, sole_writer, stored
from tanma.lake.held import Held
from tanma.lake.inbox import aside_note, writers
from tanma.lake.landing import Landing
from tanma.lake.raw import Body
from tanma.lake.settle import ORDER
from tanma.lake.tables import CHANNELS_PER_BUCKET, VERSION, Moved

Decode = Callable[[Body], pa.Table]
"""A body as received → its accepted readings, columns of READING."""


@dataclass(frozen=True)
class Rebuilt:
    """What became of a damaged file; `problem` where it could not be made again."""

    table: str
    uri: str
    problem: Problem | None = None


def rebuild(root: Path, decode: Decode) -> Iterator[Rebuilt]:
    """Make damaged receipts again, and noted files of readings whose bodies are there."""
    works = {"landing": _landing, "tail": _settled, "readings": _settled}
    with sole_writer(root / "settle.lock"):
        for file in tables.receipts(root).files():
            if tables.receipts(root).fault(file):
                yield _tried("receipts", file, partial(_numbers, root, file))
        broken, bodies = held.unreadable(root), _Bodies(root, decode)
        for one in held.noted(root)[0]:
            if one.file in broken and one.table in works:
                file = next(f for f in held.TABLES[one.table](root).files() if f.name == one.file)
                again = partial(works[one.table], root, one, file, bodies)
                yield _tried(one.table, file, again)


def _tried(table: str, file: Stored, again: Callable[[], None]) -> Rebuilt:
    try:
        again()
    except Problem as problem:
        return Rebuilt(table, file.uri, problem)
    return Rebuilt(table, file.uri)


def _numbers(root: Path, file: Stored) -> None:
    """A file of receipts without gaps: what inboxes received in its time, in the order of stamps.

    What other files number is left out. Numbers with gaps cannot be told, and it stays.
    """
    table, inboxes = tables.receipts(root), Landing(root)
    low, high = file.least["stamp"], file.most["stamp"]
    others = {(b.stamp, b.writer, b.batch) for b in _numbered(root, file, low, high)}
    received = sorted(
        (stamp, writer, batch, rows)
        for writer in _sound_writers(root)
        for stamp, batch, rows in inboxes.inbox(writer).received(low, high)
    )
    first = file.least["receipt"]
    batches = [one for one in received if one[:3] not in others]
    numbered = [(first + n, *one) for n, one in enumerate(batches)]
    rows = [dict(zip(tables.RECEIPT.names, one, strict=True)) for one in numbered]
    new = _checked(file, table, table.write([pa.RecordBatch.from_pylist(rows, tables.RECEIPT)]))
    table.commit([new], {}, drop=[file], same_rows=True)
    table.lay_apart(file)


def _numbered(root: Path, file: Stored, low: int, high: int) -> list[_Named]:
    """Batches with stamps in [low, high] that sound files of receipts number."""
    table = tables.receipts(root)
    others = [f for f in table.files() if f.name != file.name]
    return _named(_around(others, "stamp", low, high), "receipt", f"stamp BETWEEN {low} AND {high}")


def _around(files: Iterable[Stored], column: str, low: int, high: int) -> list[str]:
    """Files that may hold a value between two."""
    return [f.uri for f in files if f.least[column] <= high and f.most[column] >= low]


def _sound_writers(root: Path) -> set[str]:
    """Writers whose inboxes were not set aside."""
    return {w for w in writers(root) if not aside_note(root, w).exists()}


@dataclass(frozen=True)
class _Named:
    """A batch by its receipt; `receipt` is 0 where it has no number yet."""

    writer: str
    batch: int
    stamp: int
    rows: int
    receipt: int = 0


def _named(uris: list[str], receipt: str, where: str) -> list[_Named]:
    """Batches as files of receipts or of bodies name them, in the order of their stamps."""
    if not uris:
        return []
    query = f"""SELECT writer, batch, stamp, rows, {receipt} FROM {sql.scan(uris)}
        WHERE {where} ORDER BY stamp, writer, batch"""
    with duckdb.connect() as con:
        return [_Named(*row) for row in con.execute(query).fetchall()]


class _Bodies:
    """The kept bodies, decoded again and held against the digests that inboxes noted."""

    def __init__(self, root: Path, decode: Decode) -> None:
        self._decode = decode
        self._landing = Landing(root)
        self._sound = _sound_writers(root)
        self._files = stored(raw.table(root).open())

    def noted(self, low: int, high: int) -> list[_Named]:
        """Batches that were received with stamps in [low, high]."""
        uris = _around(self._files, "stamp", low, high)
        return _named(uris, "0", f"stamp BETWEEN {low} AND {high}")

    def read(self, file: str, batches: list[_Named]) -> Iterator[tuple[_Named, pa.Table]]:
        """Each batch with its readings; a Problem where one cannot be proven."""
        lacking = {(b.writer, b.batch): b for b in batches}
        low, high = min(b.stamp for b in batches), max(b.stamp for b in batches)
        for uri in _around(self._files, "stamp", low, high):
            for body in raw.bodies_between(uri, low, high):
                if wanted := lacking.pop((body.writer, body.batch), None):
                    yield wanted, self._proven(file, wanted, body)
        if lacking:
            raise _unproven(file, lacking.values())

    def _proven(self, file: str, named: _Named, body: Body) -> pa.Table:
        if body.body is None or named.writer not in self._sound:
            raise _unproven(file, [named])
        try:
            table = self._decode(body)
        except Problem as problem:
            raise _unproven(file, [named]) from problem
        digest = landing.entry(table, source=body.source).digest
        if digest != self._landing.inbox(named.writer).digest_of(named.batch):
            raise _unproven(file, [named])
        return table


def _unproven(file: str, batches: Iterable[_Named]) -> Problem:
    names = [f"{b.writer}/{b.batch}" for b in batches]
    return Problem(
        "lake_rebuild_unproven", file=file, count=len(names), batches=", ".join(names[:5]) or "–"
    )


def _landing(root: Path, one: Held, file: Stored, bodies: _Bodies) -> None:
    """A file of the landing: batches of one writer and one day, in order."""
    table = tables.landing(root)
    batches = _of_one_writer(one, file, bodies)
    read = sorted(bodies.read(one.uri, batches), key=lambda found: found[0].batch)
    rows = landing.landed(batches[0].writer, [(b.stamp, b.batch, found) for b, found in read])
    day = {"arrival_day": str(file.partition["arrival_day"])}
    new = _checked(file, table, table.write([rows], day))
    _lacks_too(root, one, file, new)
    with sole_writer(root / "landing.lock"):
        table.commit([new], {}, drop=[file], same_rows=True)
    table.lay_apart(file)


def _lacks_too(root: Path, one: Held, file: Stored, new: NewFile) -> None:
    """What settling has left out of the one it left out of the other: its days wait as before."""
    tail = tables.tail(root)
    if lacks := tail.marker(tables.left_out(file.name)):
        tail.commit([], {tables.left_out(new.name): lacks})
        held.note(root, [replace(one, file=new.name, damaged=True)])


def _of_one_writer(one: Held, file: Stored, bodies: _Bodies) -> list[_Named]:
    """The batches of the writer whose file it was: no other has these ids, stamps and rows."""
    found: dict[str, list[_Named]] = {}
    for named in bodies.noted(file.least["stamp"], file.most["stamp"]):
        if file.least["batch"] <= named.batch <= file.most["batch"]:
            found.setdefault(named.writer, []).append(named)
    for batches in found.values():
        edges = (batches[0].stamp, batches[-1].stamp)
        whole = edges == (file.least["stamp"], file.most["stamp"])
        if whole and sum(b.rows for b in batches) == file.rows:
            return batches
    raise _unproven(one.uri, [])


def _settled(root: Path, one: Held, file: Stored, bodies: _Bodies) -> None:
    """A file of tail or readings: versions by receipt, less those that lie in sound files."""
    table = held.TABLES[one.table](root)
    partition = {k: str(v) for k, v in file.partition.items()}
    with duckdb.connect(config={"memory_limit": "1GB"}) as con:
        con.execute("SET TimeZone = 'UTC'")
        _stage(con, root, one, file, bodies)
        rows = con.sql(f"SELECT {', '.join(VERSION.names)} FROM staged {ORDER}")
        batches = (b.cast(VERSION) for b in rows.to_arrow_reader(122_880))
        new = _checked(file, table, table.write(batches, partition, file.kind))
    if one.table == "tail":
        _keep_place(root, file, new)
    table.commit([new], {}, drop=[file], same_rows=True)
    table.lay_apart(file)


def _keep_place(root: Path, file: Stored, new: NewFile) -> None:
    """Up to which receipt the file lies in `readings` holds for the one that takes its place."""
    readings = tables.readings(root)
    if said := readings.marker(tables.lies_upto(file.name)):
        readings.commit([], {tables.lies_upto(new.name): said})


def _stage(
    con: duckdb.DuckDBPyConnection, root: Path, one: Held, file: Stored, bodies: _Bodies
) -> None:
    """Table `staged`: the rows of the partition that no sound file holds."""
    con.register("no_rows", VERSION.empty_table())
    con.execute("CREATE TEMP TABLE staged AS FROM no_rows")
    low = file.partition["bucket"] * CHANNELS_PER_BUCKET
    place = "%Y-%m-%d" if "day" in file.partition else "%Y-%m"
    wanted = str(file.partition.get("day") or file.partition["month"])
    for named, readings in bodies.read(one.uri, _receipts(root, one, file)):
        row = pa.array(range(len(readings)), pa.int32())
        con.register("given", readings.append_column("row", row))
        con.execute(
            f"""INSERT INTO staged BY NAME SELECT *, {named.receipt} AS receipt FROM given
            WHERE channel >= {low} AND channel < {low + CHANNELS_PER_BUCKET}
            AND strftime(timezone('UTC', start_utc), '{place}') = '{wanted}'"""
        )
    for uri, after in _beside(root, file):
        con.execute(
            f"""DELETE FROM staged WHERE (receipt, row) IN (
                SELECT (receipt, row) FROM {sql.scan([uri])} WHERE receipt > {after})"""
        )


def _receipts(root: Path, one: Held, file: Stored) -> list[_Named]:
    """The batches whose rows it may hold."""
    low, high = file.least["receipt"], file.most["receipt"]
    uris = _around(tables.receipts(root).files(), "receipt", low, high)
    found = _named(uris, "receipt", f"receipt BETWEEN {low} AND {high}")
    if not found:
        raise _unproven(one.uri, [])
    return found


def _beside(root: Path, file: Stored) -> Iterator[tuple[str, int]]:
    """Sound files that hold other rows of the same month and bucket, and beyond which receipt."""
    moved, broken = Moved(tables.readings(root).open()), held.unreadable(root)
    for table in (tables.tail(root), tables.readings(root)):
        for other in table.files():
            if tables.month_place(other) == tables.month_place(file) and other.name not in {
                file.name,
                *broken,
            }:
                yield other.uri, moved.of(other) if "day" in other.partition else 0


def _checked(file: Stored, table: Table, new: NewFile | None) -> NewFile:
    """The new file when it is what the log says of the old one."""
    if new is not None:
        if new.is_like(file):
            return new
        table.disk.remove(new.name)
    raise _unproven(file.uri, [])
