"""Device maps: which registers a device has and what they mean, as TOML files that are checked.

A map has a `[device]` table and one `[[point]]` table per point; docs/how-to/connect-meters.md
shows every key. Unknown and doubled keys and missing units are refused with file, line and repair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path

from tanma.domain.messages import Problem
from tanma.intake.devices.reading import read

TYPES: Mapping[str, int] = {
    "bit": 1, "u16": 1, "i16": 1, "u32": 2, "i32": 2, "u64": 4, "i64": 4, "f32": 2, "f64": 4,
    "bcd": 0,
}  # fmt: skip
"""Type → registers it takes; `bcd` says its own number."""
FLOATS = frozenset({"f32", "f64"})
BITS = frozenset({1, 2})
"""Functions that read bits: coils and discrete inputs."""


@dataclass(frozen=True)
class Point:
    """One quantity of a device."""

    name: str
    name_zh: str
    function: int
    address: int
    type: str
    words: int
    word_order: str
    byte_order: str
    resolution: Decimal
    """How many units one step of the register is."""
    digits: int | None
    """Decimals that a float register really has; the value is rounded to them, as stated here."""
    missing: tuple[int, ...]
    """Raw values by which the device says that it has none."""
    unit: str
    kind: str
    item: str
    interval_s: int

    @property
    def end(self) -> int:
        return self.address + self.words


@dataclass(frozen=True)
class DeviceMap:
    """A kind of device. Addresses count from 0, as they travel; 40001 of a manual is 0."""

    name: str
    name_zh: str
    name_en: str
    source: str
    evidence: str
    max_registers: int
    max_gap: int
    points: tuple[Point, ...]

    def of(self, names: list[str] | None) -> tuple[Point, ...]:
        """The points of these names, all where none are named; a Problem lists the known ones."""
        known = {p.name: p for p in self.points}
        for name in names or ():
            if name not in known:
                raise Problem(
                    "device_point_unknown", map=self.name, point=name, known=", ".join(known)
                )
        return tuple(known[name] for name in names) if names else self.points


def load(path: Path) -> DeviceMap:
    """The map in a file; a Problem says what is wrong, on which line, and how to put it right."""
    if not path.is_file():
        raise Problem("device_map_absent", file=path, known=", ".join(built_in()))
    return parse(path.name, path.read_text(encoding="utf-8"))


def parse(file: str, text: str) -> DeviceMap:
    """The map in a text; `file` is what messages call it."""
    device, points = read(file, text, TYPES)
    made = tuple(Point(**point) for point in points)
    return DeviceMap(name=file.removesuffix(".toml"), points=made, **device)


def meters_of(meter: str, items: Mapping[str, str]) -> dict[str, str]:
    """Point → the meter that its channel belongs to; `items` names the item of each point.

    A meter has one channel per item, so points of the same item become meters of their own.
    """
    often = Counter(item or point for point, item in items.items())
    return {p: meter if often[item or p] == 1 else f"{meter}.{p}" for p, item in items.items()}


@cache
def built_in() -> Mapping[str, DeviceMap]:
    """The maps that come with the package, by name."""
    maps = (parse(file, text) for file, text in _texts("maps"))
    return {m.name: m for m in maps}


@cache
def templates() -> Mapping[str, str]:
    """Maps without addresses, by name: text for whoever has the maker's list to fill in."""
    return {file.removesuffix(".toml"): text for file, text in _texts("templates")}


def _texts(folder: str) -> list[tuple[str, str]]:
    """(file name, text) of the maps in a folder of the package."""
    files = [f for f in (resources.files(__package__) / folder).iterdir() if _is_map(f.name)]
    return [(f.name, f.read_text(encoding="utf-8")) for f in sorted(files, key=lambda f: f.name)]


def _is_map(name: str) -> bool:
    return name.endswith(".toml")


def find(name: str, folder: Path | None = None) -> DeviceMap:
    """A map by the name of a built-in one or by the path of a file, relative to a folder."""
    if name in built_in():
        return built_in()[name]
    return load((folder or Path()) / name)
