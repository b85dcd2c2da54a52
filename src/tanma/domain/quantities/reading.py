"""What every reading of a formula has in common: the operators and helpers a formula may use.

A formula uses only + - × ÷, comparison and the helpers `total`, `smaller` and `choose`. Each
reading (text, SQL, units) answers these few operations; the number reading is Python's own floats.
docs/design/quantities.md states the convention.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self


class Ratio(float):
    """An exact ratio kept as it is printed, such as 44/12; in the number reading a plain float.

    Python would fold a literal `44 / 12` before any reading could see it.
    """

    top: int
    bottom: int
    unit: str

    def __new__(cls, top: int, bottom: int = 1, *, unit: str = "") -> Self:
        ratio = super().__new__(cls, top / bottom)
        ratio.top, ratio.bottom, ratio.unit = top, bottom, unit
        return ratio

    def __str__(self) -> str:
        return f"{self.top}" if self.bottom == 1 else f"{self.top}/{self.bottom}"


class Reading(ABC):
    """A value that records what is done with it. Not a str: joining texts would call our plus."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def binary(cls, operator: str, left: Any, right: Any) -> Self:
        """One of + - * / applied to two readings or numbers."""

    @classmethod
    @abstractmethod
    def compare(cls, operator: str, left: Any, right: Any) -> Any:
        """One of < <= > >= applied to two readings or numbers."""

    @classmethod
    @abstractmethod
    def smaller(cls, left: Any, right: Any) -> Self:
        """The smaller of two."""

    @classmethod
    @abstractmethod
    def choose(cls, condition: Any, chosen: Any, other: Any) -> Self:
        """`chosen` where the condition holds, else `other`."""

    @classmethod
    @abstractmethod
    def total(cls, lines: Any) -> Any:
        """The sum over lines."""

    def __add__(self, other: Any) -> Self:
        return self.binary("+", self, other)

    def __radd__(self, other: Any) -> Self:
        return self.binary("+", other, self)

    def __sub__(self, other: Any) -> Self:
        return self.binary("-", self, other)

    def __rsub__(self, other: Any) -> Self:
        return self.binary("-", other, self)

    def __mul__(self, other: Any) -> Self:
        return self.binary("*", self, other)

    def __rmul__(self, other: Any) -> Self:
        return self.binary("*", other, self)

    def __truediv__(self, other: Any) -> Self:
        return self.binary("/", self, other)

    def __rtruediv__(self, other: Any) -> Self:
        return self.binary("/", other, self)

    def __lt__(self, other: Any) -> Any:
        return self.compare("<", self, other)

    def __le__(self, other: Any) -> Any:
        return self.compare("<=", self, other)

    def __gt__(self, other: Any) -> Any:
        return self.compare(">", self, other)

    def __ge__(self, other: Any) -> Any:
        return self.compare(">=", self, other)
