"""`tanma lake refresh`: derive again what new readings, events and parameters touch."""

from __future__ import annotations

import argparse

HELP = "Derive again exactly the days that new readings, events and parameters touch"
# a damaged file is gone around and named; the status says then that something is to be done


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--memory", default="1GB", metavar="SIZE", help="most memory of the engine (default 1GB)"
    )


def run(args: argparse.Namespace) -> int:
    from tanma.site import setup

    setup.prepare()
    from tanma.apps.codes.door import sync_lake
    from tanma.apps.watch import door as watch
    from tanma.engine.metering.refresh import refresh
    from tanma.site.commands.lake import lake_folder

    sync_lake()
    done = refresh(lake_folder(), memory=args.memory)
    alarms = watch.evaluate()
    print(f"重算日 days {done.dirty} · 变动 changed {done.changed} · 重述 restated {done.restated}")
    if str(alarms):
        print(f"报警 {alarms}")
    for one in done.held:
        print(f"{one.problem.text('zh')}\n{one.problem.text('en')}")
    if done.held:
        print(f"因损坏等待 held {done.held_days} · 文件 damaged files {len(done.held)}")
    return 1 if done.held else 0
