"""Two thousand points once a second over HTTP, none lost.

Sixteen gateways with 125 points each send one reading of every point each second, on the second,
through the real service with sealing beside: token, channel scope, idempotency key, body kept,
durable commit. The yardstick is the same service with the flush to the disk left out, in the same
run. Afterwards exactly what was sent must lie in the lake, value by value; else the run fails.
One JSON line per figure; the load generator runs on the same cores.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from bench.ingest import started
from bench.support.ingest_served import GATEWAYS, number
from bench.support.load import cpu_s
from tanma.engine.metering.bucket import connection
from tanma.lake.delta import stored
from tanma.lake.landing import Landing
from tanma.lake.sql import scan

POINTS = 2000
EACH = POINTS // GATEWAYS
BEGIN_S = 1_788_192_000
SPAN = 90_000
"""Counts stay below this; a prime step makes those of a point differ from second to second."""


def count_of(channel: int, second: int) -> int:
    return (channel * 7919 + second * 31) % SPAN


@dataclass
class Gateway:
    """Sends its points every second on one kept connection; a failed answer is sent again."""

    port: int
    place: int
    seconds: int
    began: float
    spent: list[float] = field(default_factory=list)
    late: int = 0
    again: int = 0

    def run(self) -> None:
        link = self.link()
        for second in range(self.seconds):
            at = self.began + second + self.place / GATEWAYS
            if (wait := at - time.monotonic()) > 0:
                time.sleep(wait)
            link = self.send(link, second, at)
            self.late += time.monotonic() - at > 1

    def link(self) -> HTTPConnection:
        made = HTTPConnection("127.0.0.1", self.port, timeout=30)
        made.connect()
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def send(self, link: HTTPConnection, second: int, due: float) -> HTTPConnection:
        """Until acknowledged whole; latency counts from the moment the reading was due."""
        channels = [number(self.place, n) for n in range(EACH)]
        body = json.dumps(
            {"channel": channels, "time": [(BEGIN_S + second) * 1000] * EACH,
             "value": [count_of(c, second) / 100 for c in channels]}, separators=(",", ":"),
        )  # fmt: skip
        head = {"Authorization": f"Bearer token-{self.place}", "Content-Type": "application/json",
                "Idempotency-Key": f"{self.place}-{second}"}  # fmt: skip
        while True:
            try:
                link.request("POST", "/v1/readings", body, head)
                answer = link.getresponse()
                said = answer.read()
            except OSError:
                link, self.again = self.link(), self.again + 1
                continue
            if answer.status == 429:
                self.again += 1
                time.sleep(float(answer.headers.get("Retry-After", "1")))
                continue
            taken = b'"accepted":%d,"refused":0' % EACH
            if answer.status != 200 or taken not in said:
                raise SystemExit(f"not acknowledged: {answer.status} {said[:400]!r}")
            self.spent.append(time.monotonic() - due)
            return link


def measured(seconds: int, *, durable: bool) -> dict[str, float]:
    """One service from start to stop, and what the lake holds of what was sent."""
    with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
        root = Path(name)
        served, port = started(root, durable=durable)
        try:
            before, own = cpu_s(served.pid), time.process_time()
            gateways = sent_by(port, seconds)
            cpu, own = cpu_s(served.pid) - before, time.process_time() - own
            served.terminate()
            served.wait(120)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(served.pid, signal.SIGKILL)
        kept = compared(root, seconds)
    spent = sorted(s for g in gateways for s in g.spent)
    return {
        "stored": kept, "requests": len(spent), "service_cpu_s": cpu, "generator_cpu_s": own,
        "p50_ms": spent[len(spent) // 2] * 1000, "p99_ms": spent[int(len(spent) * 0.99)] * 1000,
        "max_ms": spent[-1] * 1000, "late": sum(g.late for g in gateways),
        "again": sum(g.again for g in gateways),
    }  # fmt: skip


def sent_by(port: int, seconds: int) -> list[Gateway]:
    began = time.monotonic() + 1
    gateways = [Gateway(port, place, seconds, began) for place in range(GATEWAYS)]
    threads = [threading.Thread(target=g.run) for g in gateways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any(len(g.spent) != seconds for g in gateways):
        raise SystemExit("a gateway gave up before its time")
    return gateways


def compared(root: Path, seconds: int) -> int:
    """How many rows were stored; stops unless they are those that were sent, each once."""
    landing = Landing(root)
    landing.seal()
    files = [file.uri for file in stored(landing.table.open())]
    with connection() as con:
        rows, keys, right = con.execute(
            f"""SELECT count(*), count(DISTINCT (channel, start_utc)), count(*) FILTER (
                    value = (channel * 7919 + second * 31) % {SPAN}
                    AND second >= 0 AND second < {seconds})
                FROM (SELECT *, epoch_us(start_utc) // 1000000 - {BEGIN_S} AS second
                      FROM {scan(files)})"""
        ).fetchall()[0]
    sent = POINTS * seconds
    if (sent, sent, sent) != (rows, keys, right):
        raise SystemExit(f"{sent} readings sent, {rows} stored, {keys} of them once, {right} right")
    return int(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--full", action="store_true", help="ten minutes each")
    args = parser.parse_args()
    seconds = 600 if args.full else args.seconds
    bare = measured(seconds, durable=False)
    done = measured(seconds, durable=True)
    line = {
        "bench": "second", "figure": f"{POINTS} points at 1 Hz", "seconds": seconds,
        "sent": POINTS * seconds, "stored": done["stored"], "late_requests": done["late"],
        "sent_again": done["again"], "p50_ms": round(done["p50_ms"], 1),
        "p99_ms": round(done["p99_ms"], 1), "max_ms": round(done["max_ms"], 1),
        "cpu_s": round(done["service_cpu_s"], 2),
        "generator_cpu_s": round(done["generator_cpu_s"], 2),
        "yardstick": "the same service without the flush to the disk",
        "yardstick_p50_ms": round(bare["p50_ms"], 1), "yardstick_p99_ms": round(bare["p99_ms"], 1),
        "yardstick_cpu_s": round(bare["service_cpu_s"], 2),
        "ratio": round(done["service_cpu_s"] / bare["service_cpu_s"], 2),
        "cores": os.cpu_count(),
    }  # fmt: skip
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
