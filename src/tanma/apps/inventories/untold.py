"""What of a publication's sums and averages is not shown (`engine.untold`), worked out once.

A region that withholds everything takes seconds a run, so that the answer is kept in the lake
beside the results; it can be worked out again at any time.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from tanma.apps.inventories import publications
from tanma.apps.registry import door as registry
from tanma.domain.periods import parse
from tanma.engine.regions import HIERARCHIES
from tanma.engine.untold import Untold, untold
from tanma.lake.results import Run

RULE = 1
"""Counts up when `engine.untold` closes anything otherwise: what an older rule gave is left."""


@lru_cache(maxsize=32)
def untold_of(run_id: str) -> Untold:
    """A run never changes; its areas are those of the last day of its period."""
    files = publications.files(run_id)
    if files.meta.get("legal_basis"):
        return Untold()
    kept = settings.TANMA.lake / "untold" / f"{run_id}-{RULE}.json"
    if not kept.is_file():
        _keep(kept, _found(files))
    return Untold(frozenset(tuple(key) for key in json.loads(kept.read_text("utf-8"))))


def _found(files: Run) -> Untold:
    day = parse(files.meta["period"]).end - timedelta(days=1)
    return untold(files, lambda: {h: registry.ancestors_on(day, h) for h in HIERARCHIES})


def _keep(path: Path, found: Untold) -> None:
    """Whole or not at all: two processes may come to it at once."""
    path.parent.mkdir(exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(sorted(found.keys)), "utf-8")
    written.replace(path)
