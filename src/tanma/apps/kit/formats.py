"""Numbers, periods and times as people read them. Display is the only place that rounds.

Posted integers are divided by integer arithmetic, half to even, so that a page shows the same
digits as report and file. Missing stays missing: None gives an em dash, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from tanma.domain.numbers import EMISSION_DECIMALS, ENERGY_DECIMALS, decimal_text
from tanma.domain.periods import Period, month_start, parse

MISSING = "—"
INTENSITY_DIGITS = 4
YUAN_DECIMALS = 2
WAN = 10_000
Number = int | float | Decimal | Fraction


def statistics_only() -> str:
    """What stands where a figure would tell what one or two gave for statistics alone."""
    return gettext("仅供统计，不予显示")


def grouped(text: str) -> str:
    """Thousands separators in a decimal text; the fraction is left alone."""
    whole, dot, fraction = text.partition(".")
    return f"{int(whole):,}{dot}{fraction}" if not whole.startswith("-0") else f"-0{dot}{fraction}"


def rounded(value: Number, digits: int) -> str:
    """Decimal text with a fixed number of decimals, half to even, exact for integer ratios."""
    count = round(Fraction(value) * 10**digits)
    text = f"{abs(count):0{digits + 1}d}"
    body = text if digits == 0 else f"{text[:-digits]}.{text[-digits:]}"
    return grouped(body) if count >= 0 else f"-{grouped(body)}"


def scaled(count: int | None, scale: int, digits: int | None = None) -> str:
    """A count of 10^-scale units: all its digits, or rounded to so many decimals."""
    if count is None:
        return MISSING
    if digits is None:
        return grouped(decimal_text(count, scale))
    return rounded(Fraction(count, 10**scale), digits)


def significant(value: Number | None, digits: int = INTENSITY_DIGITS) -> str:
    """A number with so many significant digits, without exponent."""
    if value is None:
        return MISSING
    exact = Fraction(value)
    if exact == 0:
        return "0"
    exponent = _exponent(abs(exact))
    if round(abs(exact) * Fraction(10) ** (digits - 1 - exponent)) >= 10**digits:
        exponent += 1
    decimals = digits - 1 - exponent
    if decimals >= 0:
        return rounded(exact, decimals)
    step = 10**-decimals
    return grouped(str(round(exact / step) * step))


def _exponent(value: Fraction) -> int:
    """The power of ten of the leading digit of a positive number."""
    estimate = len(str(value.numerator)) - len(str(value.denominator))
    return estimate if value >= Fraction(10) ** estimate else estimate - 1


def tonnes(mg: int | None, digits: int | None = None) -> str:
    """Milligrams as tonnes. Without digits: whole from 1,000 t, else three decimals at most."""
    if mg is None or digits is not None:
        return scaled(mg, EMISSION_DECIMALS, digits)
    return _calm(mg, EMISSION_DECIMALS)


def tce(gce: int | None, digits: int | None = None) -> str:
    """Grams of standard coal as tonnes of standard coal, with the rule of `tonnes`."""
    if gce is None or digits is not None:
        return scaled(gce, ENERGY_DECIMALS, digits)
    return _calm(gce, ENERGY_DECIMALS)


def _calm(count: int, scale: int) -> str:
    magnitude = abs(count) // 10**scale
    return scaled(count, scale, 0 if magnitude >= 1000 else 1 if magnitude >= 100 else 3)


def wan_yuan(fen: int | None, digits: int = 2) -> str:
    """Yuan posted at scale 2 as 10⁴ yuan."""
    return MISSING if fen is None else rounded(Fraction(fen, 10**YUAN_DECIMALS * WAN), digits)


def intensity(emission_mg: int | None, money_fen: int | None) -> str:
    """t CO2 per 10⁴ yuan with four significant digits, from the posted integers."""
    if emission_mg is None or not money_fen:
        return MISSING
    tonnes_exact = Fraction(emission_mg, 10**EMISSION_DECIMALS)
    return significant(tonnes_exact / Fraction(money_fen, 10**YUAN_DECIMALS * WAN))


def percent(share: Number | None, digits: int = 1) -> str:
    """A share (0.084) as per cent without the sign (8.4)."""
    return MISSING if share is None else rounded(Fraction(share) * 100, digits)


def signed(text: str) -> str:
    """A number text with a sign in front: + or a true minus, nothing for zero or missing."""
    if text.startswith("-"):
        return "−" + text[1:]
    return text if text == MISSING or not text.strip("0.,") else f"+{text}"


@dataclass(frozen=True)
class Amount:
    """A number text and the unit it was scaled to."""

    value: str
    unit: str

    def __str__(self) -> str:
        return f"{self.value} {self.unit}"


def big_tonnes(mg: int | None, lang: str, *, zh: str = "吨", en: str = "t") -> Amount:
    """Tonnes in the largest reading unit: 吨, 万吨, 亿吨 or t, kt, Mt."""
    return _big(mg, EMISSION_DECIMALS, lang, zh, en)


def big_tce(gce: int | None, lang: str) -> Amount:
    """Standard coal in the largest reading unit: 吨标煤, 万吨标煤 or tce, ktce, Mtce."""
    return _big(gce, ENERGY_DECIMALS, lang, "吨标煤", "tce")


def _big(count: int | None, scale: int, lang: str, zh: str, en: str) -> Amount:
    steps = (
        [(8, "亿"), (4, "万"), (0, "")] if lang.startswith("zh") else [(6, "M"), (3, "k"), (0, "")]
    )
    unit = zh if lang.startswith("zh") else en
    if count is None:
        return Amount(MISSING, unit)
    power, prefix = next((s for s in steps if abs(count) >= 10 ** (scale + s[0])), steps[-1])
    return Amount(significant(Fraction(count, 10 ** (scale + power))), prefix + unit)


_UNITS = (("m3", "m³", "m³"), ("CO2", "CO₂", "CO₂"), ("10^4 ", "万", "10⁴ "),
          ("yuan", "元", "yuan"), ("万元", "万元", "10⁴ yuan"))  # fmt: skip
"""As the catalogue writes units → on a Chinese and on an English page."""


def unit_name(unit: str, lang: str) -> str:
    """10^4 m3 → 万m³ or 10⁴ m³; yuan → 元; C → °C; other units stay as they are."""
    if unit == "C":
        return "°C"
    for written, zh, en in _UNITS:
        unit = unit.replace(written, zh if lang.startswith("zh") else en)
    return unit


# --- punctuation of the reader's language


def listed(names: Iterable[object]) -> str:
    """烟煤、电力 / Bituminous coal, Electricity."""
    return gettext("、").join(str(name) for name in names)


def clauses(texts: Iterable[object]) -> str:
    """Parts of a sentence, one after the other: 一；二 / one; two."""
    return gettext("；").join(str(text) for text in texts)


def with_note(text: object, note: object) -> str:
    """0.55 tCO₂/MWh（2023） / 0.55 tCO₂/MWh (2023); no brackets where there is no note."""
    return gettext("%(text)s（%(note)s）") % {"text": text, "note": note} if note else str(text)


# --- periods and times

_ZH_NUMBERS = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")


def period_name(text: str | None, lang: str) -> str:
    """2026Q3 → 2026年三季度 / Q3 2026; 2026Q3/r4 → 截至2026年三季度的四个季度."""
    if not text:
        return MISSING
    period = parse(text)
    return _zh_period(period) if lang.startswith("zh") else _en_period(period)


def _zh_period(period: Period) -> str:
    last = month_start(period.end_month - 1)
    first = period.start
    quarter = f"{last.year}年{_ZH_NUMBERS[(last.month + 2) // 3]}季度"
    quarters = (period.end_month - period.first_month) // 3
    count = _ZH_NUMBERS[quarters] if quarters < len(_ZH_NUMBERS) else str(quarters)
    return {
        "month": f"{first.year}年{first.month}月",
        "quarter": quarter,
        "half": f"{first.year}年{'上' if first.month == 1 else '下'}半年",
        "year": f"{first.year}年",
        "rolling": f"截至{quarter}的{count}个季度",
        "span": f"{first.year}年{first.month}月至{last.year}年{last.month}月",
    }[period.kind]


_EN_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")


def _en_period(period: Period) -> str:
    first, last = period.start, month_start(period.end_month - 1)
    quarter = f"Q{(last.month + 2) // 3} {last.year}"
    quarters = (period.end_month - period.first_month) // 3
    count = _EN_NUMBERS[quarters] if quarters < len(_EN_NUMBERS) else str(quarters)
    return {
        "month": f"{first:%B} {first.year}",
        "quarter": quarter,
        "half": f"H{1 if first.month == 1 else 2} {first.year}",
        "year": f"{first.year}",
        "rolling": f"{count} quarters to {quarter}",
        "span": f"{first:%b} {first.year} to {last:%b} {last.year}",
    }[period.kind]


def period_short(text: str | None) -> str:
    """For axes: 26Q3, 26H1, 2026, 26-09; a rolling period is named by its last quarter."""
    if not text:
        return MISSING
    period = parse(text)
    if period.kind in {"quarter", "half", "rolling", "month"}:
        return text.partition("/")[0][2:]
    return text


def known_time(stamp_us: int | None, zone: str) -> str:
    """A stamp (µs since 1970 UTC) as local time to the minute."""
    if stamp_us is None:
        return MISSING
    moment = datetime.fromtimestamp(stamp_us // 1_000_000, UTC)
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
