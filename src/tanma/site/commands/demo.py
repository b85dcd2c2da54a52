"""The demo: a seeded region of several thousand enterprises, opened in the browser."""

from __future__ import annotations

import argparse
import sys
import time

HELP = "Generate, import, rate and serve an invented region (演示数据)."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="port to listen on (8000)")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--prepare-only", action="store_true", help="import all, do not serve")


def run(args: argparse.Namespace) -> int:
    from tanma.site import demo_region

    home = demo_region.demo_home()
    demo_region.enter(home)
    if args.fill:
        demo_region.fill_region(home)
        return 0
    started = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - started:5.1f} s] {text}\n")
        sys.stdout.flush()

    demo_region.open_region(home, say)
    if args.prepare_only:
        demo_region.fill_region(home)
        return 0
    names, password = (home / "demo" / "accounts.txt").read_text(encoding="utf-8").splitlines()
    say(f"演示账号 · accounts: {names}")
    say(f"密码 · password: {password}")
    from tanma.site.serving import serve

    fill = [sys.executable, "-m", "tanma.site.cli", "demo", "--fill"]
    return serve(args.host, args.port, workers=2, tasks=True, beside=[fill])
