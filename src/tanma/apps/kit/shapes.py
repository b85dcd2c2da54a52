"""Geometry of the drawings that the server renders: sparkline, hexagon map, ring.

Inline styles are forbidden by the content policy, so positions are SVG attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, pi, sin, sqrt

SPARK_WIDTH, SPARK_HEIGHT, SPARK_PAD = 84.0, 44.0, 5.0
DENSE_CELLS = 240
"""Above so many cells a map shows no text in them."""
HEX_RADIUS = 41.4
HEX_WIDTH = sqrt(3) * HEX_RADIUS
HEX_GAP = 1.6
HEX_ROWS = 1.5 * HEX_RADIUS
WIDE_LABEL_EM, MEDIUM_LABEL_EM = 3.2, 4.3

Point = tuple[float, float]


def points_text(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


@dataclass(frozen=True)
class Spark:
    """Polylines of a sparkline (one per unbroken stretch), its areas and its last point."""

    lines: list[str]
    areas: list[str]
    last: Point | None
    width: float = SPARK_WIDTH
    height: float = SPARK_HEIGHT


def sparkline(values: Sequence[float | None]) -> Spark | None:
    """None when fewer than two values are known; a missing value breaks the line."""
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    step = (SPARK_WIDTH - 2 * SPARK_PAD) / (len(values) - 1)
    tall = SPARK_HEIGHT - 2 * SPARK_PAD
    points = [
        None
        if v is None
        else (
            SPARK_PAD + i * step,
            SPARK_PAD + tall * (0.5 if high == low else (high - v) / (high - low)),
        )
        for i, v in enumerate(values)
    ]
    runs = _runs(points)
    areas = [[(r[0][0], SPARK_HEIGHT), *r, (r[-1][0], SPARK_HEIGHT)] for r in runs]
    return Spark([points_text(r) for r in runs], [points_text(a) for a in areas], points[-1])


def _runs(points: Sequence[Point | None]) -> list[list[Point]]:
    runs: list[list[Point]] = [[]]
    for point in points:
        if point is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


DOT_HIGH, DOT_STEP, DOT_RADIUS = 10, 13.0, 5.2
"""Dots in the tallest column, distance and radius of dots."""


@dataclass(frozen=True)
class DotPlot:
    """Columns of dots over a ratio: where many stand, where one stands, and where 1 is."""

    dots: list[tuple[float, float, int]]
    """x, y, grade"""
    own: float
    mark: float
    ticks: list[tuple[float, str]]
    base: float
    width: float
    height: float
    each: int
    """Enterprises that one dot stands for."""
    total: int
    by_grade: list[tuple[int, int]]


def dot_plot(
    counts: Sequence[tuple[int, int, int]], *, step: float, columns: int, own: float
) -> DotPlot:
    """Dots of (column, grade, number); a part of a dot is a dot, so that nobody disappears."""
    tallest: dict[int, int] = {}
    grades: dict[int, int] = {}
    for column, grade, number in counts:
        tallest[column] = tallest.get(column, 0) + number
        grades[grade] = grades.get(grade, 0) + number
    each = max(1, -(-max(tallest.values(), default=0) // DOT_HIGH))
    base = 2 * DOT_STEP + (DOT_HIGH + 1) * DOT_STEP
    piled: dict[int, int] = {}
    dots = []
    for column, grade, number in counts:
        for _ in range(-(-number // each)):
            level = piled[column] = piled.get(column, 0) + 1
            dots.append(((column + 0.5) * DOT_STEP, base - (level - 0.5) * DOT_STEP, grade))

    def across(ratio: float) -> float:
        return min(max(ratio / step, 0), columns) * DOT_STEP

    ticks = [(across(n * 0.5), f"{n * 0.5:g}") for n in range(int(columns * step / 0.5) + 1)]
    return DotPlot(
        dots, across(own), across(1), ticks, base, columns * DOT_STEP, base + 1.5 * DOT_STEP,
        each, sum(grades.values()), sorted(grades.items()),
    )  # fmt: skip


@dataclass(frozen=True)
class HexCell:
    """One place of a hexagon map. Odd rows are shifted half a cell to the right.

    `look` is a CSS class: q1…q5 for amounts, g1…g5 for grades, missing; add abnormal to outline.
    """

    col: int
    row: int
    label: str
    value: str = ""
    look: str = "q2"
    href: str = ""
    group: str = ""
    note: str = ""


@dataclass(frozen=True)
class HexLabel:
    """A word beside the cells, such as the name of a county, at a cell position."""

    text: str
    col: float
    row: float
    inside: bool = False
    """between the rows of its own cells, for a group without a free place beside it"""


@dataclass(frozen=True)
class DrawnHex:
    cell: HexCell
    points: str
    x: float
    label_y: float
    value_y: float
    size: str


@dataclass(frozen=True)
class HexMap:
    """A map ready to be drawn: cells, group borders, labels, and the part of the plane shown."""

    cells: list[DrawnHex]
    borders: str
    labels: list[tuple[str, float, float, bool]]
    view: tuple[float, float, float, float]
    """Left, top, width, height: the cells with their labels and no empty rows around them."""
    title: str = ""
    unit: str = ""
    area_label: str = ""
    value_label: str = ""
    groups: dict[str, list[HexCell]] = field(default_factory=dict)

    @property
    def dense(self) -> bool:
        """So many cells that a name or value in one could not be read."""
        return len(self.cells) > DENSE_CELLS


def hex_map(
    cells: Sequence[HexCell],
    labels: Sequence[HexLabel] = (),
    *,
    title: str = "",
    unit: str = "",
) -> HexMap:
    """Lay out the cells of a map; borders are drawn where neighbours differ in group."""
    drawn = [_drawn(cell) for cell in cells]
    placed = [_placed(label) for label in labels]
    groups: dict[str, list[HexCell]] = {}
    for cell in cells:
        groups.setdefault(cell.group, []).append(cell)
    view = _view(cells, placed)
    return HexMap(drawn, _borders(cells), placed, view, title, unit, groups=groups)


def _view(
    cells: Sequence[HexCell], placed: Sequence[tuple[str, float, float, bool]]
) -> tuple[float, float, float, float]:
    """What holds every cell and every label, which is at most as wide as a cell."""
    spots = [_centre(c.col, c.row) for c in cells] + [(x, y) for _, x, y, _ in placed]
    if not spots:
        return 0.0, 0.0, 1.0, 1.0
    across, up = HEX_WIDTH / 2 + 4, HEX_RADIUS + 4
    left, right = min(x for x, _ in spots) - across, max(x for x, _ in spots) + across
    rows = [_centre(c.col, c.row)[1] for c in cells] or [y for _, y in spots]
    top, bottom = min(rows) - up, max(rows) + up
    return left, top, right - left, bottom - top


def _placed(label: HexLabel) -> tuple[str, float, float, bool]:
    x, y = _centre(label.col, label.row)
    return label.text, x, y + (HEX_RADIUS - 2 if label.inside else 0), label.inside


def _centre(col: float, row: float) -> Point:
    shift = 0.5 if int(row) % 2 else 0.0
    return HEX_WIDTH / 2 + 4 + (col + shift) * HEX_WIDTH, HEX_RADIUS + 4 + row * HEX_ROWS


def _corners(centre: Point, radius: float) -> list[Point]:
    x, y = centre
    angles = [pi / 180 * (60 * i - 90) for i in range(6)]
    return [(x + radius * cos(a), y + radius * sin(a)) for a in angles]


def label_em(text: str) -> float:
    """Rough width of a label: a Chinese character is one em, anything else about half."""
    return sum(1.0 if ord(ch) > 0x2E80 else 0.55 for ch in text)


def _drawn(cell: HexCell) -> DrawnHex:
    x, y = _centre(cell.col, cell.row)
    em = label_em(cell.label)
    size = "t-l" if em <= WIDE_LABEL_EM else "t-m" if em <= MEDIUM_LABEL_EM else "t-s"
    label_y = y - 4 if cell.value else y + 6
    return DrawnHex(
        cell, points_text(_corners((x, y), HEX_RADIUS - HEX_GAP)), x, label_y, y + 18, size
    )


def _neighbours(col: int, row: int) -> list[tuple[int, int]]:
    """The six neighbours in the order of the edges: NE, E, SE, SW, W, NW."""
    o = row % 2
    return [
        (col + o, row - 1),
        (col + 1, row),
        (col + o, row + 1),
        (col - 1 + o, row + 1),
        (col - 1, row),
        (col - 1 + o, row - 1),
    ]


def _borders(cells: Sequence[HexCell]) -> str:
    """One path over every edge between two groups, each edge once."""
    at = {(c.col, c.row): c.group for c in cells}
    parts: list[str] = []
    for cell in cells:
        corners = _corners(_centre(cell.col, cell.row), HEX_RADIUS)
        for i, place in enumerate(_neighbours(cell.col, cell.row)):
            other = at.get(place)
            if other is not None and cell.group < other:
                (x1, y1), (x2, y2) = corners[i], corners[(i + 1) % 6]
                parts.append(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}")
    return "".join(parts)


def arc(share: float, radius: float = 16.0, centre: float = 20.0) -> str:
    """The path of a ring filled clockwise from the top by a share between 0 and 1."""
    share = min(max(share, 0.0), 0.9999)
    angle = 2 * pi * share
    x, y = centre + radius * sin(angle), centre - radius * cos(angle)
    large = 1 if share > 0.5 else 0
    top = centre - radius
    return f"M{centre:.2f} {top:.2f}A{radius} {radius} 0 {large} 1 {x:.2f} {y:.2f}"
