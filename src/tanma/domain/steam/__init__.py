"""Enthalpy of water and steam by the industrial formulation IAPWS-IF97, regions 1, 2 and 4.

Coefficients stand in `domain/reference/data/if97.csv` with their source card. Pressures are
absolute. Region 3 (near the critical point) and region 5 (above 800 °C) are not built: states
there are refused, in columns they are missing.

Saturated steam is asked for by its pressure alone: a thermometer that reads a tenth of a degree low
would turn it into water.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tanma.domain.factors.tables import rows
from tanma.domain.messages import Problem

Floats = NDArray[np.float64]
KELVIN = 273.15
"""0 °C in kelvin, by definition of the Celsius scale."""


def kelvin(degc: float) -> float:
    """Temperature [K] of a temperature [°C]."""
    return degc + KELVIN


def enthalpy_kj_per_kg(pressure_mpa: float, temperature_k: float) -> float:
    """Specific enthalpy [kJ/kg] of water or superheated steam at p [MPa, absolute] and T [K].

    IAPWS-IF97, regions 1 and 2. Refused outside them, with both values and the span.
    """
    found = _enthalpy(np.array([pressure_mpa]), np.array([temperature_k]))[0]
    if np.isnan(found):
        raise Problem(
            "steam_outside",
            pressure_mpa=pressure_mpa,
            temperature_k=temperature_k,
            highest_mpa=_constant("highest_pressure"),
            lowest_k=_constant("lowest_temperature"),
            highest_k=_constant("highest_temperature"),
        )
    return float(found)


def enthalpies_kj_per_kg(pressure_mpa: pa.Array, temperature_k: pa.Array) -> pa.Array:
    """The same for columns; missing where an input is missing or the state is not covered."""
    found = _enthalpy(_floats(pressure_mpa), _floats(temperature_k))
    return pa.array(found, pa.float64(), mask=np.isnan(found))


def saturated_kj_per_kg(pressure_mpa: float, dryness: float = 1.0) -> float:
    """Specific enthalpy [kJ/kg] of saturated steam at p [MPa, absolute] and dryness x [kg/kg].

    h = h′ + x (h″ − h′), h′ by region 1 and h″ by region 2 at the saturation temperature of region
    4; up to the border of region 3 (16.529 MPa).
    """
    highest_mpa = saturation_mpa(_constant("region13_temperature"))
    if not (0 <= dryness <= 1 and 0 < pressure_mpa <= highest_mpa):
        raise Problem(
            "steam_not_saturated",
            pressure_mpa=pressure_mpa,
            dryness=dryness,
            highest_mpa=round(highest_mpa, 6),
        )
    p = np.array([pressure_mpa])
    t = _saturation_k(p)
    water, steam = float(_region1(p, t)[0]), float(_region2(p, t)[0])
    return water + dryness * (steam - water)


def saturated_enthalpies_kj_per_kg(pressure_mpa: pa.Array) -> pa.Array:
    """The same of dry saturated steam for a column; missing where it is missing or not covered."""
    p = _floats(pressure_mpa)
    lowest, highest = (
        saturation_mpa(_constant(name)) for name in ("lowest_temperature", "region13_temperature")
    )
    covered = (p >= lowest) & (p <= highest)
    sound = np.where(covered, p, highest)
    found = np.where(covered, _region2(sound, _saturation_k(sound)), np.nan)
    return pa.array(found, pa.float64(), mask=~covered)


def saturation_mpa(temperature_k: float) -> float:
    """Saturation pressure [MPa] at T [K]; IAPWS-IF97, region 4."""
    return float(_saturation_mpa(np.array([temperature_k]))[0])


def saturation_k(pressure_mpa: float) -> float:
    """Saturation temperature [K] at p [MPa, absolute]; IAPWS-IF97, region 4, backward equation."""
    return float(_saturation_k(np.array([pressure_mpa]))[0])


def _enthalpy(pressure: Floats, temperature: Floats) -> Floats:
    found = np.full(len(pressure), np.nan)
    water, steam = _regions(pressure, temperature)
    found[water] = _region1(pressure[water], temperature[water])
    found[steam] = _region2(pressure[steam], temperature[steam])
    return found


def _regions(p: Floats, t: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which states lie in region 1 and which in region 2; on the line they count as steam."""
    lowest, highest = _constant("lowest_temperature"), _constant("highest_temperature")
    border, upper = _constant("region13_temperature"), _constant("region23_temperature")
    covered = (t >= lowest) & (t <= highest) & (p > 0) & (p <= _constant("highest_pressure"))
    low = covered & (t <= border)
    line = _saturation_mpa(np.where(low, t, border))
    b = _boundary()
    above = covered & (t > border) & ((t > upper) | (p <= b[0] + b[1] * t + b[2] * t * t))
    return low & (p > line), low & (p <= line) | above


