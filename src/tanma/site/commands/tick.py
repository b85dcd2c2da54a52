"""Do once what is due by the calendar; `tanma lake keep` does it by the hour."""

from __future__ import annotations

import argparse
import sys

HELP = "Compute the routine evaluations and write the letters that are due now (for a timer)."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose: what is due is on the page 定时评价."""


def run(args: argparse.Namespace) -> int:
    from tanma.apps.cases.door import send_letters
    from tanma.site import setup
    from tanma.site.keeping import evaluated

    setup.prepare()
    letters = send_letters()
    said = [evaluated(), f"{letters} letters" if letters else ""]
    sys.stdout.write((", ".join(text for text in said if text) or "nothing is due") + "\n")
    return 0
