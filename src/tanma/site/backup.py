"""A copy of a home from which the same publications can be read again, made while it is in use.

The order makes the parts fit, whatever is written meanwhile: inboxes before the tables that they
are sealed into (a batch in both is known by its marker), the log of a table before its files, the
lake before the database (the mirror may lag behind, never lead), then run files of publications
that appeared in between, and uploads last. Every file stands in `backup.json` with its digest.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tanma.domain.messages import Problem
from tanma.lake.delta import sole_writer
from tanma.lake.held import HELD
from tanma.site.config import HOME_FILE, Config

MANIFEST = "backup.json"
DATABASE, DUMP, SECRETS = "tanma.sqlite3", "tanma.dump", "secrets.toml"
SQLITE_BESIDE = ("-wal", "-shm", "-journal")
ATTEMPTS = 3
"""A sweep may delete a file of the lake between listing and copying; then the folder is redone."""
ROWS_MOVE = ("landing", "raw", "tail", "readings", "receipts")
"""Readings move through the tables in this order. Logs copied in it hold each row at least once,
and markers tell which copy counts; the other way round, a row that moved meanwhile were in none."""
LOG, LAST_CHECKPOINT = "_delta_log", "_last_checkpoint"


def backup(config: Config, target: Path, *, secrets: bool = False) -> int:
    """Copy a home into an empty folder; how many files stand in it."""
    _require_empty(target)
    target.mkdir(parents=True, exist_ok=True)
    _lake(config.lake, target / "lake")
    _database(config, target)
    _tree(config.lake / "results", target / "lake" / "results")
    _tree(config.uploads, target / "uploads")
    beside = ["demo", HOME_FILE, *([SECRETS] if secrets else [])]
    for extra in (config.home / name for name in beside):
        _any(extra, target / extra.name)
    files = {str(p.relative_to(target)): _digest(p) for p in _files(target)}
    content = {"made_at": datetime.now(UTC).isoformat(timespec="seconds"),
               "database": "postgresql" if config.database_url else "sqlite",
               "files": files}  # fmt: skip
    (target / MANIFEST).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return len(files)


def restore(config: Config, source: Path) -> int:
    """Put a backup into an empty home after checking every digest; how many files came."""
    manifest = source / MANIFEST
    if not manifest.is_file():
        raise Problem("backup_missing", path=source)
    content = json.loads(manifest.read_text(encoding="utf-8"))
    wanted = "postgresql" if config.database_url else "sqlite"
    if content["database"] != wanted:
        raise Problem("backup_other_database", made_of=content["database"], here=wanted)
    for name, digest in content["files"].items():
        path = source / name
        if not path.is_file() or _digest(path) != digest:
            raise Problem("backup_damaged", file=path)
    _require_empty(config.home)
    for name in content["files"]:
        if name != DUMP:
            _file(source / name, config.home / name)
    if config.database_url:
        _run("pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error",
             "--dbname", config.database_url, str(source / DUMP))  # fmt: skip
    return len(content["files"])


def _require_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise Problem("backup_folder_used", path=folder)


def _lake(lake: Path, target: Path) -> None:
    """Inboxes, then the logs of the tables, then the files that they name and whatever else."""
    for path in sorted(lake.glob("**/*.sqlite3")):
        _sqlite(path, target / path.relative_to(lake))
    moving = [lake / name / LOG for name in ROWS_MOVE]
    for log in moving:  # a table may come to be while the one before it is copied
        _tree(log, target / log.relative_to(lake))
    days = lake / "activity_day" / LOG
    if days.exists():  # while no refresh runs: which days wait for a damaged file fits the days
        with sole_writer(lake / "refresh.lock"):
            _any(lake / HELD, target / HELD)
            _tree(days, target / days.relative_to(lake))
    for log in sorted(set(lake.glob(f"**/{LOG}")) - {*moving, days}):
        _tree(log, target / log.relative_to(lake))
    _tree(lake, target, logs=False)


def _database(config: Config, target: Path) -> None:
    if config.database_url:
        _run("pg_dump", "--format", "custom", "--file", str(target / DUMP), config.database_url)
    elif (config.home / DATABASE).exists():
        _sqlite(config.home / DATABASE, target / DATABASE)


def _sqlite(source: Path, target: Path) -> None:
    """A consistent copy of a database that others write to, journal and all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as found, closing(sqlite3.connect(target)) as copy:
        found.backup(copy)


def _any(source: Path, target: Path) -> None:
    if source.is_dir():
        _tree(source, target)
    elif source.exists():
        _file(source, target)


def _tree(source: Path, target: Path, *, logs: bool = True) -> None:
    """Every file that is not there yet; what exists never changes under its name.

    The one file of a log that does is left out: it only points to a checkpoint that is found
    without it. Without `logs`, entries written since the logs were copied stay out.
    """
    for _attempt in range(ATTEMPTS):
        try:
            for path in _files(source):
                place = target / path.relative_to(source)
                if not place.exists() and _belongs(path, logs):
                    _file(path, place)
        except FileNotFoundError:
            continue
        return
    raise Problem("backup_moving", path=source)


def _belongs(path: Path, logs: bool) -> bool:
    if path.name == LAST_CHECKPOINT or (path.parent.name == LOG and not logs):
        return False
    return not path.name.endswith((".sqlite3", *SQLITE_BESIDE))


def _files(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.is_file())


def _file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    shutil.copy2(source, part)
    part.rename(target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _run(program: str, *arguments: str) -> None:
    """One of PostgreSQL's own tools; what it complains of is passed on."""
    found = shutil.which(program) or next(
        (str(p) for p in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))), None
    )
    if found is None:
        raise Problem("backup_tool_missing", program=program)
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem("backup_tool_failed", program=program, said=done.stderr.strip()[-300:])
