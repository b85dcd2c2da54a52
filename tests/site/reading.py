"""`tanma.site.intake_connections` over a lake with fixed scopes: `reading FILE LAKE STATE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tanma.intake.connections import load
from tanma.site import intake_connections
from tests.intake.sinks import scope

intake_connections.FRESH_S = 0.2
SCOPES = {
    "hash": scope("G1", [(1, "hall/r0", "register", "kWh", 0, 1),
                         (2, "dead/r0", "register", "kWh", 0, 1)])
}  # fmt: skip

if __name__ == "__main__":
    file, lake, state = map(Path, sys.argv[1:])
    asyncio.run(intake_connections.read(load(file), lambda: SCOPES, lake, state))
