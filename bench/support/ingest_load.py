"""A load generator of readings: kept connections, bodies encoded beforehand, one process.

Each body that is sent has another count patched into it, so that no two have the same content.
Prints one JSON line: requests acknowledged, seconds, its own CPU seconds, latency.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import time
from dataclasses import dataclass, field

import pyarrow as pa

from bench.support.ingest_served import CHANNELS, GATEWAYS, number

MEDIA = {"rows": "application/json", "columns": "application/json",
         "arrow": "application/vnd.apache.arrow.stream"}  # fmt: skip
START_MS = 1_788_192_000_000
PATCHED = 7_000_000_000_001
"""A count that stands once in each body, where the number of the request is written."""
BODIES = 12
"""Bodies of each gateway, of as many quarters of an hour."""


def body(form: str, gateway: int, quarter: int) -> bytes:
    """A thousand readings: one quarter-hour of the channels of one gateway."""
    channel = [number(gateway, n) for n in range(CHANNELS)]
    time_ms = START_MS + quarter * 900_000
    counts = [(n * 7919 + quarter * 31) % 100_000 for n in range(CHANNELS)]
    if form == "arrow":
        return _arrow(channel, time_ms, counts)
    value = [c / 100 for c in counts]
    value[0] = PATCHED
    if form == "columns":
        said = {"channel": channel, "time": [time_ms] * CHANNELS, "value": value}
    else:
        text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_ms // 1000))
        said = [{"channel": c, "time": text, "value": v} for c, v in zip(channel, value)]
    return json.dumps(said, separators=(",", ":")).encode()


def _arrow(channel: list[int], time_ms: int, counts: list[int]) -> bytes:
    counts[0] = PATCHED
    table = pa.table(
        {
            "channel": pa.array(channel, pa.int64()),
            "time": pa.array([time_ms] * CHANNELS, pa.timestamp("ms", "UTC")),
            "value": pa.array(counts, pa.int64()),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


@dataclass
class Link:
    """One kept connection and the request that is under way on it."""

    socket: socket.socket
    bodies: list[bytearray]
    places: list[int]
    binary: bool
    head: bytes
    sent: int = 0
    rest: memoryview = field(default_factory=lambda: memoryview(b""))
    began: float = 0.0

    def next(self, serial: int) -> None:
        """Start the next request: another body, with its number patched in."""
        pick = self.sent % len(self.bodies)
        held, place = self.bodies[pick], self.places[pick]
        count = PATCHED + serial
        patch = count.to_bytes(8, "little") if self.binary else b"%013d" % count
        held[place : place + len(patch)] = patch
        key = b"Idempotency-Key: %d\r\n\r\n" % serial
        self.sent += 1
        self.began = time.perf_counter()
        self.rest = memoryview(self.head + key + held)
        self.push()

    def push(self) -> None:
        while self.rest:
            try:
                self.rest = self.rest[self.socket.send(self.rest) :]
            except BlockingIOError:
                return


def link(port: int, form: str, gateway: int) -> Link:
    binary = form == "arrow"
    bodies = [bytearray(body(form, gateway, q)) for q in range(BODIES)]
    mark = PATCHED.to_bytes(8, "little") if binary else str(PATCHED).encode()
    places = [b.index(mark) for b in bodies]
    longest = max(map(len, bodies))  # blanks at the end make all of a gateway equally long
    for one in bodies:
        one.extend(b" " * (longest - len(one)))
    head = (
        f"POST /v1/readings HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer token-{gateway}\r\n"
        f"Content-Type: {MEDIA[form]}\r\nContent-Length: {longest}\r\n"
    )
    made = socket.create_connection(("127.0.0.1", port))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setblocking(False)
    return Link(made, bodies, places, binary, head.encode())


class Load:
    """Requests over some links, each again as soon as it is answered, until the time is over."""

    def __init__(self, port: int, form: str, connections: int, first: int) -> None:
        self.links = [link(port, form, n % GATEWAYS) for n in range(connections)]
        self.serial, self.open, self.spent = first, 0, []

    def begin(self, one: Link) -> None:
        one.next(self.serial)
        self.serial += 1
        self.open += 1

    def heard(self, one: Link, now: float) -> None:
        answer = one.socket.recv(65536)
        if b" 200 " not in answer[:20] or b'"accepted":1000,"refused":0' not in answer:
            raise SystemExit(f"not acknowledged: {answer[:600]!r}")
        self.spent.append(now - one.began)
        self.open -= 1

    def run(self, seconds: float) -> None:
        poll = select.epoll()
        by_number = {one.socket.fileno(): one for one in self.links}
        for place in by_number:
            poll.register(place, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        end = time.perf_counter() + seconds
        for one in self.links:
            self.begin(one)
        while self.open:
            for place, event in poll.poll(5):
                self.turn(by_number[place], event, end)

    def turn(self, one: Link, event: int, end: float) -> None:
        if event & select.EPOLLOUT:
            one.push()
        if event & select.EPOLLIN:
            self.heard(one, now := time.perf_counter())
            if now < end:
                self.begin(one)


def run(port: int, form: str, seconds: float, connections: int, first: int) -> dict[str, object]:
    load = Load(port, form, connections, first)
    cpu, began = time.process_time(), time.perf_counter()
    load.run(seconds)
    wall, spent = time.perf_counter() - began, sorted(load.spent)
    return {
        "requests": len(spent), "wall_s": wall, "cpu_s": time.process_time() - cpu,
        "p50_ms": spent[len(spent) // 2] * 1000, "p99_ms": spent[int(len(spent) * 0.99)] * 1000,
        "bytes": len(load.links[0].bodies[0]),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("form", choices=MEDIA)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--connections", type=int, default=GATEWAYS)
    parser.add_argument("--first", type=int, default=1, help="number of the first request")
    args = parser.parse_args()
    print(json.dumps(run(args.port, args.form, args.seconds, args.connections, args.first)))
    sys.exit(0)
