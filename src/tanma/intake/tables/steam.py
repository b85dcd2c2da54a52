"""Steam stated in tonnes becomes heat by the enthalpy beside it: Q = m · (h − h₀).

h₀ is the reference enthalpy of the constants (NDRC guidelines, not compared with the print). The
product is rounded once, half-even, at the scale of the item; what was stated stays as stated.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tanma.domain.factors.tables import rows
from tanma.domain.items import Item
from tanma.intake import amounts, units
from tanma.intake.tables.columns import Coded, Work
from tanma.intake.tables.packages import FactRule
from tanma.intake.tables.report import ERROR

HIGHEST_KJ_PER_KG = 4000
"""No steam of industry carries more; a larger figure is in another unit."""
GJ = "GJ"
ENTHALPY_SCALE = 6


@cache
def reference_kj_per_kg() -> Fraction:
    """Enthalpy of the water that steam was made of, kJ/kg, as the table of constants prints it."""
    (row,) = [r for r in rows("constants") if r["key"] == "steam_enthalpy_ref"]
    return Fraction(row["value"])


def convert(
    work: Work, rule: FactRule, items: list[Item | None], item_of: NDArray[np.int64],
    result: amounts.Counts,
) -> NDArray[np.bool_]:  # fmt: skip
    """Rows whose mass of steam was turned into heat, or refused; their counts are written."""
    here = _in_tonnes(work, rule, items, item_of)
    at = np.flatnonzero(here)
    if not len(at):
        return here
    if not work.sheet.has(rule.enthalpy):
        work.note("steam_enthalpy_missing", ERROR, rule.unit, at, column=_title(work, rule))
        result.count[at], result.state[at] = 0, amounts.OK
        return here
    enthalpy = amounts.counts(work.sheet.column(rule.enthalpy), [Fraction(10**ENTHALPY_SCALE)])
    refused = _judge(work, rule, here, enthalpy)
    result.count[refused], result.state[refused] = 0, amounts.OK
    coded, texts = work.coded[rule.unit], work.sheet.column(rule.value)
    for row in np.flatnonzero(here & ~refused).tolist():
        item, unit = items[item_of[row]], coded.values[coded.codes[row]]
        assert item is not None
        kj_per_kg = Fraction(int(enthalpy.count[row]), 10**ENTHALPY_SCALE)
        result.count[row], result.state[row], result.digits[row] = heat_count(
            texts[row].as_py(), unit, kj_per_kg, item
        )
    return here


def heat_count(
    text: str, unit: object, enthalpy_kj_per_kg: Fraction, item: Item
) -> tuple[int, int, int]:
    """(count, state, digits) of a mass as heat: counts of GJ at the scale of the item."""
    mass, state, digits = amounts.exact_number(text or "")
    tonnes = units.ratio(unit, units.units()["t"]) if isinstance(unit, units.Unit) else None
    if state != amounts.OK or tonnes is None:
        return 0, state, digits
    heat_gj = mass * tonnes * (enthalpy_kj_per_kg - reference_kj_per_kg()) / 1000
    count = round(heat_gj * 10**item.scale)
    if abs(count) >= amounts.LIMIT:
        return 0, amounts.TOO_LARGE, digits
    return count, amounts.OK, digits


def _in_tonnes(
    work: Work, rule: FactRule, items: list[Item | None], item_of: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Rows of heat whose unit is one of mass."""
    coded: Coded = work.coded[rule.unit]
    mass = np.array([isinstance(v, units.Unit) and v.dimension == "mass" for v in coded.values])
    heat = np.array([i is not None and i.unit == GJ for i in items])
    if not rule.enthalpy or not len(mass) or not len(heat):
        return np.zeros(len(item_of), bool)
    return np.asarray(mass[coded.codes] & heat[item_of])


def _judge(
    work: Work, rule: FactRule, here: NDArray[np.bool_], found: amounts.Counts
) -> NDArray[np.bool_]:
    """Rows of a missing, unreadable or impossible enthalpy, each reported in its own words."""
    missing = here & (found.state == amounts.MISSING)
    work.note("steam_enthalpy_missing", ERROR, rule.unit, np.flatnonzero(missing),
              column=_title(work, rule))  # fmt: skip
    low = found.count <= int(reference_kj_per_kg() * 10**ENTHALPY_SCALE)
    high = found.count > HIGHEST_KJ_PER_KG * 10**ENTHALPY_SCALE
    wrong = here & ~missing & ((found.state != amounts.OK) | low | high)
    work.note("steam_enthalpy_wrong", ERROR, rule.enthalpy, np.flatnonzero(wrong),
              low=f"{float(reference_kj_per_kg()):g}", high=HIGHEST_KJ_PER_KG)  # fmt: skip
    refused: NDArray[np.bool_] = missing | wrong
    return refused


def _title(work: Work, rule: FactRule) -> str:
    return work.sheet.package.fields[rule.enthalpy].zh
