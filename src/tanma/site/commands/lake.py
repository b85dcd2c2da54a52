"""`tanma lake`: the readings and what is derived from them, kept in order.

Each step is a function here or a module `_lake_<step>` beside this one with HELP, arguments, run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

from tanma.site import commands

HELP = "Seal, settle, sweep and check the lake of readings; show its status"


def arguments(parser: argparse.ArgumentParser) -> None:
    modules = _modules()
    texts = {name: step[0] for name, step in _STEPS.items()}
    texts |= {name: module.HELP for name, module in modules.items()}
    told = "; ".join(f"{name}: {text}" for name, text in texts.items())
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True, help=told)
    for name, (text, add, step) in _STEPS.items():
        chosen = steps.add_parser(name, help=text, description=text)
        add(chosen)
        chosen.set_defaults(work=step)
    for name, module in modules.items():
        chosen = steps.add_parser(name, help=module.HELP, description=module.HELP)
        module.arguments(chosen)
        chosen.set_defaults(work=module.run)


def run(args: argparse.Namespace) -> int:
    return int(args.work(args) or 0)


def _modules() -> dict[str, ModuleType]:
    names = sorted(m.name for m in pkgutil.iter_modules(commands.__path__))
    return {
        name.removeprefix("_lake_"): importlib.import_module(f"{commands.__name__}.{name}")
        for name in names
        if name.startswith("_lake_")
    }


def lake_folder() -> Path:
    """The lake of this home."""
    from tanma.site.config import Config

    return Config().lake


def _nothing(parser: argparse.ArgumentParser) -> None:
    pass


def _as_json(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, as one JSON object")
    form.add_argument("--metrics", action="store_true", help="as Prometheus text")


def _hours(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep-hours", type=int, default=24, metavar="N",
        help="replaced files stay so long, for those who read them (default 24)",
    )  # fmt: skip


def _place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("uri", metavar="s3://BUCKET/PREFIX", help="where the tables are to lie")
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE",
        help="AWS_REGION, AWS_ENDPOINT_URL, …; keys are better left to the environment",
    )  # fmt: skip


def _say(done: Any) -> None:
    print(json.dumps(done if isinstance(done, dict) else asdict(done), ensure_ascii=False))


def _seal(args: argparse.Namespace) -> None:
    from tanma.lake.landing import Landing

    _say(Landing(lake_folder()).seal())


def _settle(args: argparse.Namespace) -> int:
    from tanma.lake.settle import Settler

    done = Settler(lake_folder()).settle()
    _say(done)
    return _left(done.left)


def _left(files: int) -> int:
    """Name the damaged files if some had to be left where they lie; the exit code."""
    from tanma.lake.held import noted

    if not files:
        return 0
    for one in noted(lake_folder())[0]:
        if one.damaged:
            print(f"{one.problem.text('zh')}\n{one.problem.text('en')}")
    return 1


def _night(args: argparse.Namespace) -> int:
    from tanma.lake.upkeep import night
    from tanma.site import keeping, setup
    from tanma.site.config import Config

    setup.prepare()
    used = keeping.used_by_results()
    days = Config().raw_days
    done = night(lake_folder(), raw_days=days, used=used, keep_hours=args.keep_hours)
    _say(done)
    return _left(done.settled.left + done.moved.left)


def _sweep(args: argparse.Namespace) -> None:
    from tanma.lake.upkeep import sweep

    _say(sweep(lake_folder(), args.keep_hours))


def _share(args: argparse.Namespace) -> None:
    from tanma.lake.storage import Bucket, share

    options = tuple((key, value) for key, _, value in (o.partition("=") for o in args.option))
    share(lake_folder(), Bucket(args.uri, options))
    _say({"shared": args.uri})


def _checking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set-aside", action="store_true",
        help="without a backup: the tables go on without the damaged files, which are kept apart",
    )  # fmt: skip
    parser.add_argument(
        "--rebuild", action="store_true",
        help="make damaged files of readings again from the bodies as they were received",
    )  # fmt: skip


def _check(args: argparse.Namespace) -> int:
    from tanma.lake.check import check, set_aside

    seen = check(lake_folder())
    for damage in seen.damages:
        print(f"{damage.problem.text('zh')}\n{damage.problem.text('en')}")
    print(f"文件 files {seen.files} · 行 rows {seen.rows} · 损坏 damaged {len(seen.damages)}")
    if args.rebuild:
        _rebuild()
        seen = check(lake_folder())
    if args.set_aside:
        print(f"已搁置 set aside {set_aside(lake_folder(), seen.damages)}")
    return 1 if seen.damages else 0


def _rebuild() -> None:
    from tanma.lake.rebuild import rebuild
    from tanma.site import setup
    from tanma.site.intake_scopes import decoder

    setup.prepare()
    from tanma.apps.metering import door as metering

    for made in rebuild(lake_folder(), decoder(metering.intake_scopes().values())):
        if made.problem is None:
            print(f"已重建 rebuilt {made.uri}")
        else:
            print(f"{made.problem.text('zh')}\n{made.problem.text('en')}")


def _status(args: argparse.Namespace) -> None:
    from tanma.lake.status import metrics, status

    found = status(lake_folder())
    if args.json:
        _say(found)
    elif args.metrics:
        print(metrics(found), end="")
    else:
        print("\n".join(_status_lines(found)))


def _status_lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"已归档至 sealed up to      {_moment(found['watermark_us'])}",
        f"已沉淀至 settled up to     {_moment(found['settled_us'])}",
        f"已推导至 derived up to     {_moment(found['derived_us'])}",
        f"待推导 dirty keys          {_or_dash(found['dirty_keys'])}",
        f"因损坏等待 held keys       {found['held_keys']}",
        f"近 7 日到齐率 completeness  {_per_cent(found['completeness'])}",
        f"每条读数字节 bytes/reading  {_or_dash(found['bytes_per_reading'])}",
        "",
        f"{'表 table':<14}{'文件 files':>10}{'行 rows':>16}{'字节 bytes':>18}",
    ]
    for name, size in found["tables"].items():
        lines.append(f"{name:<15}{size['files']:>11}{size['rows']:>17}{size['bytes']:>20}")
    for box in found["writers"]:
        state = "已搁置 set aside" if box["aside"] else f"待归档 backlog {box['backlog_rows']}"
        lines.append(f"写入方 writer {box['writer']}: {state}")
    return [*lines, *(one[language] for one in found["damaged"] for language in ("zh", "en"))]


def _moment(stamp_us: int) -> str:
    import datetime as dt

    if not stamp_us:
        return "–"
    return dt.datetime.fromtimestamp(stamp_us / 10**6, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _per_cent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.2f} %"


def _or_dash(value: float | None) -> str:
    return "–" if value is None else str(value)


_STEPS: dict[
    str,
    tuple[
        str,
        Callable[[argparse.ArgumentParser], None],
        Callable[[argparse.Namespace], int | None],
    ],
] = {
    "status": ("Freshness, backlog, files and bytes, what waits to be derived", _as_json, _status),
    "seal": ("Move what the inboxes hold into the landing table", _nothing, _seal),
    "settle": ("Lay what was sealed into the tail", _nothing, _settle),
    "night": ("Settle, lay closed months down, compact, drop old bodies, sweep", _hours, _night),
    "share": ("Keep settled and derived tables in an S3 bucket from the start", _place, _share),
    "sweep": ("Delete files that no version of the last hours names", _hours, _sweep),
    "check": ("Read every file and name the damaged ones with the way back", _checking, _check),
}
