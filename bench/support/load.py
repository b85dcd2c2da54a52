"""A load generator for `bench.pages` and a reader of a server's CPU time: not a measurement.

wrk where it is installed; otherwise a small asyncio client, which needs more CPU of the machine
that it shares with the server, so that its requests per second are lower bounds.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What came of one address under load."""

    generator: str
    requests: int
    per_s: float
    p99_ms: float
    failed: int


def load(url: str, headers: dict[str, str], connections: int, seconds: float) -> Load:
    """Ask for an address over some kept connections, each again as soon as it is answered."""
    if shutil.which("wrk"):
        return _wrk(url, headers, connections, seconds)
    return asyncio.run(_asked(url, headers, connections, seconds))


def _wrk(url: str, headers: dict[str, str], connections: int, seconds: float) -> Load:
    said = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", *said, url]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    failed = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    return Load(
        "wrk", int(re.search(r"(\d+) requests in", text)[1]),
        float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        float(number) * UNITS_MS[unit], failed,
    )  # fmt: skip


async def _asked(url: str, headers: dict[str, str], connections: int, seconds: float) -> Load:
    parts = urlsplit(url)
    lines = [f"GET {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
             f"Host: {parts.netloc}", *(f"{n}: {v}" for n, v in headers.items())]  # fmt: skip
    asked = ("\r\n".join(lines) + "\r\n\r\n").encode()
    end, spent, failed = time.perf_counter() + seconds, [], []
    started = time.perf_counter()
    await asyncio.gather(
        *(_connection(parts, asked, end, spent, failed) for _ in range(connections))
    )
    wall, slow = time.perf_counter() - started, sorted(spent)
    p99_ms = slow[int(len(slow) * 0.99)] * 1000
    return Load("asyncio", len(spent), len(spent) / wall, p99_ms, len(failed))


async def _connection(
    parts: object, asked: bytes, end: float, spent: list[float], failed: list[int]
) -> None:
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    while time.perf_counter() < end:
        before = time.perf_counter()
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"(?i)content-length: (\d+)", head):
            await reader.readexactly(int(length[1]))
        spent.append(time.perf_counter() - before)
        if (status := int(head[9:12])) >= 400:
            failed.append(status)
    writer.close()


def cpu_s(root: int) -> float:
    """CPU seconds of a process and all that it started, living or ended (Linux)."""
    total, waiting = 0.0, [root]
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        pid = int(place.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
    while waiting:
        pid = waiting.pop()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # own time in and out of the kernel, then that of children that have ended
        total += sum(map(int, fields[11:15])) / TICKS_PER_S
        waiting += children.get(pid, [])
    return total
