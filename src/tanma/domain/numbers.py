"""Posted integers: how an amount becomes a count, and how counts are summed, split and compared.

Formulas run in binary64. Each additive quantity is posted once per line to an integer count of its
quantum, half to even; everything above a line adds integers, so totals do not depend on the order
or the number of workers. Cut-offs compare integers by cross-multiplication.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction
from math import floor

from tanma.domain.messages import Problem

INT64_LIMIT = 2**63
EMISSION_DECIMALS = 9
"""Emissions are posted in mg: t × 10⁹."""
ENERGY_DECIMALS = 6
"""Energy is posted in g of standard coal: tce × 10⁶."""


def post(value: float | None, decimals: int) -> int | None:
    """The count of quanta of 10^-decimals nearest to a binary64 value, ties to even."""
    return None if value is None else round(value * 10.0**decimals)


def post_sql(expression: str, decimals: int) -> str:
    """The same as `post`, as a DuckDB expression giving a BIGINT; NULL where it does not fit.

    A cast from DOUBLE rounds ties to even. `round_even` is a macro that names its argument four
    times, so a formula would be worked out as often.
    """
    return f"TRY_CAST(({expression}) * {10**decimals}::DOUBLE AS BIGINT)"


def parse_amount(text: str, scale: int, field: str = "value") -> int:
    """The exact count of 10^-scale units that a decimal text names; nothing is rounded."""
    number = _decimal(text, field)
    exponent = number.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    with localcontext() as context:
        context.prec = 60
        count = number.scaleb(scale)
        if count != count.to_integral_value():
            raise Problem("number_too_fine", field=field, text=text, digits=digits, scale=scale)
    if abs(count) >= INT64_LIMIT:
        limit = decimal_text(INT64_LIMIT - 1, scale)
        raise Problem("number_too_large", field=field, text=text, scale=scale, limit=limit)
    return int(count)


def _decimal(text: str, field: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise Problem("number_not_decimal", field=field, text=text) from None
    if not number.is_finite():
        raise Problem("number_not_decimal", field=field, text=text)
    return number


def decimal_text(count: int, scale: int) -> str:
    """A count of 10^-scale units as decimal text, without a float between; trailing zeros cut."""
    digits = f"{abs(count):0{scale + 1}d}"
    whole, fraction = (digits[:-scale], digits[-scale:]) if scale else (digits, "")
    fraction = fraction.rstrip("0")
    return ("-" if count < 0 else "") + whole + (f".{fraction}" if fraction else "")


def largest_remainder(total: int, weights: Sequence[int], keys: Sequence[str]) -> list[int]:
    """Split an integer in proportion to integer weights so that the parts add up to it.

    Each part gets the floor of its exact share; what is left goes one by one to the largest
    remainders, ties by key. A negative total is split as its magnitude and signed back.
    """
    weight_sum = sum(weights)
    if weight_sum <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative with a positive sum")
    sign, magnitude = (-1 if total < 0 else 1), abs(total)
    parts = [magnitude * w // weight_sum for w in weights]
    remainders = [magnitude * w % weight_sum for w in weights]
    order = sorted(range(len(weights)), key=lambda i: (-remainders[i], keys[i]))
    for i in order[: magnitude - sum(parts)]:
        parts[i] += 1
    return [sign * p for p in parts]


def round_shares(shares: Sequence[Fraction], decimals: int) -> list[int]:
    """Counts of 10^-decimals for exact parts of a whole, which add up to the rounded whole.

    Each part gets its floor; what is left goes one by one to the largest remainders, ties by place.
    """
    exact = [share * 10**decimals for share in shares]
    counts = [floor(value) for value in exact]
    places = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for place in places[: round(sum(exact)) - sum(counts)]:
        counts[place] += 1
    return counts


def ratio_at_most(numerator: int, denominator: int, cut: tuple[int, int]) -> bool:
    """Whether numerator / denominator ≤ cut[0] / cut[1], for positive denominators, exactly."""
    return numerator * cut[1] <= cut[0] * denominator
