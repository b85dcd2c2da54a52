"""Spans of time as an address asks for them, cut into periods of one grain."""

from __future__ import annotations

from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanma.domain.periods import Period, month_number, month_of, month_start, parse, quarter_of

GRAINS: dict[str, str | Promise] = {
    "month": _("月"),
    "quarter": _("季度"),
    "half": _("半年"),
    "year": _("年"),
    "rolling": _("滚动四个季度"),
}
MOST = 60
"""Periods that a chart still shows one by one."""
_LENGTH = {"month": 1, "quarter": 3, "half": 6, "year": 12, "rolling": 3}


def periods(grain: str, first: date, last: date) -> list[Period]:
    """The periods of a grain that lie whole in the months [first, last], the newest MOST of them.

    Rolling periods end with each quarter of the span; they may begin before it.
    """
    begin, end = month_number(first), month_number(last) + 1
    step = _LENGTH[grain]
    ends = range(begin // step * step + step, end + 1, step)
    found = [_ending(grain, at) for at in ends]
    return [p for p in found if grain == "rolling" or p.first_month >= begin][-MOST:]


def _ending(grain: str, end: int) -> Period:
    """The period of a grain that ends before a month."""
    last = month_start(end - 1)
    if grain == "month":
        return month_of(last)
    if grain == "year":
        return parse(f"{last.year:04d}")
    if grain == "half":
        return parse(f"{last.year:04d}H{(last.month + 5) // 6}")
    quarter = quarter_of(last)
    return quarter if grain == "quarter" else parse(f"{quarter.text}/r4")
