"""The demo's own design tables: how industries behave, and what each energy carrier is called.

The tonnes per unit in `carriers.csv` only size quantities; no account ever reads them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


def _rows(package: str, name: str) -> list[dict[str, str]]:
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class Profile:
    """Typical enterprise of the industries under one code prefix."""

    prefix: str
    weight: float
    """Share of enterprises; for a heavy industry the number among 3,800."""
    heavy: bool
    intensity_tco2_per_wan: float
    va_share: float
    """Value added ÷ output value."""
    va_factor: float
    """Median value added against the median of all industries."""
    shares: dict[str, float]
    """Share of each carrier in net emissions; a supplier's sales are negative."""
    coal_kind: str
    trades: tuple[str, ...]


@dataclass(frozen=True)
class Carrier:
    """An energy carrier as departments name it."""

    carrier: str
    flow: str
    unit: str
    sizing_tco2_per_unit: float
    decimals: int
    carrier_zh: str
    flow_zh: str
    item: str


@dataclass(frozen=True)
class Process:
    """A process activity that goes with a fuel: clinker with coal, melt with gas."""

    prefix: str
    carrier: str
    basis: str
    t_per_basis_unit: float


@dataclass(frozen=True)
class Product:
    prefix: str
    product_zh: str
    unit: str
    output_yuan_per_unit: float


SHARE_COLUMNS = ("coal", "gas", "diesel", "heat", "power")


def _profile(row: dict[str, str]) -> Profile:
    return Profile(
        prefix=row["prefix"],
        weight=float(row["weight"]),
        heavy=row["heavy"] == "1",
        intensity_tco2_per_wan=float(row["intensity_tco2_per_wan"]),
        va_share=float(row["va_share"]),
        va_factor=float(row["va_factor"]),
        shares={name: float(row[name]) for name in SHARE_COLUMNS},
        coal_kind=row["coal_kind"],
        trades=tuple(row["trade"].split("|")),
    )


@cache
def profiles() -> dict[str, Profile]:
    return {row["prefix"]: _profile(row) for row in _rows("tanma.demo", "profiles.csv")}


@cache
def carriers() -> dict[str, Carrier]:
    return {
        row["carrier"]: Carrier(
            row["carrier"],
            row["flow"],
            row["unit"],
            float(row["sizing_tco2_per_unit"]),
            int(row["decimals"]),
            row["carrier_zh"],
            row["flow_zh"],
            row["item"],
        )
        for row in _rows("tanma.demo", "carriers.csv")
    }


@cache
def products() -> dict[str, Product]:
    return {
        row["prefix"]: Product(
            row["prefix"], row["product_zh"], row["unit"], float(row["output_yuan_per_unit"])
        )
        for row in _rows("tanma.demo", "products.csv")
    }


@cache
def processes() -> list[Process]:
    return [
        Process(row["prefix"], row["carrier"], row["basis"], float(row["t_per_basis_unit"]))
        for row in _rows("tanma.demo", "processes.csv")
    ]


@cache
def industry_classes() -> list[str]:
    """All four-digit classes of GB/T 4754-2017, sections B, C and D."""
    rows = _rows("tanma.domain.reference", "data/industries.csv")
    return sorted(row["code"] for row in rows if row["level"] == "class")


def profile_of(code: str) -> Profile | None:
    """The profile with the longest matching prefix; None when the region lacks that industry."""
    found = [profiles()[code[:n]] for n in (4, 3, 2) if code[:n] in profiles()]
    return found[0] if found and found[0].weight > 0 else None


def product_of(code: str) -> Product | None:
    found = [products()[code[:n]] for n in (4, 3, 2) if code[:n] in products()]
    return found[0] if found else None
