"""`tanma lake keep`: the derived tables follow the readings until interrupted."""

from __future__ import annotations

import argparse

HELP = "Stay and keep everything current: refresh in seconds, settle hourly, the night's work"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every", type=float, default=15.0, metavar="S", help="seconds between refreshes (15)"
    )
    parser.add_argument(
        "--memory", default="1GB", metavar="SIZE", help="most memory of the engine (default 1GB)"
    )


def run(args: argparse.Namespace) -> int:
    import signal
    import threading

    from tanma.site import keeping, setup
    from tanma.site.commands.lake import lake_folder

    setup.prepare()
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda number, frame: stop.set())
    keeping.keep(lake_folder(), stop, args.every, args.memory)
    return 0
