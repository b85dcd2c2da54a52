"""`tanma explain`: every number of an enterprise, with formula, values, sources and known time."""

from __future__ import annotations

import argparse
import json
from typing import Any

HELP = "解释企业的每个数 explain the numbers of an enterprise: formula, values, sources"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("uscc", metavar="USCC", help="unified social credit code of the enterprise")
    parser.add_argument("--period", default="", help="such as 2026Q3 or 2026Q3/r4; default: newest")
    parser.add_argument("--run", default="", metavar="ID", help="a run, published or not")
    parser.add_argument("--account", choices=("code", "statutory", "energy"), help="one only")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")
    parser.add_argument("--json", action="store_true", help="the trees as one JSON object")


def run(args: argparse.Namespace) -> int:
    from tanma.site.setup import prepare

    prepare()
    from django.conf import settings

    from tanma.apps.inventories import door as inventories

    made = _basis(args)
    if args.json:
        print(json.dumps(made.as_dict(), ensure_ascii=False))
        return 0
    print(_head(made))
    for node in made.nodes:
        print()
        texts = inventories.shown(node, args.lang, settings.TIME_ZONE)
        for line in inventories.text_lines(texts, args.lang):
            print(line)
    return 0


def _basis(args: argparse.Namespace) -> Any:
    from tanma.apps.inventories import door as inventories
    from tanma.apps.registry import door as registry
    from tanma.domain.messages import Problem

    subject = registry.find("uscc", [args.uscc]).get(args.uscc)
    if subject is None:
        raise Problem("basis_enterprise_unknown", uscc=args.uscc)
    run_id = args.run or inventories.newest(subject, args.uscc, args.period).run_id
    files = inventories.files(run_id)
    if args.period and files.meta["period"] != args.period:
        raise Problem(
            "basis_period_differs", run=run_id, found=files.meta["period"], asked=args.period
        )
    accounts = [args.account] if args.account else list(inventories.ACCOUNTS)
    return inventories.basis(files, subject, args.lang, accounts=accounts)


def _head(made: Any) -> str:
    from django.conf import settings

    demo = "演示数据 demo data\n" if settings.TANMA.demo else ""
    result, frozen = made.result, made.frozen
    return (
        f"{demo}{result['name']} ({result['natural_key']}) · {result['industry']} · {made.period}"
        f" · run {frozen.run_id} · {frozen.files.digest}"
    )
