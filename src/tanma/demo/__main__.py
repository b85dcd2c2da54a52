"""`python -m tanma.demo OUT`: write a region for a trial."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tanma.demo.generate import generate
from tanma.demo.plan import CITY, PROVINCE


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tanma.demo", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--enterprises", type=int, default=3800)
    parser.add_argument("--small", type=int, default=5000)
    parser.add_argument("--quarters", type=int, default=12)
    parser.add_argument("--last", default="2026Q3")
    parser.add_argument("--region", choices=(CITY, PROVINCE), default=CITY)
    given = vars(parser.parse_args(arguments))
    done = generate(given.pop("out"), **given, progress=_show)
    sys.stderr.write("\n")
    sys.stdout.write(f"{len(done.steps)} files, {done.rows} rows, {done.truth_rows} true figures\n")
    return 0


def _show(what: str, part: float) -> None:
    sys.stderr.write(f"\r{part:5.0%} {what:60.60}")


if __name__ == "__main__":
    sys.exit(main())
