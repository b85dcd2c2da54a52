"""`./dev demo` to its first page: cold in a fresh clone and a fresh home, then warm in both again.

The clone is made from this repository's last commit. Installing the packages is counted by itself,
because it depends on the network: `install` is `./dev tanma --help` in the fresh clone, `cold` the
demo after it up to the first answer of the login page, `warm` the second start of the same demo.
`--venv` skips the installation and takes this interpreter's packages for the clone instead;
`--whole` also waits, before the warm start, until the last step of the region is in.
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
import urllib.error
import urllib.request
from pathlib import Path

from bench.support.load import cpu_s

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = {"cold": 60, "warm": 2}
PATIENCE_S = 900


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", action="store_true", help="without installing anything")
    parser.add_argument("--whole", action="store_true", help="wait for the whole region as well")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        demo = borrowed(clone) if args.venv else ["./dev", "demo"]
        if not args.venv:
            print(json.dumps(installed(clone, home)), flush=True)
        for figure in ("cold", "warm"):
            whole = args.whole and figure == "cold"
            print(json.dumps(started(figure, demo, clone, home, whole=whole)), flush=True)


def borrowed(clone: Path) -> list[str]:
    """The demo of the clone with the packages of this interpreter; texts compiled as ./dev does."""
    subprocess.run([sys.executable, "hatch_build.py"], cwd=clone, check=True)
    return [sys.executable, "-m", "tanma.site.cli", "demo"]


def environment(clone: Path, home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TANMA_", "DJANGO_"))}
    return kept | {"TANMA_HOME": str(home), "PYTHONPATH": str(clone / "src")}


def installed(clone: Path, home: Path) -> dict[str, object]:
    before = time.perf_counter()
    command = ["./dev", "tanma", "--help"]
    env = environment(clone, home)
    subprocess.run(command, cwd=clone, env=env, check=True, stdout=subprocess.DEVNULL)
    return {"bench": "start", "figure": "install", "wall_s": round(time.perf_counter() - before, 2)}


def started(
    figure: str, demo: list[str], clone: Path, home: Path, *, whole: bool
) -> dict[str, object]:
    """Seconds from the command to the first page, and on demand to the last step of its data."""
    port, before = free_port(), time.perf_counter()
    server = subprocess.Popen(
        [*demo, "--port", str(port)], cwd=clone, env=environment(clone, home),
        stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        first_page(f"http://127.0.0.1:{port}/", server)
        wall, cpu = time.perf_counter() - before, cpu_s(server.pid)
        if whole:
            filled(home, server)
        region_s = time.perf_counter() - before
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)
    line = {"bench": "start", "figure": figure, "wall_s": round(wall, 2), "cpu_s": round(cpu, 2),
            "limit_s": LIMIT_S[figure], "within": wall <= LIMIT_S[figure]}  # fmt: skip
    return line | ({"whole_region_s": round(region_s, 1)} if whole else {})


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def first_page(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=10).close()
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{url} does not answer; exit code {server.poll()}")


def filled(home: Path, server: subprocess.Popen[bytes]) -> None:
    """Wait until every step that the demo announced is done."""
    path, deadline = home / "demo" / "progress.json", time.perf_counter() + PATIENCE_S
    while time.perf_counter() < deadline and server.poll() is None:
        state = json.loads(path.read_text(encoding="utf-8"))
        if state["total"] and len(state["done"]) >= state["total"]:
            return
        time.sleep(0.5)
    raise SystemExit("the demo did not come to its end")


if __name__ == "__main__":
    main()
