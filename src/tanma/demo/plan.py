"""What a demo region is made to: sizes, span, seed, and one random stream per topic."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from tanma.domain import periods

CITY = "city"
PROVINCE = "province"
MONTHS_PER_QUARTER = 3


@dataclass(frozen=True)
class Plan:
    """Sizes of one region. Equal plans give equal bytes."""

    seed: int = 20261120
    enterprises: int = 3800
    small: int = 5000
    quarters: int = 12
    last: str = "2026Q3"
    region: str = CITY

    def __post_init__(self) -> None:
        if self.region not in (CITY, PROVINCE):
            raise ValueError(f"region is {self.region!r}; it must be {CITY!r} or {PROVINCE!r}")
        if self.quarters < 4:
            raise ValueError(f"quarters is {self.quarters}; a rolling year needs at least 4")
        if self.enterprises < 1000:
            raise ValueError(f"enterprises is {self.enterprises}; industries need at least 1000")

    @property
    def firms(self) -> int:
        return self.enterprises + self.small

    @property
    def months(self) -> int:
        return self.quarters * MONTHS_PER_QUARTER

    @property
    def first_month(self) -> int:
        """Months counted from year 0, as in `domain.periods`."""
        return periods.parse(self.last).end_month - self.months

    @property
    def cities(self) -> int:
        return 11 if self.region == PROVINCE else 1

    @property
    def counties(self) -> int:
        return 90 if self.region == PROVINCE else 5

    @property
    def townships(self) -> int:
        return 1000 if self.region == PROVINCE else 72

    def month_text(self, month: int) -> str:
        return periods.month_start(self.first_month + month).strftime("%Y-%m")

    def quarter_text(self, quarter: int) -> str:
        start = periods.month_start(self.first_month + quarter * MONTHS_PER_QUARTER)
        return f"{start.year}Q{(start.month - 1) // 3 + 1}"

    def stream(self, topic: str) -> np.random.Generator:
        """A stream of its own for each topic, so that one topic's change leaves the others."""
        return np.random.default_rng([self.seed, zlib.crc32(topic.encode())])
