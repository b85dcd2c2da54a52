"""A folder of tables: in the order of its manifest, or of what must be known before what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tanma.apps.imports.batches import Progress, Report, import_file, told
from tanma.apps.imports.models import Batch
from tanma.apps.imports.subjects import REGISTER
from tanma.apps.people.door import Viewer
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem

KINDS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".ods")
MANIFEST = "manifest.json"
FIRST = ("area", "enterprise", "site", "meter", "equipment")
"""Words in file names of registers: what they name must be known before others speak of it."""


def steps(folder: Path) -> list[tuple[Path, str | None]]:
    """(file, package or None) in the order in which to import them."""
    manifest = folder / MANIFEST
    if manifest.exists():
        listed = json.loads(manifest.read_text(encoding="utf-8"))["steps"]
        return [(folder / step["path"], step["package"]) for step in listed]
    found = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in KINDS]
    if not found:
        raise Problem("import_folder_empty", path=folder, kinds=" ".join(KINDS))
    return [(path, None) for path in sorted(found, key=_place)]


def _place(path: Path) -> tuple[int, str]:
    name = path.stem.lower()
    return next((n for n, word in enumerate(FIRST) if word in name), len(FIRST)), str(path)


def import_folder(
    folder: str | Path,
    viewer: Viewer,
    *,
    start: int = 0,
    stop: int | None = None,
    dry_run: bool = False,
    progress: Report | None = None,
) -> Iterator[Batch]:
    """Import the tables of a folder, yielding each batch when it is in.

    `start` and `stop` choose some of the steps, so that a first page can open after a few. A file
    that cannot be read at all comes back as a failed batch and the others go on. The registry is
    brought up to date after the registers and once at the end.
    """
    folder = Path(folder)
    chosen = steps(folder)
    for number, (path, package) in list(enumerate(chosen, start=1))[start:stop]:
        batch = _one(path, package, viewer, dry_run, _numbered(progress, number, len(chosen)))
        if not dry_run and REGISTER in batch.sources:
            registry.project()
        yield batch
    if not dry_run:
        registry.project()


def _numbered(progress: Report | None, number: int, total: int) -> Report | None:
    if progress is None:
        return None
    return lambda p: progress(replace(p, file_number=number, files=total))


def _one(
    path: Path, package: str | None, viewer: Viewer, dry_run: bool, progress: Report | None
) -> Batch:
    try:
        return import_file(
            path, viewer, package=package, dry_run=dry_run, progress=progress, project=False
        )
    except Problem as problem:
        return failed(path, problem)


def failed(path: Path, problem: Problem) -> Batch:
    """A file that could not be read, as a batch to show beside those of other files."""
    return Batch(file=path.name, state=Batch.State.FAILED, problem=told(problem))


__all__ = ["Progress", "failed", "import_folder", "steps"]
