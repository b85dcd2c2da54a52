"""Delta tables as the lake writes them: durable in the right order, one writer at a time.

delta-rs never fsyncs local files. So the lake writes the Parquet files itself, fsyncs them, lets
delta-rs add the log entry, and fsyncs that and the folders: after a power cut the log never names a
file whose bytes are missing. Every commit carries its writer's marker (an application transaction)
and says how many files it adds and markers it sets; a log entry torn by a power cut is recognised
by that and set aside, and what it held is delivered again. Convention: docs/design/lake.md.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import (
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Schema,
    Transaction,
)
from deltalake.transaction import AddAction, RemoveAction

from tanma.domain.messages import Problem
from tanma.lake.storage import Bucket, Root

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

ROW_GROUP_ROWS = 262_144
CHECKPOINT_EVERY = 10
_NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
_FILES, _MARKERS, _DROPPED = "tanma.files", "tanma.markers", "tanma.dropped"
_READER_FEATURES = {"timestampNtz"}
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def fsync_path(path: Path) -> None:
    """Flush a file or a folder to the disk; a folder keeps the names of its files."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Create a folder and flush every parent that gained a name."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        fsync_path(folder.parent)


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """An exclusive lock that the operating system drops when its process dies."""
    make_folder(path.parent)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class NewFile:
    """A Parquet file on the disk that no commit names yet."""

    name: str
    size: int
    rows: int
    partition: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, int | str] = field(default_factory=dict)
    most: Mapping[str, int | str] = field(default_factory=dict)

    def is_like(self, file: Stored) -> bool:
        """Whether it has the rows and bounds that a log says of another file."""
        mine = (self.rows, _as_stored(self.least), _as_stored(self.most))
        return mine == (file.rows, file.least, file.most)

    def action(self, *, is_new_data: bool) -> AddAction:
        about = {"numRecords": self.rows, "minValues": self.least, "maxValues": self.most}
        stamp_ms = int(time.time() * 1000)
        return AddAction(
            self.name, self.size, dict(self.partition), stamp_ms, is_new_data, json.dumps(about)
        )


@dataclass(frozen=True)
class Stored:
    """A file that a version of a table names: `least` and `most` bound its integers and instants.

    Instants are µs since 1970 UTC; files written before they were noted have none.
    """

    name: str
    uri: str
    size: int
    rows: int
    partition: Mapping[str, Any]
    least: Mapping[str, int]
    most: Mapping[str, int]

    @property
    def kind(self) -> str:
        """What its writer put into it: the first word of the file's name."""
        return self.name.rsplit("/", 1)[-1].split("-", 1)[0]

    def action(self, *, is_new_data: bool) -> RemoveAction:
        values = {k: None if v is None else str(v) for k, v in self.partition.items()}
        return RemoveAction(self.name, is_new_data, int(time.time() * 1000), self.size, values)


def _as_stored(bounds: Mapping[str, int | str]) -> dict[str, int]:
    return {
        name: micros(dt.datetime.fromisoformat(bound)) if isinstance(bound, str) else bound
        for name, bound in bounds.items()
    }


def stored(table: DeltaTable | None) -> list[Stored]:
    """The files of an opened table, by name."""
    if table is None:
        return []
    rows = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    root = table.table_uri.removeprefix("file://").rstrip("/")
    found = [_stored(f"{root}/{row['path']}", row) for row in rows]
    return sorted(found, key=lambda f: f.name)


def _stored(uri: str, row: Mapping[str, Any]) -> Stored:
    def part(prefix: str) -> dict[str, Any]:
        return {k.removeprefix(prefix): v for k, v in row.items() if k.startswith(prefix)}

    def known(bounds: dict[str, Any]) -> dict[str, int]:
        return {k: _number(v) for k, v in bounds.items() if v is not None}

    return Stored(
        row["path"], uri, row["size_bytes"], row["num_records"],
        part("partition."), known(part("min.")), known(part("max.")),
    )  # fmt: skip


def _number(bound: int | dt.datetime) -> int:
    if not isinstance(bound, dt.datetime):
        return bound
    return micros(bound)


