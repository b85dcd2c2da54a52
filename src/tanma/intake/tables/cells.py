"""What one cell means, by type: called once per distinct text, a Problem when it means nothing."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import TypeAlias

import pyarrow as pa
from stdnum.cn import uscc as uscc_number
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError

from tanma.domain import periods
from tanma.domain.items import carriers, metered, sources
from tanma.domain.messages import Problem
from tanma.intake import units
from tanma.intake.tables.packages import Field, Package, shared_fields

HINTS = 50
"""So many unknown names of a column get near ones: looking for them is slow, reading too."""
OPEN_END = dt.date(9999, 12, 31)
Value: TypeAlias = "str | int | dt.date | periods.Period | units.Unit"


@dataclass(frozen=True)
class Context:
    """What the caller knows: the day, the registered areas and industries, what was usual so far.

    `history` has columns subject_value, item, typical: a usual month, counted at the item's scale.
    `peers` has the same columns and is used, more gently, where history is silent.
    A set that is None is not checked against.
    """

    today: dt.date
    areas: Collection[str] | None = None
    industries: Collection[str] | None = None
    history: pa.Table | None = field(default=None, compare=False)
    peers: pa.Table | None = field(default=None, compare=False)
    accept_suspected: bool = False
    """Keep rows whose unit looks wrong: somebody has looked at them."""


@dataclass(frozen=True)
class Where:
    """The column a cell stands in."""

    title: str
    spec: Field
    package: Package
    context: Context
    hints: Iterator[int] = field(default_factory=lambda: iter(range(HINTS)), compare=False)


def problem(code: str, text: str, where: Where, **params: object) -> Problem:
    return Problem(code, field=where.title, text=text, **params)


def as_text(text: str, where: Where) -> str:
    """A text as it stands; characters that nobody sees or that turn the line round are refused."""
    hidden = next((c for c in text if _hidden(c, named=bool(where.spec.most))), "")
    if hidden:
        shown = "".join("·" if _hidden(c, named=True) else c for c in text[:SHOWN_LENGTH])
        raise problem("cell_hidden_character", shown, where, character=f"U+{ord(hidden):04X}")
    if where.spec.most and len(text) > where.spec.most:
        shown, found = f"{text[:SHOWN_LENGTH]}…", len(text)
        raise problem("cell_too_long", shown, where, found=found, most=where.spec.most)
    return text


SHOWN_LENGTH = 30
FORMATTING = frozenset("\u200b\u200e\u200f\u061c\ufeff")
"""Without width, or setting a direction; the others of their kind are the ranges below."""


def _hidden(char: str, *, named: bool) -> bool:
    """Control and direction characters; a note may have line breaks, a name may not."""
    if char in "\n\r\t" and not named:
        return False
    turned = "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"
    return turned or char in FORMATTING or unicodedata.category(char) == "Cc"


def as_uscc(text: str, where: Where) -> str:
    """A 统一社会信用代码, checked by python-stdnum (GB 32100)."""
    try:
        return str(uscc_number.validate(text))
    except InvalidLength:
        raise problem("uscc_length", text, where, length=len(text)) from None
    except InvalidChecksum:
        clean = uscc_number.compact(text)
        expected = uscc_number.calc_check_digit(clean[:-1])
        raise problem("uscc_check", text, where, found=clean[-1], expected=expected) from None
    except ValidationError:
        raise problem("uscc_format", text, where) from None


def as_certificate(text: str, where: Where) -> str:
    """A green-certificate number: 17 characters of the project, 15 of the electricity."""
    if not re.fullmatch(r"[0-9A-Z]{32}", text):
        raise problem("certificate_wrong", text, where, length=len(text))
    return text


def as_industry(text: str, where: Where) -> str:
    return _known(text, where, where.context.industries, "cell_industry_unknown")


def as_area(text: str, where: Where) -> str:
    return _known(text, where, where.context.areas, "cell_area_unknown")


def _known(text: str, where: Where, known: Collection[str] | None, code: str) -> str:
    if known is not None and text not in known:
        raise problem(code, text, where, near=_near(text, known, where))
    return text


def _near(text: str, known: Collection[str], where: Where) -> str:
    if next(where.hints, None) is None:
        return "—"
    return "、".join(difflib.get_close_matches(text, list(known), 3, 0.5)) or "—"


def as_choice(text: str, where: Where) -> str:
    found = {**{v: k for k, v in where.spec.values.items()}, **{k: k for k in where.spec.values}}
    if text not in found:
        allowed = "、".join(where.spec.values.values())
        raise problem("cell_choice_unknown", text, where, allowed=allowed)
    return found[text]


def as_source(text: str, where: Where) -> str:
    names = {s.name_zh: s.source for s in sources().values()}
    short = {"供电": "grid", "申报": "declared", "核查": "verified", "抄表": "meter"}
    known = {**names, **short, **{s: s for s in sources()}}
    if text not in known:
        raise problem(
            "cell_source_unknown", text, where, allowed="、".join(names),
            allowed_en=", ".join(f"{s.source} ({s.name_en})" for s in sources().values()),
        )  # fmt: skip
    return known[text]


@cache
def _carrier_names() -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for carrier in carriers().values():
        for name in carrier.names:
            names.setdefault(units.fold(name).lower(), []).append(carrier.carrier)
    return names


def as_carrier(text: str, where: Where) -> str:
    return _carrier(text, where, "cell_carrier_unknown", products=False)


def as_product(text: str, where: Where) -> str:
    return _carrier(text, where, "cell_product_unknown", products=True)


def _carrier(text: str, where: Where, code: str, *, products: bool) -> str:
    named = _carrier_names().get(units.fold(text).lower(), [])
    hits = [c for c in dict.fromkeys(named) if c.startswith("product.") == products]
    if len(hits) > 1:
        told = [carriers()[c] for c in hits]
        raise problem(
            "cell_carrier_ambiguous", text, where,
            candidates="、".join(f"{c.name_zh}（{c.carrier}）" for c in told),
            candidates_en=", ".join(f"{c.name_en} ({c.carrier})" for c in told),
        )  # fmt: skip
    if not hits:
        groups = [c for c in carriers().values() if (c.group == "product") == products]
        raise problem(
            code, text, where, near=_near(text, [n for c in groups for n in c.names], where)
        )
    return hits[0]


@cache
def _metered_names() -> dict[str, str]:
    meant = shared_fields()["channel_quantity"].values
    names = {name: item for item, name in meant.items()}
    for item in metered():
        names |= dict.fromkeys((item.item, item.name_zh, item.name_en), item.item)
    return {units.fold(name).lower(): item for name, item in names.items()}


def as_metered(text: str, where: Where) -> str:
    """What a channel of a meter can count or show, by id or name."""
    found = _metered_names().get(units.fold(text).lower())
    if found is None:
        names = [item.name_zh for item in metered()]
        raise problem("cell_metered_unknown", text, where, near=_near(text, names, where))
    return found


def as_unit(text: str, where: Where) -> units.Unit:
    unit = units.find(text)
    if unit is None:
        known = "、".join(u.name_zh for u in units.units().values())
        raise problem("cell_unit_unknown", text, where, known=known)
    return unit


_MONTH = re.compile(r"(\d{4})[-/.年]?(\d{1,2})月?")
_MONTH_SPAN = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-~至](\d{1,2})月")
_QUARTER = re.compile(r"(\d{4})年?(?:第?([1-4一二三四])季度|[qQ]([1-4]))")
_HALF = re.compile(r"(\d{4})年?(上|下)半年")
_FIRST_DAY = re.compile(r"(\d{4})-(\d{2})-01")
_FIGURES = {"一": "1", "二": "2", "三": "3", "四": "4"}


def plain_period(text: str) -> str:
    """The usual spellings of a period in its plain form; anything else is returned as it is."""
    clean = "".join(unicodedata.normalize("NFKC", text).split())
    if hit := _MONTH_SPAN.fullmatch(clean):
        return f"{hit[1]}-{int(hit[2]):02d}/{hit[1]}-{int(hit[3]):02d}"
    if hit := _MONTH.fullmatch(clean):
        return f"{hit[1]}-{int(hit[2]):02d}"
    if hit := _QUARTER.fullmatch(clean):
        quarter = hit[2] or hit[3]
        return f"{hit[1]}Q{_FIGURES.get(quarter, quarter)}"
    if hit := _HALF.fullmatch(clean):
        return f"{hit[1]}H{1 if hit[2] == '上' else 2}"
    if hit := _FIRST_DAY.fullmatch(clean):
        # Spreadsheets turn a typed 2026-09 into the first of September.
        return f"{hit[1]}-{hit[2]}"
    return clean.removesuffix("年")


def as_period(text: str, where: Where) -> periods.Period:
    try:
        period = periods.parse(plain_period(text))
    except (Problem, ValueError):
        raise problem("cell_period_unknown", text, where) from None
    _within_reach(period.start, period.end, text, where)
    return period


def as_month(text: str, where: Where) -> periods.Period:
    """The reporting month of a form; 1–2月 means February."""
    clean = plain_period(text)
    period = as_period(clean.partition("/")[2] or clean, where)
    if period.kind != "month":
        raise problem("month_needed", text, where)
    return period


def _within_reach(start: dt.date, end: dt.date, text: str, where: Where) -> None:
    today, package = where.context.today, where.package
    first = dt.date(today.year - package.past_years, today.month, 1)
    if start < first:
        raise problem("period_too_old", text, where, first=first, years=package.past_years)
    last = dt.date(today.year + package.future_years, 12, 31) if package.future_years else today
    if end > periods.month_of(last).end:
        raise problem("period_future", text, where, last=last)


def as_date(text: str, where: Where) -> dt.date:
    day = plain_date(text)
    if day is None:
        raise problem("cell_date_unknown", text, where)
    if where.package.span and where.package.span.day:
        # what happened on a day has happened; a register may name days to come
        _within_reach(day, day, text, where)
    return day


def plain_date(text: str) -> dt.date | None:
    """A day written year first: 2026-09-01, 2026/9/1, 2026.9.1, 20260901, 2026年9月1日."""
    clean = "".join(unicodedata.normalize("NFKC", text).split())
    hit = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:00:00(?::00)?)?", clean)
    hit = hit or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", clean)
    if hit is None:
        return None
    try:
        return dt.date(int(hit[1]), int(hit[2]), int(hit[3]))
    except ValueError:
        return None


_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def as_moment(text: str, where: Where) -> str:
    """A local time, year first, as ISO text without a zone: 2026-09-01T08:00:00."""
    day, _, clock = unicodedata.normalize("NFKC", text).strip().replace("T", " ").partition(" ")
    date, hit = plain_date(day), _CLOCK.fullmatch(clock.strip())
    if date is None or hit is None:
        raise problem("cell_time_unknown", text, where)
    _within_reach(date, date, text, where)
    try:
        hour, minute, second = (int(part or 0) for part in hit.groups())
        time = dt.time(hour, minute, second)
    except ValueError:
        raise problem("cell_time_unknown", text, where) from None
    return dt.datetime.combine(date, time).isoformat()


def as_integer(text: str, where: Where) -> int:
    clean = unicodedata.normalize("NFKC", text).strip()
    if not re.fullmatch(r"-?\d{1,18}", clean):
        raise problem("cell_not_integer", text, where)
    _within_bounds(Decimal(clean), text, where)
    return int(clean)


_NUMBER = re.compile(r"[+-]?(\d{1,18}|\d{1,3}(,\d{3})+)(\.\d{0,18})?")


def as_number(text: str, where: Where) -> str:
    """A decimal that is kept as text, such as a ratio: without exponent and trailing zeros."""
    clean = unicodedata.normalize("NFKC", text).strip()
    if not _NUMBER.fullmatch(clean):
        raise problem("number_not_decimal", text, where)
    value = Decimal(clean.replace(",", ""))
    _within_bounds(value, text, where)
    whole, _, decimals = f"{value:f}".partition(".")
    if len(decimals.rstrip("0")) > MOST_DECIMALS:
        raise problem("cell_too_fine", text, where, most=MOST_DECIMALS)
    return f"{whole}.{decimals}".rstrip("0").rstrip(".")


MOST_DECIMALS = 9
"""Of a number that is kept as text."""


def _within_bounds(value: Decimal, text: str, where: Where) -> None:
    least, greatest = where.spec.least, where.spec.greatest
    if (least and value < Decimal(least)) or (greatest and value > Decimal(greatest)):
        bounds = {"least": least or "—", "greatest": greatest or "—"}
        raise problem("cell_out_of_range", text, where, **bounds)


PARSERS: dict[str, Callable[[str, Where], Value]] = {
    "text": as_text,
    "id": as_text,
    "uscc": as_uscc,
    "certificate": as_certificate,
    "industry": as_industry,
    "area": as_area,
    "choice": as_choice,
    "source": as_source,
    "carrier": as_carrier,
    "product": as_product,
    "metered": as_metered,
    "unit": as_unit,
    "period": as_period,
    "month": as_month,
    "date": as_date,
    "moment": as_moment,
    "integer": as_integer,
    "number": as_number,
}
"""decimal and datetime are not here: they are read a column at a time."""
