"""Columns of text to columns of meaning: each distinct text is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tanma.domain.messages import Problem
from tanma.intake.tables.cells import PARSERS, Context, Value, Where
from tanma.intake.tables.packages import CONVERTED, Field
from tanma.intake.tables.report import ERROR, Report
from tanma.intake.tables.sheet import Sheet

_AS_WRITTEN = frozenset({"text", "id"})
"""Columns that mean what they say are read only if bounded or asked for: notes can be long."""


@dataclass(frozen=True)
class Coded:
    """A column as codes into its distinct texts, with what each of them means."""

    codes: NDArray[np.int64]
    texts: list[str]
    values: list[Value | None]

    @property
    def present(self) -> NDArray[np.bool_]:
        """Rows whose cell means something: neither empty nor wrong."""
        known = np.array([v is not None for v in self.values] or [False])
        return known[self.codes]

    def same(self) -> NDArray[np.int64]:
        """Codes that are equal when the meaning is equal, however it was written."""
        index: dict[object, int] = {}
        ids = [index.setdefault(v if v is not None else ("", t), len(index))
               for v, t in zip(self.values, self.texts, strict=True)]  # fmt: skip
        return np.array(ids or [0], np.int64)[self.codes]

    def strings(self, of: list[str | None]) -> pa.Array:
        """A text per row, from a text per distinct value."""
        return pa.array(of or [None], pa.string()).take(pa.array(self.codes))


@dataclass
class Work:
    """A sheet being checked: its columns as far as they were read, and the report so far."""

    sheet: Sheet
    context: Context
    report: Report
    coded: dict[str, Coded] = field(default_factory=dict)

    def cells(self, field_name: str, at: NDArray[np.int64]) -> pa.Array:
        return self.sheet.column(field_name).take(pa.array(at))

    def note(
        self, code: str, severity: str, field_name: str, at: NDArray[np.int64],
        own: Mapping[str, pa.Array] | None = None, /, **params: object,
    ) -> None:  # fmt: skip
        """A finding whose parameters differ by the text of the cell and by `own` texts alone."""
        if not len(at):
            return
        title = self.sheet.title(field_name)
        texts = self.cells(field_name, at)
        told = {"text": pc.fill_null(texts, ""), **(own or {})}
        encoded = pc.dictionary_encode(pc.binary_join_element_wise(*told.values(), "\x1f"))
        parted = [t.split("\x1f") for t in encoded.dictionary.to_pylist()]
        cases = [
            {"field": title, **dict(zip(told, parts, strict=True)), **params} for parts in parted
        ]
        which = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self.report.add(code, severity, title, at, texts, cases, which)


def text_column(work: Work, name: str) -> Coded:
    """A column as it was read, or as plain text if nothing has read it yet."""
    if name not in work.coded:
        codes, texts = encode(work.sheet.column(name))
        work.coded[name] = Coded(codes, texts, [t or None for t in texts])
    return work.coded[name]


def encode(column: pa.Array) -> tuple[NDArray[np.int64], list[str]]:
    """(code per row, distinct texts without outer blanks); empty and null are the empty text."""
    encoded = pc.dictionary_encode(pc.fill_null(column, ""))
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, [t.strip() for t in encoded.dictionary.to_pylist()]


def read_columns(work: Work) -> None:
    """Every column that is read by distinct text; faults go to the report."""
    package = work.sheet.package
    for name in package.columns:
        kind, bounded = package.fields[name].type, package.fields[name].most > 0
        wanted = bounded or kind not in _AS_WRITTEN
        if kind in PARSERS and wanted and work.sheet.has(name):
            work.coded[name] = _read(work, name)
        if name in package.required:
            _require(work, name)
    _formulas(work)
    _too_wide(work)


def _read(work: Work, name: str) -> Coded:
    package = work.sheet.package
    codes, texts = encode(work.sheet.column(name))
    where = Where(work.sheet.title(name), package.fields[name], package, work.context)
    parser = _parser(package.fields[name])
    values: list[Value | None] = []
    wrong: dict[str, list[tuple[int, dict[str, object]]]] = {}
    for i, text in enumerate(texts):
        try:
            values.append(parser(text, where) if text else None)
        except Problem as problem:
            values.append(None)
            wrong.setdefault(problem.code, []).append((i, problem.params))
    for code, cases in wrong.items():
        _report_cases(work, name, code, codes, len(texts), cases)
    return Coded(codes, texts, values)


def _parser(spec: Field) -> Callable[[str, Where], Value]:
    """What reads a cell; the word that takes back is the empty text, which states nothing."""
    parser = PARSERS[spec.type]
    if not spec.withdraw:
        return parser
    return lambda text, where: "" if text == spec.withdraw else parser(text, where)


def _report_cases(
    work: Work,
    name: str,
    code: str,
    codes: NDArray[np.int64],
    size: int,
    cases: list[tuple[int, dict[str, object]]],
) -> None:
    case_of = np.full(size, -1, np.int64)
    case_of[[i for i, _ in cases]] = np.arange(len(cases))
    which = case_of[codes]
    at = np.flatnonzero(which >= 0)
    values, params = work.cells(name, at), [p for _, p in cases]
    work.report.add(code, ERROR, work.sheet.title(name), at, values, params, which[at])


def _require(work: Work, name: str) -> None:
    if coded := work.coded.get(name):
        empty = np.array([not t for t in coded.texts] or [True])[coded.codes]
    else:
        trimmed = pc.utf8_trim_whitespace(pc.fill_null(work.sheet.column(name), ""))
        empty = pc.equal(trimmed, "").to_numpy(zero_copy_only=False)
    work.note("cell_missing", ERROR, name, np.flatnonzero(empty))


def _formulas(work: Work) -> None:
    """Formulas in numeric cells: the number shown is a cache that nobody vouches for."""
    grid, package = work.sheet.grid, work.sheet.package
    if not grid.formulas:
        return
    position_of_row = {int(r): i for i, r in enumerate(grid.rows)}
    numeric = {p: f for f, p in grid.match.positions.items() if _is_number(package.fields[f].type)}
    for position, name in numeric.items():
        hits = sorted(position_of_row[r] for r, p in grid.formulas if p == position
                      if r in position_of_row)  # fmt: skip
        work.note("cell_formula", ERROR, name, np.array(hits, np.int64))
    wide = {p for p in grid.match.wide}
    hits = sorted({position_of_row[r] for r, p in grid.formulas if p in wide
                   if r in position_of_row})  # fmt: skip
    work.note("cell_formula", ERROR, package.key[0], np.array(hits, np.int64))


def _is_number(kind: str) -> bool:
    return kind in CONVERTED


def _too_wide(work: Work) -> None:
    too_wide = work.sheet.grid.too_wide
    if too_wide:
        at = np.flatnonzero(np.isin(work.sheet.rows, sorted(too_wide)))
        columns = len(work.sheet.grid.header)
        work.note("row_too_wide", ERROR, work.sheet.package.key[0], at, columns=columns)
