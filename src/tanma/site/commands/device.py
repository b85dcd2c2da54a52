"""Read a device once and print every point: to compare with its display before it is connected."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HELP = "Read a Modbus device or a DL/T 645 meter once and print every point; writes nothing."
USUAL = ("forward_active_total", "reverse_active_total", "voltage_a", "current_a",
         "active_power_total")  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("map", help="a built-in map, the file of one, dlt645, or a template")
    parser.add_argument("host", nargs="?", default="", help="none: print the template to fill in")
    parser.add_argument("--port", type=int, help="TCP port (502; needed for dlt645)")
    parser.add_argument("--unit", type=int, default=1, help="Modbus unit (1)")
    parser.add_argument("--address", default="A" * 12, help="DL/T 645 address (any)")
    parser.add_argument("--read", nargs="+", default=USUAL, help="DL/T 645 data items")
    parser.add_argument("--timeout", type=float, default=3.0, help="seconds for an answer (3)")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")


def run(args: argparse.Namespace) -> int:
    import asyncio

    from tanma.domain.messages import Problem

    if not args.host:
        print(_template(args.map), end="")
        return 0
    try:
        rows = asyncio.run(_rows(args))
    except (OSError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise Problem("device_unreachable", device=args.host, reason=reason) from None
    for line in _table(rows, args.lang):
        print(line)
    return 1 if any(row["problem"] for row in rows) else 0


def _template(name: str) -> str:
    from tanma.domain.messages import Problem
    from tanma.intake.devices import templates

    if name not in templates():
        raise Problem("device_template_absent", name=name, known=", ".join(templates()))
    return templates()[name]


async def _rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    if args.map == "dlt645":
        from tanma.intake.dlt645 import poll
        from tanma.intake.dlt645.codec import padded

        address = padded(args.address)
        return await poll.preview(args.host, args.port or 0, address, args.read, args.timeout)
    from tanma.intake.devices import find
    from tanma.intake.modbus.client import preview

    return await preview(
        find(args.map, Path()), args.host, args.port or 502, args.unit, args.timeout
    )


def _table(rows: Iterable[Mapping[str, Any]], lang: str) -> Iterable[str]:
    for row in rows:
        said = f"{row['value']} {row['unit']}" if row["value"] is not None else "–"
        name = row["name_zh"] if lang == "zh" else row.get("name_en") or row["point"]
        yield f"{row['point']:<24} {said:<20} {name}"
        if row["problem"]:
            yield f"    {row['problem'].text(lang)}"