def micros(instant: dt.datetime) -> int:
    """µs since 1970 UTC."""
    return (instant.astimezone(dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)


class Sheet:
    """A Parquet file being written; `close` makes it durable. Not part of the table yet."""

    def __init__(self, table: Table, partition: Mapping[str, str], kind: str) -> None:
        self._table, self._partition = table, dict(partition)
        prefix = "".join(f"{key}={value}/" for key, value in partition.items())
        self.name = f"{prefix}{kind}-{uuid.uuid4().hex}.parquet"
        self._place = table.disk.sheet(self.name)
        self._about: list[pq.FileMetaData] = []
        self._writer = table.parquet_writer(self._place, self._about)

    def add(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            self._writer.write_batch(batch, row_group_size=ROW_GROUP_ROWS)

    def close(self) -> NewFile | None:
        """The flushed file; None for no rows, which leave no file behind."""
        self._writer.close()
        [about] = self._about
        if about.num_rows == 0:
            self._table.disk.remove(self.name)
            return None
        size = self._table.disk.keep(self.name)
        least, most = _bounds(about)
        return NewFile(self.name, size, about.num_rows, self._partition, least, most)

    def discard(self) -> None:
        """Give the file up after an error, a full disk say."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        with suppress(OSError):
            self._table.disk.remove(self.name)


_Bounds = dict[str, int | str]


def _bounds(about: pq.FileMetaData) -> tuple[_Bounds, _Bounds]:
    """Least and greatest integers and instants of columns, from what row groups say of them."""
    least: _Bounds = {}
    most: _Bounds = {}
    groups = [about.row_group(g) for g in range(about.num_row_groups)]
    for place, name in enumerate(about.schema.names):
        said = [group.column(place).statistics for group in groups]
        known = [s for s in said if s is not None and s.has_min_max and _is_bound(s.min)]
        if known:
            least[name] = _as_logged(min(s.min for s in known))
            most[name] = _as_logged(max(s.max for s in known))
    return least, most


def _is_bound(value: object) -> bool:
    if isinstance(value, dt.datetime):
        return value.tzinfo is not None
    return isinstance(value, int) and not isinstance(value, bool)


def _as_logged(value: int | dt.datetime) -> int | str:
    """As the protocol of Delta wants it: instants in UTC, here to the microsecond."""
    if not isinstance(value, dt.datetime):
        return value
    return f"{value.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


class _Disk:
    """A table's folder on this machine: what is written there has to be flushed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.uri = str(folder)
        self.options: dict[str, str] | None = None

    def prepare(self) -> None:
        make_folder(self._folder)

    def mend(self) -> None:
        set_torn_entry_aside(self._folder)

    def sheet(self, name: str) -> tuple[str, None]:
        """Where a new file is to be written."""
        make_folder((self._folder / name).parent)
        return self.place(name)

    def place(self, name: str) -> tuple[str, None]:
        """Where a file lies, as PyArrow takes it."""
        return str(self._folder / name), None

    def keep(self, name: str) -> int:
        """Flush a file that was written; its bytes."""
        path = self._folder / name
        fsync_path(path)
        fsync_path(path.parent)
        return path.stat().st_size

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def flush_entry(self, version: int) -> None:
        log = self._folder / "_delta_log"
        fsync_path(log / f"{version:020d}.json")
        fsync_path(log)
        fsync_path(self._folder)

    def flush_checkpoint(self) -> None:
        log = self._folder / "_delta_log"
        for path in log.glob("*checkpoint*"):
            fsync_path(path)
        fsync_path(log)


class _Shared:
    """A table's prefix in a bucket, which keeps what it has acknowledged."""

    def __init__(self, place: Bucket) -> None:
        self._place = place
        self.uri = place.uri
        self.options: dict[str, str] | None = place.storage_options

    def prepare(self) -> None:
        """A bucket has no folders."""

    def mend(self) -> None:
        """Objects are there whole or not at all."""

    def sheet(self, name: str) -> tuple[str, S3FileSystem]:
        return self.place(name)

    def place(self, name: str) -> tuple[str, S3FileSystem]:
        return f"{self._place.key}/{name}", self._place.filesystem

    def keep(self, name: str) -> int:
        return int(self._place.filesystem.get_file_info(f"{self._place.key}/{name}").size)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._place.filesystem.delete_file(f"{self._place.key}/{name}")

    def flush_entry(self, version: int) -> None:
        """Acknowledged is kept."""

    def flush_checkpoint(self) -> None:
        """Acknowledged is kept."""


class Table:
    """One Delta table, on a local or mounted file system or in a bucket."""

    def __init__(
        self,
        folder: Root,
        schema: pa.Schema,
        *,
        delta_encoded: Iterable[str] = (),
        partition_by: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.disk = _Disk(folder) if isinstance(folder, Path) else _Shared(folder)
        self.schema = schema
        self.partition_by = partition_by
        self._delta_encoded = frozenset(delta_encoded)

    @property
    def file_schema(self) -> pa.Schema:
        """The columns inside a file: partition values stand in the log, not in the file."""
        return pa.schema([f for f in self.schema if f.name not in self.partition_by])

    @property
    def exists(self) -> bool:
        """Whether anything was ever written."""
        return DeltaTable.is_deltatable(self.disk.uri, storage_options=self.disk.options)

    def open(self, version: int | None = None) -> DeltaTable | None:
        """The table at a version, or None when it was never written."""
        if not self.exists:
            return None
        table = DeltaTable(self.disk.uri, version=version, storage_options=self.disk.options)
        self._refuse_foreign_features(table)
        return table

    def _refuse_foreign_features(self, table: DeltaTable) -> None:
        # Readers take the list of files; deletion vectors or mapped columns would change what
        # the files mean, so a table rewritten by an engine that uses them is not read.
        foreign = set(table.protocol().reader_features or ()) - _READER_FEATURES
        if foreign:
            raise Problem(
                "lake_foreign_feature", folder=str(self.folder), features=", ".join(sorted(foreign))
            )

    def create(self) -> DeltaTable:
        """The table, made empty where it is missing. Call under the writer's lock."""
        self.disk.mend()
        existing = self.open()
        if existing is not None:
            return self._widened(existing)
        self.disk.prepare()
        table = DeltaTable.create(
            self.disk.uri,
            schema=self.schema,
            partition_by=list(self.partition_by) or None,
            storage_options=self.disk.options,
        )
        self._flush_log(table.version())
        return table

    def _widened(self, table: DeltaTable) -> DeltaTable:
        """The table with columns that came later; files written before lack them."""
        held = {f.name for f in table.schema().fields}
        added = [f for f in self.schema if f.name not in held]
        if added:
            table.alter.add_columns(list(Schema.from_arrow(pa.schema(added)).fields))
            self._flush_log(table.version())
        return table

    def write(
        self,
        batches: Iterable[pa.RecordBatch],
        partition: Mapping[str, str] | None = None,
        kind: str = "part",
    ) -> NewFile | None:
        """Write one Parquet file, durable but not yet part of the table; None for no rows.

        Its name begins with `kind`, so that a reader can tell what its writer put into it.
        """
        sheet = Sheet(self, partition or {}, kind)
        try:
            for batch in batches:
                sheet.add(batch)
            return sheet.close()
        except BaseException:
            sheet.discard()
            raise

    def parquet_writer(
        self, place: tuple[str, S3FileSystem | None], about: list[pq.FileMetaData]
    ) -> pq.ParquetWriter:
        """Integers of the columns named so are written as differences, others by dictionary.

        What the file says of itself is put into `about` when it is closed.
        """
        schema = self.file_schema
        name, filesystem = place
        return pq.ParquetWriter(
            name,
            schema,
            filesystem=filesystem,
            metadata_collector=about,
            compression="zstd",
            compression_level=1,
            write_page_checksum=True,
            use_dictionary=[n for n in schema.names if n not in self._delta_encoded],
            column_encoding={
                n: "DELTA_BINARY_PACKED" for n in schema.names if n in self._delta_encoded
            },
        )

    def commit(
        self,
        files: Iterable[NewFile],
        markers: Mapping[str, int],
        *,
        drop: Iterable[Stored] = (),
        replace: bool = False,
        same_rows: bool = False,
    ) -> int:
        """Add files, drop files and set the markers in one commit; `replace` drops all earlier.

        `same_rows` says that the commit changes no row, only where it lies. Call under the writer's
        lock. Returns the version.
        """
        table = self.create()
        dropped = stored(table) if replace else list(drop)
        is_new_data = not (replace or same_rows)
        added = [f.action(is_new_data=is_new_data) for f in files]
        removed = [f.action(is_new_data=is_new_data) for f in dropped]
        table.create_write_transaction(
            [*added, *removed],
            mode="append",
            schema=self.schema,
            partition_by=list(self.partition_by) or None,
            commit_properties=CommitProperties(
                custom_metadata={
                    _FILES: str(len(added)),
                    _DROPPED: str(len(removed)),
                    _MARKERS: str(len(markers)),
                },
                app_transactions=[Transaction(k, v) for k, v in sorted(markers.items())],
            ),
            post_commithook_properties=_NO_HOOKS,
        )
        table.update_incremental()
        version = table.version()
        self._flush_log(version)
        if version % CHECKPOINT_EVERY == 0:
            self.checkpoint()
        return version

    def _flush_log(self, version: int) -> None:
        self.disk.flush_entry(version)

    def checkpoint(self) -> None:
        """Write the state of the table in one file, so that opening it stays quick."""
        self.create().create_checkpoint()
        self.disk.flush_checkpoint()

    def sweep(self, keep_hours: float) -> list[str]:
        """Delete files that no version of the last hours names, and log entries past their time.

        Pinned runs must be younger. Files that died before their commit go too.
        """
        table = self.create()
        gone = table.vacuum(
            retention_hours=int(keep_hours),
            dry_run=False,
            enforce_retention_duration=False,
            full=True,
        )
        self._flush_log(table.version())
        self.checkpoint()
        table.cleanup_metadata()
        return gone

    def files(self) -> list[Stored]:
        """The files of the newest version."""
        return stored(self.open())

    def parquet(self, file: Stored) -> pq.ParquetFile:
        """A file opened so that its checksums are compared."""
        name, filesystem = self.disk.place(file.name)
        return pq.ParquetFile(name, filesystem=filesystem, page_checksum_verification=True)

    def fault(self, file: Stored) -> str | None:
        """What is wrong with a file, in one line; None: every page is as it was written."""
        try:
            with self.parquet(file) as opened:
                rows = sum(batch.num_rows for batch in opened.iter_batches())
        except (OSError, pa.ArrowException) as error:
            return str(error).splitlines()[0]
        return None if rows == file.rows else f"{rows} ≠ {file.rows} rows"

    def lay_apart(self, file: Stored) -> None:
        """Under another name a damaged file that no version names any more outlives the sweep."""
        if isinstance(self.folder, Path) and (path := Path(file.uri)).exists():
            path.rename(self.folder.parent / f"damaged-{self.folder.name}-{path.name}")

    def marker(self, name: str) -> int:
        """A marker of the newest version, 0 where it was never set."""
        return marker(self.open(), name)


def marker(table: DeltaTable | None, name: str) -> int:
    """A marker of an opened table, 0 where it was never set."""
    return 0 if table is None else table.transaction_version(name) or 0


def set_torn_entry_aside(folder: Path) -> bool:
    """Rename the newest log entry when a power cut left it incomplete; True when it did.

    Its files were never acknowledged to anyone: the marker is missing with them, so whoever
    delivered them delivers them again.
    """
    entries = sorted((folder / "_delta_log").glob("[0-9]*.json"))
    if not entries or _is_whole(entries[-1]):
        return False
    entries[-1].rename(entries[-1].with_suffix(f".torn-{uuid.uuid4().hex[:8]}"))
    fsync_path(folder / "_delta_log")
    return True


def _is_whole(entry: Path) -> bool:
    try:
        actions = [json.loads(line) for line in entry.read_text(encoding="utf-8").splitlines()]
    except ValueError:
        return False
    info = next((a["commitInfo"] for a in actions if "commitInfo" in a), None)
    if info is None:
        return False
    counted = {_FILES: "add", _MARKERS: "txn", _DROPPED: "remove"}
    return all(
        key not in info or int(info[key]) == sum(word in a for a in actions)
        for key, word in counted.items()
    )
