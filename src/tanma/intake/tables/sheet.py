"""Files to sheets: what came, read as one package, not yet judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tanma.domain.messages import Problem
from tanma.intake.tables import csvfile, workbook
from tanma.intake.tables.grid import Grid
from tanma.intake.tables.packages import Package, load_package

SIZE_LIMIT = 200 * 1000 * 1000
_CSV = {".csv", ".txt", ".tsv"}
_BOOKS = {".xlsx", ".xlsm", ".ods"}


@dataclass(frozen=True)
class Sheet:
    """A file read as one package; fields and wide columns are columns of text."""

    file: str
    package: Package
    grid: Grid

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row numbers as an editor shows them."""
        return self.grid.rows

    @property
    def ignored(self) -> list[str]:
        """Headers that the package does not know; their cells are not read."""
        return self.grid.match.ignored

    def has(self, field: str) -> bool:
        return field in self.grid.match.positions

    def column(self, field: str) -> pa.Array:
        """The cells of a field as text; a column that is not there is empty text."""
        position = self.grid.match.positions.get(field)
        if position is None:
            return pa.repeat(pa.scalar("", pa.string()), len(self.rows))
        return self.grid.columns[position]

    def title(self, field: str) -> str:
        """The header as it stands in the file, for the report."""
        position = self.grid.match.positions.get(field)
        return self.package.fields[field].zh if position is None else self.grid.header[position]


def read(path: str | Path, package: str | Package | None = None) -> Sheet:
    """A CSV, XLSX or ODS file as a sheet; the package is found by the header unless named."""
    file = Path(path)
    size = file.stat().st_size
    if size > SIZE_LIMIT:
        raise Problem(
            "file_too_large", file=file.name, size_mb=size // 10**6, limit_mb=SIZE_LIMIT // 10**6
        )
    return read_bytes(file.read_bytes(), file.name, package)


def read_bytes(data: bytes, name: str, package: str | Package | None = None) -> Sheet:
    """The same for content that is already in memory, such as an upload."""
    known = load_package(package) if isinstance(package, str) else package
    suffix = Path(name).suffix.lower()
    if not data or data.isspace():
        raise Problem("file_empty", file=name)
    if suffix in _BOOKS or data[:4] == b"PK\x03\x04":
        grid = workbook.read(data, name, known)
    elif suffix in _CSV:
        grid = csvfile.read(data, name, known)
    else:
        raise Problem("file_kind", file=name, suffix=suffix or "—")
    if not len(grid.rows):
        raise Problem("file_no_rows", file=name)
    return Sheet(name, grid.match.package, grid.without_footer())
