"""What a generated region consists of, in the order in which to import it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = "manifest.json"
GRID_REGION = "CN-EAST"
"""The invented province is declared to lie in the East China grid, so that a published grid
factor exists for it; no factor is invented."""


@dataclass(frozen=True)
class Step:
    """One file to import: relative path, table package, who hands it over, rows."""

    path: str
    package: str
    description_zh: str
    description_en: str
    rows: int


@dataclass(frozen=True)
class Manifest:
    """Written as `manifest.json` beside the files."""

    out: Path
    region: str
    seed: int
    periods: list[str]
    grid_region: str
    names: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    truth_rows: int = 0

    @property
    def rows(self) -> int:
        return sum(step.rows for step in self.steps)

    def file(self, step: Step) -> Path:
        return self.out / step.path

    def as_dict(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "out"}

    def write(self) -> None:
        text = json.dumps(self.as_dict(), ensure_ascii=False, indent=1)
        (self.out / FILE).write_text(text + "\n", encoding="utf-8")


def read(out: Path) -> Manifest:
    """The manifest of a region generated before."""
    content = json.loads((out / FILE).read_text(encoding="utf-8"))
    steps = [Step(**step) for step in content.pop("steps")]
    return Manifest(out=out, steps=steps, **content)
