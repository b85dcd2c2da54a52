"""The units reading: the formula with pint quantities, to compare magnitudes with the number.

A check of dimensions alone misses a lost factor of 1,000 (kg per t has none); the magnitude that
comes through the declared units must equal the plain number. CO2 and standard coal are dimensions
of their own, so that a lost 44/12 or coefficient shows as well.
"""

from __future__ import annotations

import operator
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from tanma.domain.quantities.reading import Ratio, Reading

if TYPE_CHECKING:
    import pint

_DEFINITIONS = (
    "tCO2 = [co2]",
    "kgCO2 = 0.001 tCO2",
    "mgCO2 = 1e-9 tCO2",
    "tCO2e = tCO2",
    "tC = metric_ton",
    "tce = [standard_coal]",
    "kgce = 0.001 tce",
    "gce = 1e-6 tce",
    "m3 = meter ** 3",
    "wan_m3 = 10000 m3",
    "yuan = [money]",
    "wan_yuan = 10000 yuan",
)
_OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@cache
def registry() -> pint.UnitRegistry[Any]:
    """Pint's units plus those of carbon accounts."""
    import pint  # a quarter of a second that no page needs

    units: pint.UnitRegistry[Any] = pint.UnitRegistry()
    for definition in _DEFINITIONS:
        units.define(definition)
    return units


def pint_unit(unit: str, item_unit: str = "t") -> str:
    """A printed unit as pint reads it; `{unit}` stands for the unit of the item."""
    return (
        unit.replace("{unit}", item_unit)
        .replace("10^4 m3", "wan_m3")
        .replace("10^4 yuan", "wan_yuan")
    )


class Units(Reading):
    """A pint quantity behind the operations that a formula may use."""

    __slots__ = ("measured",)

    def __init__(self, measured: Any) -> None:
        self.measured = measured

    @classmethod
    def of(cls, value: Any, unit: str = "", item_unit: str = "t") -> Units:
        """A reading, a ratio with its own unit, or a number in the given unit."""
        if isinstance(value, Units):
            return value
        if isinstance(value, Ratio):
            unit = value.unit
        return cls(registry().Quantity(float(value), pint_unit(unit, item_unit)))

    def magnitude(self, unit: str, item_unit: str = "t") -> float:
        """The number in a unit; pint raises where the dimension differs."""
        return float(self.measured.to(pint_unit(unit, item_unit)).magnitude)

    @classmethod
    def binary(cls, operator: str, left: Any, right: Any) -> Self:
        return cls(_OPERATORS[operator](cls.of(left).measured, cls.of(right).measured))

    @classmethod
    def compare(cls, operator: str, left: Any, right: Any) -> bool:
        return bool(_OPERATORS[operator](cls.of(left).measured, cls.of(right).measured))

    @classmethod
    def smaller(cls, left: Any, right: Any) -> Self:
        a, b = cls.of(left).measured, cls.of(right).measured
        return cls(a if a <= b else b)

    @classmethod
    def choose(cls, condition: Any, chosen: Any, other: Any) -> Self:
        # The branch not taken must have the same dimension: added as zero, it is checked too.
        a, b = cls.of(chosen).measured, cls.of(other).measured
        return cls(a + 0 * b if condition else b + 0 * a)

    @classmethod
    def total(cls, lines: Any) -> Self:
        return cls(sum(lines.measured[1:], lines.measured[0]))
