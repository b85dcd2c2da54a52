"""The same run over workers of a Dask cluster, started as processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tanma.engine.metering import run as module
from tanma.engine.metering.run import run
from tanma.lake.derived import Validated
from tests.engine.metering.lake import Lake, content
from tests.engine.metering.meters import MIDNIGHT, POWER, Meters, registers

BUCKETS = 6


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", *sys.path])},
    )  # fmt: skip


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and so many workers; they end with the block."""
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = start("distributed.cli.dask_scheduler", "--host", address, "--no-dashboard")
    made = [
        start("distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1",
              "--no-dashboard", "--death-timeout", "120")
        for _ in range(workers)
    ]  # fmt: skip
    try:
        from distributed import Client

        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address, made
    finally:
        for process in (*made, scheduler):
            process.kill()
            process.wait()


def meters() -> Meters:
    made = Meters()
    made.area(900, "33")
    made.enterprise(1, "3011", "33")
    for bucket in range(BUCKETS):
        made.meter(bucket + 1, 1)
        made.channel(bucket * 4096 + 7, meter=bucket + 1, item=POWER)
    return made


def filled(root: Path) -> Lake:
    lake = Lake(root, meters())
    for bucket in range(BUCKETS):
        lake.read(registers(bucket * 4096 + 7, MIDNIGHT, [n * (bucket + 3) for n in range(300)]))
    return lake


def validated(lake: Lake) -> list[bytes]:
    """The bytes of every partition of `validated`, in order of bucket."""
    files = sorted(Validated(lake.root).files("2026-09"), key=lambda f: f.split("bucket=")[1])
    return [Path(f.removeprefix("file://")).read_bytes() for f in files]


@pytest.fixture
def alone(tmp_path: Path) -> Lake:
    made = filled(tmp_path / "alone")
    run(made.root, ["2026-09"])
    return made


@pytest.mark.slow
@pytest.mark.cluster
def test_two_workers_give_the_same_bytes(tmp_path: Path, alone: Lake) -> None:
    shared = filled(tmp_path / "shared")
    with cluster(2) as (address, _):
        run(shared.root, ["2026-09"], cluster=address)
    assert BUCKETS == len(validated(shared))
    assert validated(alone) == validated(shared)
    assert content(alone) == content(shared)


@pytest.mark.slow
@pytest.mark.cluster
def test_a_killed_worker_costs_time_and_nothing_else(
    tmp_path: Path, alone: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = filled(tmp_path / "shared")
    with cluster(2) as (address, workers):
        killed: list[float] = []

        def kill(done: int, tasks: int, _: module.Done) -> None:
            if done == 1:
                workers[0].kill()
                killed.append(time.time())

        run(shared.root, ["2026-09"], cluster=address, progress=kill)
    assert 1 == len(killed)
    assert validated(alone) == validated(shared)
    assert content(alone) == content(shared)
