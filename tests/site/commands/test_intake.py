"""`tanma intake` over a home: a gateway of the metering room pushes, another token does not."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tanma.site import intake_service
from tanma.site.commands import intake
from tests.intake.http.conftest import ROOT, free_port

SETUP = """
from tanma.site import setup
setup.prepare()
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
(firm,) = registry.register("uscc", ["91990101MA0DEM001L"], author="test").values()
metering.register_meter("M1", "91990101MA0DEM001L", author="test")
metering.declare([metering.Declared("M1", "electricity.purchased", unit="kWh", scale=2)],
                 author="test")
print(metering.create_gateway("G1", firm, author="test")[1])
"""
ROW = {"channel": "M1/electricity.purchased", "time": "2026-09-01T00:00:00+08:00",
       "end": "2026-09-01T00:15:00+08:00", "value": "12.34"}  # fmt: skip


def push(port: int, token: str) -> tuple[int, dict]:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    link.request("POST", "/v1/readings", json.dumps([ROW]), headers)
    answer = link.getresponse()
    said = json.loads(answer.read())
    link.close()
    return answer.status, said


def test_a_registered_gateway_pushes_and_nobody_else(tmp_path: Path) -> None:
    env = os.environ | {
        "TANMA_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "tanma.site.settings",
        "PYTHONPATH": str(ROOT / "src"), "TANMA_DATABASE_URL": "",
    }  # fmt: skip
    made = subprocess.run(
        [sys.executable, "-c", SETUP], env=env, check=True, capture_output=True, text=True
    )
    port, token = free_port(), made.stdout.split()[-1]
    command = [sys.executable, "-m", "tanma.site.cli", "intake", "--port", str(port)]
    with subprocess.Popen([*command, "--every", "0.1"], env=env, start_new_session=True) as served:
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                with suppress(OSError, http.client.HTTPException):
                    status, said = push(port, token)
                    break
                time.sleep(0.1)
            assert (200, 1) == (status, said["accepted"]), said
            assert 401 == push(port, "another")[0]
            landing = tmp_path / "lake" / "landing"
            while not list(landing.glob("arrival_day=*/*.parquet")):
                assert time.monotonic() < end
                time.sleep(0.1)
            served.terminate()
            assert 0 == served.wait(60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(served.pid, signal.SIGKILL)


def test_the_options_reach_the_service(monkeypatch, tmp_path: Path) -> None:
    import argparse

    from tanma.site import setup

    monkeypatch.setattr(setup, "prepare", lambda: None)
    called = []
    monkeypatch.setattr(intake_service, "serve", lambda *given: called.append(given) or 0)
    monkeypatch.setenv("TANMA_HOME", str(tmp_path))
    parser = argparse.ArgumentParser()
    intake.arguments(parser)
    for options in (["--port", "9", "--workers", "3", "--every", "2"], ["--no-seal"]):
        assert 0 == intake.run(parser.parse_args(options))
    (target, how, sealing, _), (_, plain, none, _) = called
    assert intake_service.TARGET == target
    assert ("127.0.0.1", 9, 3) == (how.host, how.port, how.workers)
    assert [str(tmp_path / "lake"), "--every", "2"] == sealing[-3:]
    assert (8100, None) == (plain.port, none)
