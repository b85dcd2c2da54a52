"""`tanma restore`: a backup into an empty home, every digest checked first."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "把备份恢复到空的 TANMA_HOME · put a backup into an empty TANMA_HOME"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="备份文件夹 · the folder of a backup"
    )


def run(args: argparse.Namespace) -> int:
    from tanma.site.backup import restore
    from tanma.site.config import Config

    config = Config()
    count = restore(config, args.path)
    print(f"已恢复 {count:,} 个文件 · {count:,} files restored: {config.home}")
    return 0
