"""Quantities: a formula written once and read four ways (number, text, SQL, units)."""

from tanma.domain.quantities.core import (
    EVIDENCE,
    Input,
    Quantity,
    below,
    declare,
    described,
    find,
    inputs,
    quantities,
    quantity,
    symbol,
)
from tanma.domain.quantities.helpers import Bounded, Total, choose, smaller, total
from tanma.domain.quantities.reading import Ratio
from tanma.domain.quantities.sql import Sql, total_sql
from tanma.domain.quantities.text import Text, number_text

__all__ = [
    "EVIDENCE",
    "Bounded",
    "Input",
    "Quantity",
    "Ratio",
    "Sql",
    "Text",
    "Total",
    "below",
    "choose",
    "declare",
    "described",
    "find",
    "inputs",
    "number_text",
    "quantities",
    "quantity",
    "smaller",
    "symbol",
    "total",
    "total_sql",
]
