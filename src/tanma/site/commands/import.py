"""`tanma import`: files or folders of tables into the facts, with a report by row."""

# ruff: noqa: N999 - the command is called import, and commands are found by file name
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tanma.site.cli import template_of

if TYPE_CHECKING:
    from tanma.apps.imports.door import Batch, Progress

HELP = "导入表格文件或文件夹 · import table files or folders"
LINES = 20
COUNTS = (
    "rows", "good", "bad", "repeats", "warnings", "desk", "facts", "readings", "new",
    "unchanged", "superseded",
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, nargs="+", metavar="PATH", help="CSV, XLSX, ODS; folder")
    parser.add_argument("--dry-run", action="store_true", help="只检查 · check, change nothing")
    parser.add_argument("--json", action="store_true", help="每个文件一行 JSON · a line per file")
    parser.add_argument("--package", metavar="NAME", help="表格种类 · kind of table")
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="映射文件 · mapping (TOML)")
    parser.add_argument(
        "--accept-suspected", action="store_true",
        help="数量级可疑的行已核对 · amounts that look off by 10ⁿ were checked",
    )  # fmt: skip
    parser.add_argument(
        "--lines", type=int, default=LINES, metavar="N", help="最多列出的行数 · report lines shown"
    )


def run(args: argparse.Namespace) -> int:
    from tanma.site.setup import prepare

    prepare()
    complete = True
    for batch in _batches(args):
        complete = complete and not (batch.bad or batch.desk or batch.state == "failed")
        print(_json(batch, args.lines) if args.json else _text(batch, args.lines), flush=True)
    return 0 if complete else 1


def _batches(args: argparse.Namespace) -> Iterator[Batch]:
    from tanma.apps.imports.door import import_folder
    from tanma.apps.people.door import SYSTEM

    show = _show if sys.stderr.isatty() else None
    for path in args.path:
        if path.is_dir():
            yield from import_folder(path, SYSTEM, dry_run=args.dry_run, progress=show)
        else:
            yield _one(path, args, show)


def _one(path: Path, args: argparse.Namespace, show: Callable[[Progress], None] | None) -> Batch:
    """A file that cannot be read stops none of the others, as in a folder."""
    from tanma.apps.imports.door import failed, import_file
    from tanma.apps.people.door import SYSTEM
    from tanma.domain.messages import Problem

    try:
        return import_file(
            path, SYSTEM, package=args.package, dry_run=args.dry_run, mapping=args.mapping,
            progress=show, accept_suspected=args.accept_suspected,
        )  # fmt: skip
    except Problem as problem:
        if len(args.path) == 1 or not path.is_file():
            raise
        return failed(path, problem)


def _show(progress: Progress) -> None:
    part = f"{progress.done}/{progress.total}" if progress.total else ""
    place = f"{progress.file_number}/{progress.files}"
    sys.stderr.write(f"\r{place} {progress.file:40.40} {progress.stage:7} {part:20}\r")


def _lines(batch: Batch, limit: int) -> list[dict[str, Any]]:
    from tanma.apps.imports.door import report_lines

    return report_lines(batch, limit)


def _json(batch: Batch, limit: int) -> str:
    said: dict[str, Any] = {"file": batch.file, "batch": batch.uid, "package": batch.package}
    said |= {"state": batch.state, "already_imported": batch.repeated}
    said |= {name: getattr(batch, name) for name in COUNTS}
    if batch.problem:
        said["problem"] = batch.problem
    said["report"] = _lines(batch, limit)
    return json.dumps(said, ensure_ascii=False)


def _text(batch: Batch, limit: int) -> str:
    if batch.state == "failed":
        problem = batch.problem
        said = [problem["zh"], problem["en"], *template_of(problem["code"], problem)]
        return f"✗ {batch.file}: " + "\n  ".join(said)
    if batch.repeated:
        return f"= {batch.file}: 此前已导入，无变化 · already imported, nothing changed"
    mark = "✓" if not (batch.bad or batch.desk) else "!"
    trial = " · 仅检查 checked only" if batch.state == "checked" else ""
    head = (
        f"{mark} {batch.file} [{batch.package}]{trial}: {batch.rows} 行 rows,"
        f" {batch.good} 采用 good, {batch.bad} 退回 refused, {batch.desk} 待认定 at the desk;"
        f" 新增 new {batch.new}, 更正 corrected {batch.superseded},"
        f" 未变 unchanged {batch.unchanged}"
    )
    lines = [f"  {'×' if x['severity'] == 'error' else '·'} {x['zh']}\n    {x['en']}"
             for x in _lines(batch, limit)]  # fmt: skip
    return "\n".join([head, *lines])
