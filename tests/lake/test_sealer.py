"""The process that seals: on time, once more after trouble, gone with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from deltalake.exceptions import DeltaError

from tanma.domain.messages import Problem
from tanma.lake import sealer
from tanma.lake.landing import Landing, entry
from tests.lake.test_readings import read

ROOT = Path(__file__).parents[2]


def test_a_seal_leaves_a_note(tmp_path: Path) -> None:
    lake = Landing(tmp_path)
    assert sealer.last_seal(tmp_path) is None
    lake.take([entry(read((1, 0, 1), (1, 1, 2)))], writer="a")
    sealer.seal_once(lake)
    last = sealer.last_seal(tmp_path)
    assert last is not None
    assert (2, lake.watermark) == (last.rows, last.watermark)
    assert abs(time.time() - last.at) < 60


@pytest.mark.parametrize(
    "error", [
        Problem("readings_not_durable", writer="a", reason="disk is full"),
        DeltaError("disk is full"), OSError("disk is full"),
    ],
)  # fmt: skip
def test_trouble_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    error: Exception,
) -> None:  # fmt: skip
    stop, calls = threading.Event(), []

    def troubled(landing: Landing) -> None:
        calls.append(landing)
        if len(calls) == 3:
            stop.set()
        raise error

    monkeypatch.setattr(sealer, "seal_once", troubled)
    sealer.run(tmp_path, 0.01, stop)
    assert 3 == len(calls)
    assert 3 == capsys.readouterr().err.count("disk is full")


def started(tmp_path: Path, *before: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tanma.lake.sealer", str(tmp_path), "--every", "0.05"]
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    return subprocess.Popen([*before, *command], env=env)


def wait_sealed(tmp_path: Path) -> None:
    end = time.monotonic() + 30
    while sealer.last_seal(tmp_path) is None:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_seals_until_it_is_told_to_stop(tmp_path: Path) -> None:
    lake = Landing(tmp_path)
    lake.take([entry(read((1, 0, 1)))], writer="a")
    with started(tmp_path) as process:
        wait_sealed(tmp_path)
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(30)
    assert 0 == lake.backlog


def test_it_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    lake = Landing(tmp_path)
    lake.take([entry(read((1, 0, 1)))], writer="a")
    script = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen(sys.argv[1:]); print(p.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-m", "tanma.lake.sealer", str(tmp_path), "--every", "0.05"]
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    with subprocess.Popen(
        [sys.executable, "-c", script, *command], stdout=subprocess.PIPE, env=env
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        wait_sealed(tmp_path)
        parent.kill()
    end = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and _state(child) != "Z":
        assert time.monotonic() < end
        time.sleep(0.05)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
