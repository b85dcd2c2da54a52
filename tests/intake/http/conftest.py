"""Real server processes on the loopback, and a plain way to speak to them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tanma.intake.http import openapi
from tanma.lake.landing import Landing
from tanma.lake.readings import Readings

ROOT = Path(__file__).parents[3]
AT = "2026-09-01T00:00:00+08:00"
A = [
    [7, "main/energy", "register", "kWh", 2, 900],
    [12, "main/quarter", "interval", "kWh", 3, 900],
    [13, "heat", "gauge", "°C", 1],
]
B = [[8, "b/secret-name", "register", "MWh", 4, 900]]
MANY = [[n, f"p{n}", "interval", "kWh", 0, 900] for n in range(1000, 1100)]
SECRET = bytes(range(32))
SIGNING_KEY = "0SIGNINGKEY00.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
"""As the page of gateway-s told it."""
SCOPES = {
    "token-a": ["gateway-a", A], "token-b": ["gateway-b", B], "token-0": ["gateway-0", []],
    "token-m": ["gateway-m", MANY],
    "token-s": ["gateway-s", MANY, ["0SIGNINGKEY00", "hmac-sha256", SECRET.hex()]],
}  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Said:
    """An answer of the service."""

    status: int
    body: Any
    headers: dict[str, str]


def agrees(said: Said) -> None:
    """Each answer that a test sees is one that the description promises."""
    described = json.loads(openapi.as_json())
    answer = described["paths"]["/v1/readings"]["post"]["responses"][str(said.status)]
    name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = described["components"]["schemas"][name]
    assert set(schema["required"]) <= set(said.body) <= set(schema["properties"])
    types = {"integer": int, "string": str, "boolean": bool, "array": list}
    for key, value in said.body.items():
        assert isinstance(value, types[schema["properties"][key]["type"]]), key


@dataclass
class Served:
    """One service with its sealer."""

    root: Path
    scopes: Path
    port: int = 0
    env: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    def start(self, wait: bool = True) -> None:
        self.port = self.port or free_port()
        env = os.environ | {
            "SERVED_ROOT": str(self.root), "SERVED_SCOPES": str(self.scopes),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        } | self.env  # fmt: skip
        command = [sys.executable, "-m", "tests.intake.http.served", str(self.port), *self.options]
        # A group of its own, so that all of it can be killed at once.
        self.process = subprocess.Popen(command, env=env, cwd=ROOT, start_new_session=True)
        if wait:
            self.wait_ready()

    def wait_ready(self, within_s: float = 30) -> None:
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            with suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/healthz").status == 200:
                    return
            time.sleep(0.02)
        raise TimeoutError("the service did not start")

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """End service and sealer as a power cut would, as far as processes go."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def children(self) -> dict[str, list[int]]:
        """Pids below the parent: `sealer` and `worker`."""
        assert self.process is not None
        found: dict[str, list[int]] = {"sealer": [], "worker": []}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == self.process.pid:
                    line = (stat.parent / "cmdline").read_bytes()
                    kind = "sealer" if b"tanma.lake.sealer" in line else "worker"
                    if b"resource_tracker" not in line:
                        found[kind].append(int(stat.parent.name))
        return found

    def ask(
        self, method: str, path: str, body: Any = None, timeout: float = 30, **headers: str
    ) -> Said:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            sent = {k.replace("_", "-"): v for k, v in headers.items()}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read()
            told = {k.lower(): v for k, v in answer.getheaders()}
            is_json = "json" in told.get("content-type", "")
            return Said(answer.status, json.loads(text) if is_json else text.decode(), told)
        finally:
            connection.close()

    def push(
        self, body: Any, token: str = "token-a", media: str = "application/json", **headers: str
    ) -> Said:
        sent = json.dumps(body).encode() if isinstance(body, list | dict) else body
        said = self.ask(
            "POST", "/v1/readings", sent,
            Authorization=f"Bearer {token}", Content_Type=media, **headers,
        )  # fmt: skip
        agrees(said)
        return said

    def stored(self) -> list[tuple[int, int]]:
        """(channel, count) of every reading after a last seal."""
        Landing(self.root).seal()
        lake = Readings(self.root)
        with duckdb.connect() as con:
            import datetime as dt

            span = (dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
            lake.known(con, None, *span, lake.watermark)
            query = "SELECT channel, value FROM readings ORDER BY channel, start_utc"
            return con.execute(query).fetchall()


@contextmanager
def service(folder: Path, *options: str, **env: str) -> Any:
    scopes = folder / "scopes.json"
    scopes.write_text(json.dumps(SCOPES))
    served = Served(folder / "lake", scopes, env=env, options=options)
    served.root.mkdir(exist_ok=True)
    served.start()
    try:
        yield served
    finally:
        served.kill()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One service for the tests of a module; each uses channels or times of its own."""
    with service(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def fresh(tmp_path: Path) -> Any:
    """A service that this test alone uses."""
    with service(tmp_path) as running:
        yield running
