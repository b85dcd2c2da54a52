"""Do once what is due by the calendar; `tanma lake keep` does it by the hour."""

from __future__ import annotations

import argparse
import sys

HELP = "Compute the routine evaluations that are due now, once (for a timer)."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose: what is due is on the page 定时评价."""


def run(args: argparse.Namespace) -> int:
    from tanma.site import setup
    from tanma.site.keeping import evaluated

    setup.prepare()
    sys.stdout.write((evaluated() or "nothing is due") + "\n")
    return 0
