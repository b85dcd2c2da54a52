"""Serve the site, with the worker of background tasks beside it."""

from __future__ import annotations

import argparse

HELP = "Start the web server and the worker of background tasks."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (TANMA_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (TANMA_PORT, 8000)")
    parser.add_argument("--workers", type=int, default=2, help="server processes (2)")
    parser.add_argument("--no-tasks", action="store_true", help="without the task worker")


def run(args: argparse.Namespace) -> int:
    from tanma.site import setup
    from tanma.site.serving import serve

    setup.prepare()
    return serve(args.host, args.port, args.workers, tasks=not args.no_tasks)
