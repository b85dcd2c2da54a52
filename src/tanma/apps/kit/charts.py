"""Charts as data: what `kit/charts.js` draws, and the table that stands behind each chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from tanma.apps.kit.formats import MISSING, grouped

Text = str | Promise
KINDS = ("bars", "stacked", "share", "line", "range")


@dataclass(frozen=True)
class Series:
    """One row of values; None is missing and stays a gap.

    `grade` 1–5 takes the grade's colour; everything else is blue-grey. `draw` is bar or line;
    `axis` 1 is the right-hand axis with its own unit. `unknown` is what nobody knows of: hatched,
    so that it is not read as one more kind.
    """

    name: Text
    values: Sequence[float | None]
    unit: Text = ""
    draw: str = "bar"
    axis: int = 0
    grade: int | None = None
    digits: int | None = None
    unknown: bool = False


@dataclass(frozen=True)
class Target:
    """A horizontal line that somebody entered, with the name of what it is."""

    name: Text
    value: float
    axis: int = 0


@dataclass(frozen=True)
class Chart:
    """A chart of one of the kinds bars, stacked, share, line, range.

    share stacks to 100 % of each category. range needs the series low, high, value and optionally
    best, in this order, and draws a bar from low to high with a dot at value; `reference` is its
    vertical line. `grades` colours the points of the last bar or line series one by one.
    """

    kind: str
    title: Text
    categories: Sequence[Text]
    series: Sequence[Series]
    note: Text = ""
    category_label: Text = ""
    size: str = ""
    horizontal: bool = False
    target: Target | None = None
    reference: float | None = None
    grades: Sequence[int | None] = ()
    summary: Text = ""
    name: str = field(default="chart")

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"chart kind {self.kind!r} is none of {', '.join(KINDS)}")
        for series in self.series:
            if len(series.values) != len(self.categories):
                raise ValueError(
                    f"series {series.name} has {len(series.values)} values"
                    f" for {len(self.categories)} categories"
                )

    def data(self) -> dict[str, Any]:
        """The JSON that charts.js reads."""
        return {
            "kind": self.kind,
            "title": str(self.title),
            "summary": str(self.summary),
            "categories": [str(c) for c in self.categories],
            "series": [_series_data(s) for s in self.series],
            "horizontal": self.horizontal,
            "target": self.target
            and {
                "name": str(self.target.name),
                "value": self.target.value,
                "axis": self.target.axis,
            },
            "reference": self.reference,
            "grades": list(self.grades),
        }

    @property
    def only_unit(self) -> Text:
        """The unit beside the title when there is one series; else units stand in the legend."""
        return self.series[0].unit if len(self.series) == 1 else ""

    @property
    def target_text(self) -> str:
        """The target as entered, for the caption."""
        return f"{self.target.value:.12g}" if self.target else ""

    def headers(self) -> list[tuple[Text, Text]]:
        """Name and unit of each value column of the table behind."""
        return [(s.name, s.unit) for s in self.series]

    def rows(self) -> list[tuple[Text, list[str]]]:
        """The table behind: category and the text of each value."""
        columns = [[_value_text(v, s.digits) for v in s.values] for s in self.series]
        return [(c, [col[i] for col in columns]) for i, c in enumerate(self.categories)]


def _series_data(series: Series) -> dict[str, Any]:
    return {
        "name": str(series.name),
        "unit": str(series.unit),
        "values": list(series.values),
        "draw": series.draw,
        "axis": series.axis,
        "grade": series.grade,
        "digits": series.digits,
        "unknown": series.unknown,
    }


def _value_text(value: float | None, digits: int | None) -> str:
    if value is None:
        return MISSING
    return f"{value:,.{digits}f}" if digits is not None else grouped(repr(value))
