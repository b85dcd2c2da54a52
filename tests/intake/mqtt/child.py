"""A reader in a process of its own, over the real inbox, which may kill itself at a chosen point.

`python -m tests.intake.mqtt.child PORT FOLDER WHEN READINGS`: WHEN is `before` (received, nothing
committed), `after` (committed, not acknowledged) or `never`. It ends when READINGS are taken.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from tanma.intake.mqtt.client import Broker, MqttReader
from tanma.intake.mqtt.decode import Template
from tanma.lake.group import GroupCommit
from tanma.lake.landing import Landing
from tests.intake.sinks import scope

CHANNELS = 5
SCOPES = {"hash": scope("gw", [(n, "", "register", "kWh", 2, 900) for n in range(1, CHANNELS + 1)])}
KILL_AT = 7
"""Batches before the process dies."""


class Deadly:
    """The sink, with a kill before or after the commit."""

    def __init__(self, sink: GroupCommit, when: str) -> None:
        self.sink, self.when, self.batches = sink, when, 0

    async def accept(self, table, **said):
        self.batches += 1
        if self.when == "before" and self.batches == KILL_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        receipt = await self.sink.accept(table, **said)
        if self.when == "after" and self.batches >= KILL_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return receipt


async def main(port: int, folder: Path, when: str, readings: int) -> None:
    broker = Broker("test", "127.0.0.1", port, "tanma-test", Template("t/{gateway}/{channel}"))
    sink = Deadly(GroupCommit(Landing(folder), "mqtt"), when)
    reader, stop = MqttReader(broker, lambda: SCOPES, sink), asyncio.Event()
    running = asyncio.create_task(reader.run(stop))
    print("ready", flush=True)
    while sink.batches < readings:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)  # what is acknowledged now goes out
    stop.set()
    await running


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