def _region1(p: Floats, t: Floats) -> Floats:
    i, j, n = _terms("region1")
    tau = _constant("region1_temperature") / t
    pi = _constant("region1_pressure_shift") - p / _constant("region1_pressure")
    shifted = tau - _constant("region1_temperature_shift")
    slope = _sum(n * j, pi, i, shifted, j - 1)
    return _constant("gas_constant") * t * tau * slope


def _region2(p: Floats, t: Floats) -> Floats:
    i, j, n = _terms("region2")
    i0, j0, n0 = _terms("region2_ideal")
    tau = _constant("region2_temperature") / t
    pi = p / _constant("region2_pressure")
    ideal = _sum(n0 * j0, pi, i0, tau, j0 - 1)
    residual = _sum(n * j, pi, i, tau - _constant("region2_temperature_shift"), j - 1)
    return _constant("gas_constant") * t * tau * (ideal + residual)


def _sum(n: Floats, x: Floats, i: Floats, y: Floats, j: Floats) -> Floats:
    """Σ n xⁱ yʲ; terms of coefficient zero are left out, as yʲ may be infinite there."""
    total = np.zeros(len(x))
    for a, k, m in zip(n, i, j, strict=True):
        if a:
            total += a * x**k * y**m
    return total


def _saturation_mpa(t: Floats) -> Floats:
    n = _region4()
    v = t + n[9] / (t - n[10])
    a = v * v + n[1] * v + n[2]
    b = n[3] * v * v + n[4] * v + n[5]
    c = n[6] * v * v + n[7] * v + n[8]
    pressure: Floats = (2 * c / (-b + np.sqrt(b * b - 4 * a * c))) ** 4
    return pressure


def _saturation_k(p: Floats) -> Floats:
    n = _region4()
    b = p**0.25
    e = b * b + n[3] * b + n[6]
    f = n[1] * b * b + n[4] * b + n[7]
    g = n[2] * b * b + n[5] * b + n[8]
    d = 2 * g / (-f - np.sqrt(f * f - 4 * e * g))
    temperature: Floats = (n[10] + d - np.sqrt((n[10] + d) ** 2 - 4 * (n[9] + n[10] * d))) / 2
    return temperature


def _floats(column: pa.Array) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


@cache
def _table(part: str) -> list[tuple[str, float, float, float]]:
    return [
        (r["number"], float(r["i"] or 0), float(r["j"] or 0), _coefficient(r))
        for r in rows("if97")
        if r["part"] == part
    ]


def _coefficient(row: dict[str, str]) -> float:
    return float(f"{row['mantissa']}e{row['exponent']}")


@cache
def _terms(part: str) -> tuple[Floats, Floats, Floats]:
    columns = np.array([(i, j, n) for _, i, j, n in _table(part)]).T
    return columns[0], columns[1], columns[2]


@cache
def _constant(name: str) -> float:
    return next(n for number, _, _, n in _table("constant") if number == name)


@cache
def _region4() -> dict[int, float]:
    """n1 to n10, numbered as the release does."""
    return {int(number): n for number, _, _, n in _table("region4")}


@cache
def _boundary() -> list[float]:
    """Coefficients of the border of regions 2 and 3 by power of the temperature."""
    return [n for _, _, _, n in _table("boundary23")]
