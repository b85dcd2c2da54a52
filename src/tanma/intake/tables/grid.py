"""A sheet as it came: a header and columns of text, each row with its number in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tanma.intake.tables.header import Match


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
