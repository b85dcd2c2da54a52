"""The service that `bench.ingest` measures: `python -m bench.support.ingest_served PORT`.

Environment: INGEST_ROOT the lake, INGEST_DURABLE "no" leaves the flush out, which is the yardstick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tanma.intake.http.rsgi import Application
from tanma.intake.live import Scope, ScopedChannel, token_hash
from tanma.site.intake_service import Serving, build, sealer_command, serve

GATEWAYS, CHANNELS, SCALE = 16, 1000, 2
WORKERS = int(os.environ.get("INGEST_WORKERS", "1"))


def number(gateway: int, place: int) -> int:
    """The channel of a gateway."""
    return 1 + gateway * CHANNELS + place


def scopes() -> Mapping[str, Scope]:
    return {
        token_hash(f"token-{g}"): Scope.of(
            f"gateway-{g}",
            [
                ScopedChannel(number(g, n), f"m{n}", "interval", "kWh", SCALE, 900)
                for n in range(CHANNELS)
            ],
        )
        for g in range(GATEWAYS)
    }


def application() -> Application:
    durable = os.environ["INGEST_DURABLE"] != "no"
    return build(Path(os.environ["INGEST_ROOT"]), scopes, 1e12, durable=durable)


if __name__ == "__main__":
    beside = sealer_command(Path(os.environ["INGEST_ROOT"]), 5)
    how = Serving("127.0.0.1", int(sys.argv[1]), WORKERS)
    sys.exit(serve("bench.support.ingest_served:application", how, beside))
