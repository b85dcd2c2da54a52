"""`tanma template`: the sheets that people fill."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "数据表模板 write the template of a table package (without a name: list them)"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="package, such as energy")
    parser.add_argument("-o", "--output", type=Path, help="file to write (default: NAME.xlsx)")
    parser.add_argument("--csv", action="store_true", help="CSV instead of XLSX")
    parser.add_argument("--filled", action="store_true", help="put the example into the sheet")
    parser.add_argument("--markdown", action="store_true", help="the reference page of all tables")


def run(args: argparse.Namespace) -> int:
    from tanma.intake.tables import packages, write_template
    from tanma.intake.tables.page import page

    if args.markdown:
        print(page(), end="")
        return 0
    if args.name is None:
        for name, package in packages().items():
            print(f"{name:<16} {package.title_zh}  {package.title_en}")
        return 0
    suffix = ".csv" if args.csv else ".xlsx"
    path = args.output or Path(f"{args.name}{suffix}")
    print(write_template(args.name, path, filled=args.filled))
    return 0
