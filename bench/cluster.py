"""The same run in this process, over two Dask workers, and with one of them killed at work.

One JSON line per figure: wall seconds without the start of the cluster, beside the run in process.
Default: four tasks of eight days; `--full`: the month of a province, thirteen tasks.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.support import province
from tanma.engine.metering.run import Ran, run
from tanma.lake.derived import ActivityDays

MONTH = "2026-09"


@contextmanager
def cluster() -> Iterator[tuple[str, float]]:
    """A scheduler and two workers of one thread: address, seconds until they stood."""
    from distributed import Client

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    begun = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    cli = [sys.executable, "-m"]
    started = [
        subprocess.Popen(
            [*cli, "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"], **quiet
        )
    ]
    worker = [*cli, "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
    started += [subprocess.Popen([*worker, "--no-dashboard"], **quiet) for _ in range(2)]
    try:
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, time.perf_counter() - begun
    finally:
        for process in started:
            process.kill()
            process.wait()


def timed(root: Path, **more: object) -> tuple[float, Ran]:
    begun = time.perf_counter()
    ran = run(root, [MONTH], **more)  # type: ignore[arg-type]
    return time.perf_counter() - begun, ran


def report(figure: str, wall_s: float, alone_s: float, ran: Ran, **more: object) -> None:
    line = {
        "bench": "cluster", "figure": figure, "intervals": ran.intervals, "tasks": ran.tasks,
        "wall_s": round(wall_s, 2), "yardstick": "the same run in this process",
        "yardstick_wall_s": round(alone_s, 2), "ratio": round(wall_s / alone_s, 2),
        "load": round(os.getloadavg()[0], 1),
    } | more  # fmt: skip
    print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meters", type=int, default=4 * province.BUCKET)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--full", action="store_true", help="52,782 meters, 30 days")
    args = parser.parse_args()
    size = province.Size(*((province.METERS, 30) if args.full else (args.meters, args.days)))
    with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
        root = Path(name)
        province.lake(root, size)
        alone_s, ran = timed(root)
        whole = days(root)
        with cluster() as (address, start_s):
            wall_s, ran = timed(root, cluster=address)
            report("two workers", wall_s, alone_s, ran, start_s=round(start_s, 2))
            check(whole, days(root))

            held: list[int] = []

            def kill(done: int, *_: object) -> None:
                if done == 1:
                    held.append(killed_at_work(address))

            wall_s, ran = timed(root, cluster=address, progress=kill)
            report("two workers, one killed at work after the first task", wall_s, alone_s, ran,
                   tasks_held=held[0])  # fmt: skip
            check(whole, days(root))


def killed_at_work(address: str) -> int:
    """Kill a worker that is working; how many tasks it held."""
    from distributed import Client

    with Client(address, timeout=60, set_as_default=False) as client:
        pids = client.run(os.getpid)
        busy = {worker: len(tasks) for worker, tasks in client.processing().items() if tasks}
        if not busy:
            raise SystemExit("no worker is at work after the first task: take more buckets")
        worker, tasks = max(busy.items(), key=lambda b: b[1])
        os.kill(pids[worker], signal.SIGKILL)
        return tasks


def days(root: Path) -> list:
    """Count and sums of all days: equal runs have equal ones."""
    import duckdb

    with duckdb.connect() as con:
        ActivityDays(root).view(con, None, "days")
        return con.execute("SELECT count(*), sum(milli), sum(flags), sum(n) FROM days").fetchall()


def check(expected: list, found: list) -> None:
    if expected != found:
        raise SystemExit(f"the cluster disagrees with this process: {found} ≠ {expected}")


if __name__ == "__main__":
    main()
