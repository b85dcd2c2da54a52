"""`tanma intake`: server processes with the lake as their sink, and the sealer beside them.

The parent only starts and ends processes: the server forks, so it must not open a Delta table.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tanma.intake.http.rsgi import Application
    from tanma.intake.live import Scopes

TARGET = "tanma.site.intake_service:application"
AGAIN_S = 1.0
"""A sealer or server that ended is started again after so many seconds."""
LEAST_S = 2.0
"""A server that lived shorter so many times in a row is not."""
TRIES = 3


@dataclass(frozen=True)
class Serving:
    """Where and how the service listens."""

    host: str
    port: int
    workers: int
    tls_cert: Path | None = None
    tls_key: Path | None = None


def application() -> Application:
    """What each server process runs: scopes from the metering room, the lake of the home."""
    import django

    django.setup()
    from django.conf import settings

    from tanma.site.intake_scopes import live_scopes

    return build(settings.TANMA.lake, live_scopes, settings.TANMA.intake_per_s)


def build(root: Path, scopes: Scopes, per_s: float, *, durable: bool = True) -> Application:
    """An application over a lake. `durable=False` is for measurements alone."""
    from tanma.intake.http.limits import Rate
    from tanma.intake.http.metrics import Metrics
    from tanma.intake.http.rsgi import Application
    from tanma.intake.http.service import Service
    from tanma.intake.http.tokens import ScopeBook
    from tanma.lake.group import GroupCommit
    from tanma.lake.inbox import disk_told
    from tanma.lake.landing import Landing

    def make() -> tuple[Service, ScopeBook, GroupCommit]:
        landing = Landing(root, durable=durable)
        with disk_told("http"):
            group = GroupCommit(landing, "http")
            metrics = Metrics(root / "inbox", group.writer)
        group.observe = metrics.commit
        book = ScopeBook(scopes)
        service = Service(
            group, book, metrics, rate=Rate(per_s), beside=lambda: state_of_lake(landing)
        )
        return service, book, group

    return Application(make)


def state_of_lake(landing: object) -> Sequence[str]:
    """Backlog, last seal and connections as lines for /metrics."""
    from tanma.lake.landing import Landing
    from tanma.lake.sealer import last_seal
    from tanma.site.intake_connections import metric_lines

    assert isinstance(landing, Landing)
    figures = {"backlog_readings": ("Readings that wait to be sealed.", float(landing.backlog))}
    if last := last_seal(landing.root):
        figures |= {
            "last_seal_timestamp_seconds": ("When the last seal ended.", last.at),
            "last_seal_readings": ("Readings that the last seal moved.", last.rows),
            "last_seal_seconds": ("How long the last seal took.", last.seconds),
            "watermark_timestamp_seconds": ("Known time up to which all is readable.",
                                            last.watermark / 1e6),
        }  # fmt: skip
    lines: list[str] = []
    for name, (about, value) in figures.items():
        full = f"tanma_lake_{name}"
        lines += [f"# HELP {full} {about}", f"# TYPE {full} gauge", f"{full} {value:.15g}"]
    return lines + metric_lines(landing.root.parent)


def sealer_command(root: Path, every_s: float) -> list[str]:
    """The process that seals."""
    return [sys.executable, "-m", "tanma.lake.sealer", str(root), "--every", f"{every_s:g}"]


class Beside:
    """A process that is started again when it ends, until it is stopped."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._stop = threading.Event()
        self._process = subprocess.Popen(command)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._process.wait()
            if not self._stop.wait(AGAIN_S):
                what = self._command[2]
                print(f"tanma: {what} ended and is started again", file=sys.stderr, flush=True)
                self._process = subprocess.Popen(self._command)

    def stop(self) -> None:
        """End it after the work under way."""
        self._stop.set()
        self._process.terminate()
        self._process.wait(timeout=120)


def serve(target: str, how: Serving, *beside: list[str] | None) -> int:
    """Run until interrupted: granian answers what it has taken, others end after their work."""
    others = [Beside(command) for command in beside if command]
    signal.signal(signal.SIGTERM, _interrupt)
    scheme = "https" if how.tls_cert else "http"
    print(f"Tanma 碳码 · {scheme}://{how.host}:{how.port}/v1/readings", flush=True)
    try:
        return _served(target, how)
    except KeyboardInterrupt:
        return 0
    finally:
        for other in reversed(others):
            other.stop()


def _served(target: str, how: Serving) -> int:
    """Serve again whenever granian gives up: it does when a worker dies twice within seconds,
    and gateways still need us. A server that cannot even start (the port is taken, say) is left."""
    short = 0
    while True:
        began = time.monotonic()
        if _granian(target, how):
            return 0
        short = short + 1 if time.monotonic() - began < LEAST_S else 0
        if short == TRIES:
            return 1
        print("tanma: the server ended and is started again", file=sys.stderr, flush=True)
        time.sleep(AGAIN_S)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _granian(target: str, how: Serving) -> bool:
    """Serve; whether it ended because it was told to."""
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    server = Server(
        target, factory=True, address=how.host, port=how.port, interface=Interfaces.RSGI,
        workers=how.workers, http=HTTPModes.http1, websockets=False, backlog=1024,
        respawn_failed_workers=True, respawn_interval=0.5, log_level=LogLevels.warning,
        ssl_cert=how.tls_cert, ssl_key=how.tls_key,
    )  # fmt: skip
    try:
        server.serve()
    except SystemExit:
        return bool(server.interrupt_signal)
    return bool(server.interrupt_signal)
