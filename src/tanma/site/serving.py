"""The web server (granian) and the processes that run beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
from types import FrameType

from django.conf import settings

LATER = ["/bin/sh", "-c", 'sleep 2; exec "$@"', "later"]
"""Helpers begin when the first page stands: on few cores they would only hold it up."""


def worker_command() -> list[str]:
    """The worker of background tasks."""
    return [sys.executable, "-m", "django", "db_worker", "--interval", "1", "--no-reload"]


def serve(
    host: str | None, port: int | None, workers: int, *, tasks: bool,
    beside: list[list[str]] | None = None,
) -> int:  # fmt: skip
    """Run until interrupted; the processes beside end with the server."""
    import os

    host, port = host or settings.TANMA.host, port or settings.TANMA.port
    os.environ["DJANGO_SETTINGS_MODULE"] = "tanma.site.settings"
    commands = (beside or []) + ([worker_command()] if tasks else [])
    helpers = [subprocess.Popen([*LATER, *command]) for command in commands]
    signal.signal(signal.SIGTERM, _interrupt)
    sys.stdout.write(f"Tanma 碳码 · http://{host}:{port}/\n")
    sys.stdout.flush()
    try:
        _load()
        _granian(host, port, workers)
    except KeyboardInterrupt:
        pass
    finally:
        for helper in helpers:
            helper.terminate()
        for helper in helpers:
            helper.wait(timeout=20)
    return 0


def _load() -> None:
    """Import the pages once, before the workers are forked, instead of once in each of them."""
    from django.urls import get_resolver

    from tanma.site import wsgi

    assert wsgi.application
    get_resolver().url_patterns  # noqa: B018 - the views are imported by looking


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _granian(host: str, port: int, workers: int) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        "tanma.site.wsgi:application", address=host, port=port, interface=Interfaces.WSGI,
        workers=workers, blocking_threads=2, backlog=512, log_level=LogLevels.warning,
    ).serve()  # fmt: skip
