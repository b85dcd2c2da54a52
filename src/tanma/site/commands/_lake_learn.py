"""`tanma lake learn`: what is usual for each channel, so that spikes and wrong units are seen."""

from __future__ import annotations

import argparse
import datetime as dt

HELP = "Learn the profiles that are due, on the four weeks before a day; the night does it too"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--day", type=dt.date.fromisoformat, metavar="YYYY-MM-DD",
        help="the day from which they hold (tomorrow); days before it are judged as they were",
    )  # fmt: skip
    parser.add_argument(
        "--memory", default="1GB", metavar="SIZE", help="most memory of the engine (default 1GB)"
    )


def run(args: argparse.Namespace) -> int:
    from tanma.site import setup

    setup.prepare()
    from tanma.apps.codes.door import sync_lake
    from tanma.site.commands.lake import lake_folder
    from tanma.site.keeping import learn

    sync_lake()
    day = args.day or dt.datetime.now().astimezone().date() + dt.timedelta(days=1)
    print(f"档案 profiles learned {learn(lake_folder(), day, args.memory)} · {day}")
    return 0
