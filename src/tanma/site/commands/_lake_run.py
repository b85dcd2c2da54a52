"""`tanma lake run`: readings to intervals, days and months, all of them or some months."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tanma.engine.metering.run import Done

HELP = "Derive intervals and days of whole months, here or on a cluster"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--months", nargs="+", metavar="YYYY-MM",
        help="these months only (default: all that have readings)",
    )  # fmt: skip
    parser.add_argument(
        "--memory", default="1GB", metavar="SIZE", help="most memory of an engine (default 1GB)"
    )
    parser.add_argument(
        "--cluster", metavar="ADDRESS",
        help="a Dask scheduler, tcp://host:8786; the lake lies at the same path on every worker",
    )  # fmt: skip
    parser.add_argument(
        "--posted", action="store_true", help="append the amounts of closed months as facts"
    )


def run(args: argparse.Namespace) -> int:
    from tanma.site import setup

    setup.prepare()
    from tanma.apps.codes.door import sync_lake
    from tanma.engine.metering.run import run as derive
    from tanma.site.commands._lake_refresh import told
    from tanma.site.commands.lake import lake_folder

    sync_lake()
    if args.cluster:
        from tanma.lake.settle import Settler

        Settler(lake_folder()).settle()  # workers elsewhere read what is settled
    ran = derive(
        lake_folder(), args.months, memory=args.memory, cluster=args.cluster, progress=_shown
    )
    print(f"分片 tasks {ran.tasks} · 区间 intervals {ran.intervals} · 日 days {ran.days}")
    if args.posted:
        _post(lake_folder(), args.months)
    return told(ran.held, len(ran.held), ran.held_days)


def _shown(done: int, tasks: int, one: Done) -> None:
    print(f"{done}/{tasks} {one.month} #{one.bucket}", file=sys.stderr, flush=True)


def _post(root: Path, months: list[str] | None) -> None:
    from tanma.site.keeping import post

    posted, held_back = post(root, months)
    print(f"入账 facts posted {posted} · 未覆盖全月 held back {held_back}")
