"""`tanma rate`: grade any table with a scheme, without a database."""

from __future__ import annotations

import argparse
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tanma.domain.rating import Scheme

HELP = "用方案给表格评级 · rate a CSV table with a scheme"
SHOWN = (
    "period", "group", "benchmark", "ratio", "intensity", "level", "level_id", "grade",
    "grade_words", "pair", "flags", "benchmark_level", "benchmark_key", "n", "n_eff",
    "sum_numerator", "sum_denominator", "basis", "rank", "ranked", "gap_to_best",
    "margin_better", "margin_worse", "margin", "shadow_grade", "shadow_ratio",
    "probability", "probabilities",
)  # fmt: skip

FURTHER = (
    "own_level", "own_key", "own_n", "own_n_eff", "shrink_weight", "shrink_k",
    "base_benchmark", "ratio_frozen", "target_benchmark", "ratio_pathway",
)  # fmt: skip
"""Shown where the scheme lets small industries shrink or names a base period."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="CSV: id, group, numerator, denominator, …")
    told = "方案编号或 TOML 文件 · id of a scheme, or a TOML file"
    parser.add_argument("--scheme", required=True, help=told)
    parser.add_argument("--json", action="store_true", help="每行一个 JSON · one object per line")
    parser.add_argument("--output", type=Path, help="写入文件 · write to a file")


def run(args: argparse.Namespace) -> int:
    from tanma.engine.rating import rate
    from tanma.site.commands._rating_file import read_rating_file

    scheme = _scheme(args.scheme)
    given = read_rating_file(args.file)
    if given.ignored:
        names = ", ".join(given.ignored)
        print(f"tanma rate: 未使用的列 · columns not used: {names}", file=sys.stderr)
    rated = rate(
        given.table,
        scheme,
        numerator_scale=given.numerator_scale,
        denominator_scale=given.denominator_scale,
    ).to_pylist()
    sum_scales = {
        "sum_numerator": given.numerator_scale + given.weight_scale,
        "sum_denominator": given.denominator_scale + given.weight_scale,
    }
    rows = [_row(row, scheme, sum_scales) for row in rated]
    _write(_json_lines(rows) if args.json else _table(rows, scheme), args.output)
    return 0


def _scheme(name: str) -> Scheme:
    """A scheme of the package by its id, or the one in a TOML file."""
    from tanma.domain.messages import Problem
    from tanma.domain.rating import find, parse_scheme

    path = Path(name)
    if path.suffix != ".toml":
        return find(name)
    try:
        return parse_scheme(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("rating_scheme_unreadable", file=path, reason=error) from None


def _row(rated: dict[str, Any], scheme: Scheme, sum_scales: dict[str, int]) -> dict[str, Any]:
    """One result with its words; the words come from the scheme, the sums are decimal text."""
    from tanma.domain.numbers import decimal_text

    level = next((b for b in scheme.intensity.bands if b.id == rated["level"]), None)
    grade = rated["grade"]
    row = dict(rated)
    row["level_id"], row["level"] = rated["level"], level and level.zh
    row["grade_words"] = grade and scheme.ratio.bands[grade - 1].zh
    row["pair"] = scheme.pair(level.id, grade).zh if level and grade else None
    for name, scale in sum_scales.items():
        row[name] = None if row[name] is None else decimal_text(int(row[name]), scale)
    names = (*SHOWN, *(name for name in FURTHER if name in rated))
    shown = {"id": row["id"]} | {name: row[name] for name in names}
    marks = {"scheme": scheme.id, "edition": scheme.edition, "evidence": scheme.evidence}
    return shown | marks


def _json_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    return (json.dumps(row, ensure_ascii=False) for row in rows)


def _table(rows: list[dict[str, Any]], scheme: Scheme) -> Iterator[str]:
    """The readable form: what the numbers are, then one line per row, then what the marks mean."""
    from tanma.domain.messages import render

    yield f"{scheme.title.zh} · {scheme.edition} · {scheme.evidence}"
    yield scheme.title.en
    yield f"{scheme.intensity.symbol} = {scheme.intensity.zh} ({scheme.intensity.unit}); " + (
        f"{scheme.ratio.symbol} = {scheme.ratio.zh}. {scheme.direction.zh} · {scheme.direction.en}"
    )
    yield ""
    head = ["id", "period", "group", scheme.intensity.symbol, "level", scheme.ratio.symbol]
    cells = [[*head, "grade", "words", "flags"], *(_cells(row) for row in rows)]
    widths = [max(_width(line[i]) for line in cells) for i in range(len(cells[0]))]
    for line in cells:
        padded = [c + " " * (w - _width(c)) for c, w in zip(line, widths, strict=True)]
        yield "  ".join(padded).rstrip()
    flags = sorted({flag for row in rows for flag in row["flags"]})
    if flags:
        yield ""
    for flag in flags:
        code = f"rating_flag_{flag.lower()}"
        yield f"{flag}: {render(code, 'zh', {})} · {render(code, 'en', {})}"


def _cells(row: dict[str, Any]) -> list[str]:
    grade = "" if row["grade"] is None else str(row["grade"])
    intensity, ratio = (_figure(row[name]) for name in ("intensity", "ratio"))
    texts = [row["id"], row["period"], row["group"], intensity, row["level"] or "", ratio]
    return [*texts, grade, row["grade_words"] or "", " ".join(row["flags"])]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _write(lines: Iterator[str], output: Path | None) -> None:
    if output is None:
        _print(lines)
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        from tanma.domain.messages import Problem

        reason = error.strerror or str(error)
        raise Problem("rating_output_unwritable", file=output, reason=reason) from None


def _print(lines: Iterator[str]) -> None:
    """To standard output; a reader such as `head` may leave early without that being an error."""
    try:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would flush once more at exit, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
