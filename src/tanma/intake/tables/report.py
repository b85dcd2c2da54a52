"""The row report: what is wrong where, kept as columns and put into words only when read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tanma.domain.messages import render

ERROR, WARNING = "error", "warning"
REPORT_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("code", pa.string()),
        ("severity", pa.string()),
        ("params", pa.string()),
    ]
)


@dataclass(frozen=True)
class Line:
    """One line of the report as people read it."""

    row: int
    column: str
    value: str
    code: str
    severity: str
    zh: str
    en: str


@dataclass(frozen=True)
class Finding:
    """One kind of fault in one column: the rows it is in and, per distinct case, its parameters."""

    code: str
    severity: str
    column: str
    at: NDArray[np.int64]
    values: pa.Array
    params: list[dict[str, object]]
    which: NDArray[np.int64]

    def line(self, i: int, row: int) -> Line:
        params = {**self.params[int(self.which[i])], "row": row}
        zh = f"第 {row} 行：{render(self.code, 'zh', params)}"
        en = f"Row {row}: {render(self.code, 'en', params)}"
        value = self.values[i].as_py() or ""
        return Line(row, self.column, value, self.code, self.severity, zh, en)

    def table(self, rows: NDArray[np.int64]) -> pa.Table:
        texts = [json.dumps(p, ensure_ascii=False, default=str) for p in self.params]
        n = len(self.at)
        constant = [pa.repeat(pa.scalar(c), n) for c in (self.column, self.code, self.severity)]
        params = pa.array(texts, pa.string()).take(pa.array(self.which))
        arrays = [pa.array(rows[self.at]), constant[0], self.values, *constant[1:], params]
        return pa.table(arrays, schema=REPORT_SCHEMA)


@dataclass
class Report:
    """All findings of a sheet. Errors leave their row out, warnings keep it."""

    rows: NDArray[np.int64]
    findings: list[Finding] = field(default_factory=list)
    _told: dict[tuple[str, str, str], NDArray[np.bool_]] = field(default_factory=dict)

    def add(
        self,
        code: str,
        severity: str,
        column: str,
        at: NDArray[np.int64],
        values: pa.Array,
        params: list[dict[str, object]],
        which: NDArray[np.int64] | None = None,
    ) -> None:
        """Note a fault at positions `at`: `values` are the cells, `which` picks the params.

        One cell that several amounts of its row need, such as a unit, is told once.
        """
        told = self._told.setdefault((code, severity, column), np.zeros(len(self.rows), bool))
        new = ~told[at]
        told[at] = True
        if new.any():
            index = np.zeros(len(at), np.int64) if which is None else which
            values = values.filter(pa.array(new))
            self.findings.append(
                Finding(code, severity, column, at[new], values, params, index[new])
            )

    def rejected(self) -> NDArray[np.bool_]:
        """Which rows have an error."""
        mask = np.zeros(len(self.rows), bool)
        for finding in self.findings:
            if finding.severity == ERROR:
                mask[finding.at] = True
        return mask

    def counts(self) -> dict[str, int]:
        """Code → number of lines."""
        total: Counter[str] = Counter()
        for finding in self.findings:
            total[finding.code] += len(finding.at)
        return dict(total)

    def table(self) -> pa.Table:
        """The report as a table, by row; `params` is JSON for `messages.render`."""
        parts = [finding.table(self.rows) for finding in self.findings]
        if not parts:
            return REPORT_SCHEMA.empty_table()
        return pa.concat_tables(parts).sort_by([("row", "ascending"), ("column", "ascending")])

    def lines(self, limit: int | None = None) -> Iterator[Line]:
        """Lines by row in words, at most so many."""
        spots = ((int(at), n, i) for n, f in enumerate(self.findings) for i, at in enumerate(f.at))
        for at, n, i in sorted(spots)[:limit]:
            yield self.findings[n].line(i, int(self.rows[at]))

    def reasons(self) -> dict[int, str]:
        """Position of a rejected row → its errors in both languages, for the reject sheet."""
        words: dict[int, list[str]] = {}
        for finding in self.findings:
            if finding.severity == ERROR:
                for i, at in enumerate(finding.at.tolist()):
                    line = finding.line(i, int(self.rows[at]))
                    words.setdefault(at, []).append(f"[{line.column}] {line.zh} / {line.en}")
        return {at: " | ".join(texts) for at, texts in words.items()}
