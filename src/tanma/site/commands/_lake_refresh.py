"""`tanma lake refresh`: derive again what new readings, events and parameters touch."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tanma.lake.held import Held

HELP = "Derive again exactly the days that new readings, events and parameters touch"
# a damaged file is gone around and named; the status says then that something is to be done


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--memory", default="1GB", metavar="SIZE", help="most memory of the engine (default 1GB)"
    )


def run(args: argparse.Namespace) -> int:
    from tanma.site import setup

    setup.prepare()
    from tanma.apps.watch import door as watch
    from tanma.site import keeping
    from tanma.site.commands.lake import lake_folder

    done = keeping.derived(lake_folder(), args.memory)
    alarms = watch.evaluate()
    print(f"重算日 days {done.dirty} · 变动 changed {done.changed} · 重述 restated {done.restated}")
    if str(alarms):
        print(f"报警 {alarms}")
    return told((*done.found, *done.held), len(done.held), done.held_days)


def told(damaged: Iterable[Held], held: int, days: int) -> int:
    """Name damaged files and say how many days wait for those that are held; the exit code."""
    for one in {one.file: one for one in damaged}.values():
        print(f"{one.problem.text('zh')}\n{one.problem.text('en')}")
    if held:
        print(f"因损坏等待 held {days} · 文件 damaged files {held}")
    return 1 if held else 0
