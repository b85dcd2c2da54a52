"""The published periods of an enterprise as a switch: kind first, then year and period in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.accountpages.words import Text
from tanma.domain.periods import Period, parse

KINDS: dict[str, Text] = {
    "rolling": _("滚动四个季度"),
    "quarter": _("单季度"),
    "half": _("半年"),
    "year": _("全年"),
    "month": _("单月"),
    "span": _("其他"),
}
QUARTERS: dict[int, Text] = {1: _("一季度"), 2: _("二季度"), 3: _("三季度"), 4: _("四季度")}
Link = tuple[str, str, bool]
"""label, address, whether it is the one shown"""


@dataclass(frozen=True)
class Year:
    """The periods of one kind that end in a year, the earliest first."""

    name: str
    links: list[Link]


@dataclass(frozen=True)
class Switch:
    """Which kinds there are, and the periods of the kind that is shown."""

    kinds: list[Link]
    years: list[Year]


def switch(texts: Iterable[str], shown: str, address: Callable[[str], str]) -> Switch:
    """The switch over published periods, newest first as given; `shown` is among them."""
    periods = [parse(text) for text in texts]
    own = parse(shown).kind
    newest: dict[str, Period] = {}
    for period in periods:
        newest.setdefault(period.kind, period)
    kinds = [
        (str(label), address(newest[kind].text), kind == own)
        for kind, label in KINDS.items()
        if kind in newest
    ]
    years: dict[int, list[Period]] = {}
    for period in sorted(p for p in periods if p.kind == own):
        years.setdefault(period.months[-1].year, []).append(period)
    listed = [
        Year(
            gettext("%(year)s年") % {"year": year},
            [(label(p), address(p.text), p.text == shown) for p in found],
        )
        for year, found in years.items()
    ]
    return Switch(kinds, listed)


def label(period: Period) -> str:
    """A period inside its year: 三季度, 至三季度 (rolling), 上半年, 全年, 7月."""
    last = period.months[-1]
    quarter = str(QUARTERS[(last.month + 2) // 3])
    half = gettext("上半年") if last.month == 6 else gettext("下半年")
    return {
        "rolling": gettext("至%(quarter)s") % {"quarter": quarter},
        "quarter": quarter,
        "half": half,
        "year": gettext("全年"),
        "month": gettext("%(month)s月") % {"month": last.month},
    }.get(period.kind, period.text)
