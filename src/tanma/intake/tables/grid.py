"""A sheet as it came: a header and columns of text, each row with its number in the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tanma.intake.tables.header import Match

FOOTER = re.compile(
    r"(单位|企业|统计)?(负责人|填表人|填报人|制表人?|审核人?|报出日期|报送日期|填报日期|填表说明|说明|注)"
    r"\s*[:：]|(填表|填报|制表)人|单位负责人"
)
"""How the lines below the data of a form begin."""


@dataclass(frozen=True)
class Grid:
    """Cells as text; `rows` are the numbers that an editor shows, `formulas` (row, position)."""

    header: list[str]
    columns: list[pa.Array]
    rows: NDArray[np.int64]
    match: Match
    formulas: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    too_wide: frozenset[int] = field(default_factory=frozenset)

    @classmethod
    def of_rows(
        cls,
        header: list[str],
        cells: Sequence[Sequence[str]],
        first_row: int,
        match: Match,
        formulas: frozenset[tuple[int, int]] = frozenset(),
    ) -> Grid:
        """From rows of text: blank rows are left out, short ones filled, long ones remembered."""
        width = len(header)
        kept = [(n, r) for n, r in enumerate(cells, start=first_row) if any(c.strip() for c in r)]
        wide = frozenset(n for n, r in kept if any(c.strip() for c in r[width:]))
        filled = [[*r[:width], *[""] * (width - len(r))] for _, r in kept]
        columns = [pa.array([r[i] for r in filled], pa.string()) for i in range(width)]
        rows = np.array([n for n, _ in kept], dtype=np.int64)
        return cls(header, columns, rows, match, formulas, wide)

    def without_blank_rows(self) -> Grid:
        """Rows of nothing but separators do not count; the others keep their numbers."""
        blank = np.ones(len(self.rows), bool)
        for column in self.columns:
            if not blank.any():
                return self
            blank &= pc.equal(column, "").to_numpy(zero_copy_only=False)
        at = pa.array(np.flatnonzero(~blank))
        columns = [c.take(at) for c in self.columns]
        return replace(self, columns=columns, rows=self.rows[~blank])

    def without_footer(self) -> Grid:
        """Lines below the data that say who filled the form in; like titles they are no data."""
        end = len(self.rows)
        while end > 1 and self._is_footer(end - 1):
            end -= 1
        if end == len(self.rows):
            return self
        return replace(self, columns=[c.slice(0, end) for c in self.columns], rows=self.rows[:end])

    def _is_footer(self, at: int) -> bool:
        """Whether a row begins like a footer and states nothing else that its table must have."""
        cells = [str(c[at].as_py()).strip() for c in self.columns]
        first = next((n for n, text in enumerate(cells) if text), 0)
        must = (self.match.positions.get(f) for f in self.match.package.must_have)
        stated = any(cells[n] for n in must if n is not None and n != first)
        return bool(FOOTER.match(cells[first])) and not stated
