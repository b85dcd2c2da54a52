"""Where a table lies: a folder on this machine, or a prefix in an S3 bucket that others share.

Settled and derived tables may lie in a bucket, so that workers on other machines read and write
them; inboxes and landing stay on a local disk. A bucket keeps what it has acknowledged, so nothing
is flushed there, and its conditional writes keep two commits from taking the same number.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import duckdb

from tanma.domain.messages import Problem

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

_FILESYSTEM = "s3"
MOVABLE = ("receipts", "tail", "readings", "validated", "activity_day", "restatements")
"""Tables that may lie in a bucket."""


@dataclass(frozen=True)
class Bucket:
    """A prefix of an S3 bucket, `s3://name/prefix`, with options as object stores name them.

    `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`; those missing
    are found as usual (environment, role of the machine). It can be sent to workers.
    """

    uri: str
    options: tuple[tuple[str, str], ...] = ()

    def __truediv__(self, name: str) -> Bucket:
        return Bucket(f"{self.uri.rstrip('/')}/{name}", self.options)

    def __str__(self) -> str:
        return self.uri

    @property
    def storage_options(self) -> dict[str, str]:
        """As delta-rs takes them."""
        options = {"AWS_CONDITIONAL_PUT": "etag"} | dict(self.options)
        if options.get("AWS_ENDPOINT_URL", "").startswith("http://"):
            options["AWS_ALLOW_HTTP"] = "true"
        return options

    @property
    def key(self) -> str:
        """Bucket and prefix without the scheme, as PyArrow takes them."""
        return self.uri.removeprefix("s3://")

    @property
    def filesystem(self) -> S3FileSystem:
        return _filesystem(self.options)


Root: TypeAlias = Path | Bucket
_SHARED = "shared.json"


def share(root: Path, place: Bucket) -> None:
    """From now on settled and derived tables of this lake lie in a bucket.

    To be said before anything is settled: tables that are here already would be left behind.
    """
    here = [name for name in MOVABLE if (root / name).exists()]
    if here:
        raise Problem("lake_share_late", tables=", ".join(here), uri=place.uri)
    root.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"uri": place.uri, "options": dict(place.options)}, indent=1)
    part = root / f"{_SHARED}.new"
    part.write_text(text, encoding="utf-8")
    part.chmod(0o600)
    part.rename(root / _SHARED)


def settled_root(root: Root) -> Root:
    """Where the settled and derived tables of a lake lie: beside its inboxes, or shared."""
    if isinstance(root, Bucket) or not (root / _SHARED).exists():
        return root
    said = json.loads((root / _SHARED).read_text(encoding="utf-8"))
    return Bucket(said["uri"], tuple(said["options"].items()))


@lru_cache(maxsize=8)
def _filesystem(options: tuple[tuple[str, str], ...]) -> S3FileSystem:
    from pyarrow.fs import S3FileSystem

    given = dict(options)
    endpoint = urlsplit(given.get("AWS_ENDPOINT_URL", ""))
    found: Mapping[str, Any] = {
        "access_key": given.get("AWS_ACCESS_KEY_ID"),
        "secret_key": given.get("AWS_SECRET_ACCESS_KEY"),
        "session_token": given.get("AWS_SESSION_TOKEN"),
        "region": given.get("AWS_REGION"),
        "endpoint_override": endpoint.netloc or None,
        "scheme": endpoint.scheme or None,
    }
    return S3FileSystem(**{k: v for k, v in found.items() if v is not None})


def lock_path(root: Root, name: str) -> Path:
    """The file whose lock makes one writer of a table.

    For a bucket it lies on this machine: writers on two machines are told apart by the table's
    own log, where the second commit of a version fails instead of overwriting the first.
    """
    if isinstance(root, Path):
        return root / name
    known_as = hashlib.sha256(root.uri.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / "tanma-locks" / known_as / name


def attach(con: duckdb.DuckDBPyConnection, root: Root) -> None:
    """Let a connection read files of this root; a folder needs nothing."""
    if isinstance(root, Bucket) and not con.filesystem_is_registered(_FILESYSTEM):
        con.register_filesystem(_wrapped(root))


def _wrapped(root: Bucket) -> Any:
    """The bucket's file system as fsspec, which DuckDB reads through."""
    from fsspec.implementations.arrow import ArrowFSWrapper

    class Shared(ArrowFSWrapper):
        protocol = _FILESYSTEM

    return Shared(root.filesystem)
