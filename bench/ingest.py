"""Readings acknowledged per second over HTTP, sealing beside, all checks on.

A thousand readings a request, sixteen kept connections of sixteen gateways: token, channel scope,
idempotency key, exact counts, body kept, durable commit. The yardstick is the same service with the
flush to the disk left out, in the same run. One JSON line per figure; the load generator runs on
the same cores. Afterwards every acknowledged reading must lie in the table exactly once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.support.load import cpu_s
from tanma.lake.delta import stored
from tanma.lake.landing import Landing

FORMS = {"columns": "JSON columns", "rows": "JSON rows", "arrow": "Arrow"}
READINGS = 1000
WARM_S = 1.0


def started(root: Path, *, durable: bool) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {"INGEST_ROOT": str(root), "INGEST_DURABLE": "yes" if durable else "no"}
    served = subprocess.Popen(
        [sys.executable, "-m", "bench.support.ingest_served", str(port)],
        env=env, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    for _ in range(600):
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
            return served, port
        time.sleep(0.05)
    raise SystemExit("the service did not start")


def load(port: int, form: str, seconds: float, first: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.support.ingest_load", str(port), form, str(seconds)]
    command += ["--first", str(first)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def measured(form: str, seconds: float, *, durable: bool) -> dict[str, Any]:
    """One service from start to stop: rate, CPU of service and sealer, and what was stored."""
    with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
        root = Path(name)
        served, port = started(root, durable=durable)
        try:
            warm = load(port, form, WARM_S, 1)
            before = cpu_s(served.pid)
            done = load(port, form, seconds, 10_000_000)
            cpu = cpu_s(served.pid) - before
            served.terminate()
            served.wait(120)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(served.pid, signal.SIGKILL)
        landing = Landing(root)
        landing.seal()
        rows = sum(file.rows for file in stored(landing.table.open()))
        sent = (warm["requests"] + done["requests"]) * READINGS
        if rows != sent:
            raise SystemExit(f"{sent} readings acknowledged, {rows} stored")
        return done | {"service_cpu_s": cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--form", choices=FORMS, action="append", help="only this one (all)")
    parser.add_argument("--full", action="store_true", help="60 s each")
    args = parser.parse_args()
    seconds = 60 if args.full else args.seconds
    for form in args.form or FORMS:
        bare = measured(form, seconds, durable=False)
        done = measured(form, seconds, durable=True)
        million = done["requests"] * READINGS / 1e6
        rate = done["requests"] * READINGS / done["wall_s"]
        bare_rate = bare["requests"] * READINGS / bare["wall_s"]
        line = {
            "bench": "ingest", "figure": FORMS[form], "seconds": seconds,
            "readings_per_s": round(rate), "cpu_s_per_million": round(
                done["service_cpu_s"] / million, 3),
            "generator_cpu_s_per_million": round(done["cpu_s"] / million, 3),
            "p50_ms": round(done["p50_ms"], 1), "p99_ms": round(done["p99_ms"], 1),
            "bytes_per_reading": round(done["bytes"] / READINGS, 1),
            "yardstick": "the same service without the flush to the disk",
            "yardstick_per_s": round(bare_rate), "ratio": round(rate / bare_rate, 2),
            "cores": os.cpu_count(),
        }  # fmt: skip
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
