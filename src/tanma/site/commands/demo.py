"""The demo: a seeded region of several thousand enterprises, opened in the browser."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HELP = "Generate, import, rate and serve an invented region (演示数据)."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="port to listen on (8000)")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument(
        "--enterprises", type=int, metavar="N", help="enterprises above scale (3,800), up to 42,226"
    )
    parser.add_argument("--small", type=int, metavar="N", help="small enterprises (5,000)")
    parser.add_argument("--quarters", type=int, metavar="N", help="quarters, 4 or more (12)")
    parser.add_argument(
        "--region", choices=("city", "province"), help="one city, or 11 cities and 90 counties"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="another seed, another region")
    parser.add_argument("--open", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--no-live", action="store_true", help="without simulated gateways")
    parser.add_argument("--prepare-only", action="store_true", help="import all, do not serve")


def run(args: argparse.Namespace) -> int:
    from tanma.site import demo_region

    home = demo_region.demo_home()
    demo_region.enter(home)
    said = {name: getattr(args, name) for name in demo_region.SIZES}
    demo_region.choose(home, {name: value for name, value in said.items() if value is not None})
    os.environ.setdefault("TANMA_INTAKE_PORT", str((args.port or 8000) + INTAKE_ABOVE))
    if args.open:
        demo_region.open_region(home, _say)
        return 0
    if args.fill:
        demo_region.fill_region(home)
        return 0
    if not demo_region.opened(home):
        # in a process of its own: the lake's threads do not survive the server's fork
        subprocess.run([*COMMAND, "--open"], check=True)
    if args.prepare_only:
        demo_region.fill_region(home)
        return 0
    return _serve(args, home)


COMMAND = [sys.executable, "-m", "tanma.site.cli", "demo"]
LIVE = [
    [sys.executable, "-m", "tanma.site.cli", "intake"],
    [sys.executable, "-m", "tanma.site.cli", "lake", "keep"],
    [sys.executable, "-m", "tanma.site.demo_live"],
]
"""What makes the demo live: the door for readings, what keeps their days, gateways that send."""
INTAKE_ABOVE = 100
"""The door listens so many ports above the pages."""
STARTED = time.monotonic()


def _say(text: str) -> None:
    sys.stdout.write(f"[{time.monotonic() - STARTED:5.1f} s] {text}\n")
    sys.stdout.flush()


def _serve(args: argparse.Namespace, home: Path) -> int:
    from tanma.site import demo_region, setup
    from tanma.site.serving import serve

    setup.prepare()
    names, password = (home / "demo" / "accounts.txt").read_text(encoding="utf-8").splitlines()
    _say(f"演示账号 · accounts: {names}")
    _say(f"密码 · password: {password}")
    beside = [] if demo_region.filled(home) else [[*COMMAND, "--fill"]]
    beside += [] if args.no_live else LIVE
    return serve(args.host, args.port, workers=2, tasks=True, beside=beside)
