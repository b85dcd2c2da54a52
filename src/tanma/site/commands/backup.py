"""`tanma backup`: a copy of everything that must not be lost, made while the site runs."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "备份数据库、数据湖和上传文件 · copy database, lake and uploads into an empty folder"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="空文件夹 · an empty folder")
    parser.add_argument(
        "--secrets", action="store_true", help="包括密钥 · include secrets.toml; keep it safe"
    )


def run(args: argparse.Namespace) -> int:
    from tanma.site.backup import backup
    from tanma.site.config import Config

    count = backup(Config(), args.path, secrets=args.secrets)
    print(f"已备份 {count:,} 个文件 · {count:,} files copied: {args.path}")
    return 0
