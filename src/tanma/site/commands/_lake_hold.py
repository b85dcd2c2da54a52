"""`tanma lake hold`: bodies that stay beyond their days, by the receipts of their batches."""

from __future__ import annotations

import argparse
import re

HELP = "Keep the bodies of batches as received beyond their days, by receipt (http-1/17)"
_RECEIPT = re.compile(r"([a-z0-9][a-z0-9-]{0,63})/([1-9][0-9]{0,17})")


def receipt(text: str) -> tuple[str, int]:
    """Writer and batch of a receipt as the intake answered it."""
    if not (found := _RECEIPT.fullmatch(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no receipt such as http-1/17")
    return found[1], int(found[2])


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("receipts", nargs="+", type=receipt, metavar="RECEIPT")
    parser.add_argument("--reason", required=True, help="why they stay; kept beside them")


def run(args: argparse.Namespace) -> int:
    from tanma.lake import raw
    from tanma.site.commands.lake import lake_folder

    raw.keep(lake_folder(), args.receipts, args.reason)
    print(f"保留报文 bodies held {len(raw.kept(lake_folder()))}")
    return 0
