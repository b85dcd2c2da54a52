"""The process that seals beside the services: `python -m tanma.lake.sealer FOLDER`.

Every few seconds it moves what was accepted into the open tables. It ends with SIGTERM after the
seal under way, or when the process that started it is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tanma.lake.landing import Landing

EVERY_S = 5.0


@dataclass(frozen=True)
class Last:
    """What the last seal did; the services tell it in their metrics."""

    at: float
    """Seconds since 1970 UTC."""
    rows: int
    watermark: int
    seconds: float


def last_seal(root: Path) -> Last | None:
    """The last seal of a sealer; None before the first."""
    path = _note(root)
    return Last(**json.loads(path.read_text())) if path.exists() else None


def _note(root: Path) -> Path:
    return root / "inbox" / "sealed.json"


def seal_once(landing: Landing) -> Last:
    """Seal, and leave a note of it. What was set aside is told on standard error."""
    began = time.perf_counter()
    sealed = landing.seal()
    for note in sealed.aside:
        print(f"tanma: {note}", file=sys.stderr, flush=True)
    last = Last(time.time(), sealed.rows, sealed.watermark, time.perf_counter() - began)
    new = _note(landing.root).with_suffix(".new")
    if new.parent.exists():
        new.write_text(json.dumps(last.__dict__))
        new.replace(_note(landing.root))
    return last


def run(root: Path, every_s: float, stop: threading.Event) -> None:
    """Seal until told to stop; what goes wrong once is tried again."""
    landing, parent = Landing(root), os.getppid()
    while not stop.is_set() and os.getppid() == parent:
        try:
            seal_once(landing)
        except Exception as error:  # Delta and Arrow have names of their own for a full disk
            print(f"tanma: {error}", file=sys.stderr, flush=True)
        stop.wait(every_s)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tanma.lake.sealer", description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--every", type=float, default=EVERY_S, help="seconds between seals (5)")
    args = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(args.root, args.every, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
