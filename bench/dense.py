"""A month of a province with nine meters an enterprise: `month` at seven times the size.

`--full`: 42,226 enterprises, 380,034 meters, about 1.1 thousand million readings (some 3 GB of disk
and hours on two cores). Default: one bucket of meters, 12 million readings. What is measured stands
in `bench.month`; the lake is made by the same hands.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.month import measure
from bench.support import province

EACH = 9
"""Meters of an enterprise."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="1.1 thousand million readings")
    parser.add_argument("--enterprises", type=int, default=province.BUCKET // EACH)
    args = parser.parse_args()
    owners = province.ENTERPRISES if args.full else args.enterprises
    with tempfile.TemporaryDirectory(prefix="tanma-bench-") as name:
        root = Path(name)
        province.lake(root, province.Size(owners * EACH, owners=owners))
        measure(root, "dense")


if __name__ == "__main__":
    main()
