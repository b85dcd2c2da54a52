"""The process that reads devices and brokers of a connections file, beside `tanma intake`.

`python -m tanma.site.intake_connections FILE`. It appends to the inbox of its own and leaves how
each connection is doing in `<home>/connections.json`, for pages and metrics.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tanma.intake.connections import Connections, Running
    from tanma.intake.live import Scope, Scopes

STATE = "connections.json"
FRESH_S = 5.0
"""A gateway that is revoked is refused after so many seconds; the state is as old at most."""
COUNTERS = ("taken", "refused", "absent", "failures", "waiting", "lost")
_log = logging.getLogger(__name__)


def command(file: Path) -> list[str]:
    """The command of this process."""
    return [sys.executable, "-m", "tanma.site.intake_connections", str(file)]


class Snapshot:
    """Scopes in memory, renewed beside; what was known last goes on while the database is away."""

    def __init__(self, scopes: Callable[[], Mapping[str, Scope]]) -> None:
        self._scopes = scopes
        self._held: Mapping[str, Scope] | None = None

    def __call__(self) -> Mapping[str, Scope]:
        return self._held or {}

    async def renew(self) -> None:
        try:
            self._held = await asyncio.to_thread(self._scopes)
        except Exception:
            _log.exception("scopes of gateways could not be renewed")

    async def first(self, stop: asyncio.Event, again_s: float = FRESH_S) -> None:
        """Renew until it succeeded once, or until `stop`: without scopes every message of a broker
        would be one of a gateway that nobody knows, acknowledged and lost."""
        await self.renew()
        while self._held is None and not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), again_s)
            await self.renew()


async def read(connections: Connections, scopes: Scopes, lake: Path, state: Path) -> None:
    """Read everything until SIGTERM or SIGINT; what is taken then is durable."""
    from tanma.intake.connections import Running, run_connections
    from tanma.lake.group import GroupCommit
    from tanma.lake.landing import Landing

    stop, running, held = asyncio.Event(), Running(), Snapshot(scopes)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await held.first(stop)
    sink = GroupCommit(Landing(lake), "connections")
    beside = asyncio.create_task(_beside(held, running, state))
    try:
        await run_connections(connections, held, sink, stop, running)
    finally:
        beside.cancel()
        await sink.close()
        save(running, state)


async def _beside(held: Snapshot, running: Running, state: Path) -> None:
    while True:
        await asyncio.sleep(FRESH_S)
        await held.renew()
        save(running, state)


def save(running: Running, path: Path) -> None:
    """How each connection is doing, whole or not at all."""
    rows = [_row(health) for health in running.health]
    fresh = path.with_suffix(".new")
    with contextlib.suppress(OSError):  # a full disk must not end the reading
        fresh.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(fresh, path)


def _row(health: Any) -> dict[str, object]:
    problem = health.error
    return {
        "name": health.name,
        "adapter": health.adapter,
        "last_us": health.last_us,
        **{counter: getattr(health, counter) for counter in COUNTERS},
        "code": problem.code if problem else "",
        "zh": problem.text("zh") if problem else "",
        "en": problem.text("en") if problem else "",
    }


def state(home: Path) -> list[dict[str, Any]]:
    """What the process left last; empty where it never ran."""
    path = home / STATE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def metric_lines(home: Path) -> list[str]:
    """The same for Prometheus."""
    rows = state(home)
    lines: list[str] = []
    for counter in COUNTERS:
        name = f"tanma_connection_{counter}"
        lines += [f"# TYPE {name} gauge"] if rows else []
        lines += [
            f'{name}{{name="{row["name"]}",adapter="{row["adapter"]}"}} {row[counter]}'
            for row in rows
        ]
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tanma.site.intake_connections")
    parser.add_argument("file", type=Path)
    file = parser.parse_args(arguments).file
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tanma.site.settings")
    django.setup()
    from django.conf import settings

    from tanma.intake.connections import load
    from tanma.site.intake_scopes import live_scopes

    home = settings.TANMA.home
    asyncio.run(read(load(file), live_scopes, settings.TANMA.lake, home / STATE))
    return 0


if __name__ == "__main__":
    sys.exit(main())
