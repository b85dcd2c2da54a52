"""A small region through the real stack: facts by the door, the mirror, then codes.compute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tanma.apps.codes import door as codes
from tanma.apps.codes.models import Run
from tanma.apps.facts import door as facts
from tanma.apps.people.door import SYSTEM
from tanma.apps.registry import door as registry
from tanma.domain.periods import parse

OPEN = date(9999, 12, 31)
PERIOD = "2026Q3"
MONTHS = ("2026-07", "2026-08", "2026-09")
POWER, HEAT, VALUE = "electricity.purchased", "heat.purchased", "economy.value_added"
CREDIT_CODES = [f"91990100KERNEL{n:04d}" for n in range(1, 10)]


@dataclass(frozen=True)
class Kernel:
    """Enterprises by number from 1, all of one industry in one area."""

    lake: Path
    ids: dict[int, int]

    def say(self, firm: int, item: str, month: str, value: int | None, **more: Any) -> Any:
        """Append one monthly amount; the receipt."""
        span = parse(month)
        record = {
            "subject": self.ids[firm], "item": item, "kind": "amount", "valid_from": span.start,
            "valid_to": span.end, "value": value, "reported": str(value), "source": "grid",
            "data_class": "internal",
        } | more  # fmt: skip
        return facts.append(facts.table([record]), author="test", evidence="batch:test#1")

    def month_by_month(self, firm: int, amounts: dict[str, int]) -> None:
        for item, value in amounts.items():
            for month in MONTHS:
                self.say(firm, item, month, value)

    def compute(self, known_at: int | None = None) -> Run:
        return codes.compute(PERIOD, SYSTEM, known_at=known_at)

    def bytes_of(self, run: Run) -> dict[str, bytes]:
        folder = codes.files_of(run).folder
        return {f.name: f.read_bytes() for f in sorted(folder.glob("*.parquet"))}


def _firms() -> dict[int, int]:
    found = registry.register("uscc", CREDIT_CODES, author="test")
    ids = {n: found[code] for n, code in enumerate(CREDIT_CODES, 1)}
    about = {"industry": "1751", "size_class": "above", "area.statutory": "9901",
             "status": "active"}  # fmt: skip
    always = {
        "kind": "attribute", "valid_from": date(2020, 1, 1), "valid_to": OPEN,
        "source": "registry", "data_class": "internal",
    }  # fmt: skip
    rows = [
        {"subject": subject, "item": item, "text": text, **always}
        for n, subject in ids.items()
        for item, text in (about | {"name": f"样例{n}"}).items()
    ]
    facts.append(facts.table(rows), author="test")
    return ids


@pytest.fixture
def empty(settings: Any, tmp_path: Path) -> Callable[[], Kernel]:
    """Makes the region without amounts, in the database that the test has chosen."""
    changes = {"home": tmp_path, "grid_region": "330000", "legal_basis": "样例依据文件"}
    settings.TANMA = settings.TANMA.model_copy(update=changes)
    return lambda: Kernel(settings.TANMA.lake, _firms())


@pytest.fixture
def kernel(empty: Callable[[], Kernel]) -> Kernel:
    """Seven enterprises with steady months."""
    made = empty()
    for firm in range(1, 8):
        made.month_by_month(firm, {POWER: firm * 10**6, VALUE: 10**7})
    return made
