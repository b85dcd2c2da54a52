"""What anybody may read of a code: the one list of public fields, and the one query behind them.

Nothing here can be turned into output, value added or energy: grade, level and neutrality mark are
bands, and every other field is a name, a date or a number of the publication itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from tanma.apps.codes.door import GRADED_ON, REASONS, Result, Run, number_text, word
from tanma.apps.kit.door import lang
from tanma.apps.registry.door import Area, AreaClosure, Enterprise, industry_name
from tanma.apps.rules import door as rules
from tanma.domain.messages import Problem
from tanma.domain.periods import month_number, month_start
from tanma.domain.rating import Scheme
from tanma.domain.rating.scheme import Band

VALID_MONTHS = 12
"""A year after its period ends a rolling grade shares no month with the last four quarters, so it
says nothing about them; a newer publication ends it before. Our own choice, no rule was found."""


@dataclass(frozen=True)
class PublicCode:
    """Everything an unauthorised visitor may learn. A field that is not here is not public."""

    code: str
    name_zh: str
    name_en: str
    industry: str
    area_code: str
    area_zh: str
    area_en: str
    status: str
    """graded, uncoded, or none (no publication has looked at this enterprise)"""
    reason: str
    grade: int | None
    level: str
    neutrality: str
    """id of the scheme's neutrality band, never the rate"""
    declared: bool
    scheme: str
    edition: str
    period: str
    published_on: str
    valid_to: str
    """last valid day"""
    number: str
    digest: str
    withdrawn_number: str
    withdrawn_period: str
    notice: str

    @property
    def graded(self) -> bool:
        return self.status == "graded"

    @property
    def name(self) -> str:
        return (lang() == "en" and self.name_en) or self.name_zh

    @property
    def area(self) -> str:
        return (lang() == "en" and self.area_en) or self.area_zh

    @property
    def industry_name(self) -> str:
        return industry_name(self.industry)

    @cached_property
    def rules(self) -> Scheme | None:
        """The scheme edition of the publication, for its words."""
        return rules.scheme(self.scheme, self.edition)

    @property
    def scheme_title(self) -> str:
        return word(self.rules.title) if self.rules else self.scheme

    @property
    def direction(self) -> str:
        """数值越小越好, as the scheme says it."""
        return word(self.rules.direction) if self.rules else ""

    @property
    def evidence(self) -> str:
        mark = self.rules.evidence if self.rules else "unconfirmed"
        return {"confirmed": "read", "recalled": "recalled"}.get(mark, "unconfirmed")

    @property
    def neutrality_word(self) -> str:
        band = neutrality_band(self.rules, self.neutrality)
        return word(band) if band else gettext("暂无数据")

    @property
    def neutrality_share(self) -> float | None:
        """The middle of the band: what the ring may show without telling the rate."""
        return band_middle(self.rules, self.neutrality)

    @property
    def reason_word(self) -> str:
        return str(REASONS.get(self.reason, REASONS["not_evaluated"]))

    @property
    def review(self) -> str:
        if not self.number:
            return gettext("尚无发布")
        return gettext("已初审、复核并发布")

    def expired(self, today: date) -> bool:
        return bool(self.valid_to) and today.isoformat() > self.valid_to


def neutrality_band(scheme: Scheme | None, band_id: str) -> Band | None:
    bands = scheme.neutrality.bands if scheme and scheme.neutrality else ()
    return next((b for b in bands if b.id == band_id), None)


def band_middle(scheme: Scheme | None, band_id: str) -> float | None:
    """Half way between the bounds of a neutrality band; 1 for the last, None if unknown."""
    if scheme is None or scheme.neutrality is None:
        return None
    lower = 0.0
    for band in scheme.neutrality.bands:
        upper = 1.0 if band.upper is None else float(band.upper)
        if band.id == band_id:
            return upper if band.upper is None else (lower + upper) / 2
        lower = upper
    return None


_TABLES = {
    "enterprise": Enterprise._meta.db_table,
    "run": Run._meta.db_table,
    "result": Result._meta.db_table,
    "area": Area._meta.db_table,
    "closure": AreaClosure._meta.db_table,
}
_NEWEST = (
    "SELECT id FROM {run} WHERE state IN ({states}) AND period_kind = '{kind}'"
    " ORDER BY period_end DESC, number DESC LIMIT 1"
)
# Written by hand, because it is the whole cost of a scan: one lookup by the unique code, the rest
# by primary keys and small indexes.
_QUERY = """
    SELECT e.public_code, coalesce(r.name, e.name), e.name_en,
           coalesce(r.industry, e.industry), coalesce(r.area_code, e.area_code),
           a.name_zh, a.name_en, p.name_zh, p.name_en,
           r.status, r.reason, r.grade, r.level, r.neutrality_band, r.data_basis,
           n.scheme, n.edition, n.period, n.period_end, n.published_at, n.number, n.digest,
           w.number, w.period, w.notice, w.state
    FROM {enterprise} e
    LEFT JOIN {run} n ON n.id = ({in_force})
    LEFT JOIN {run} w ON w.id = ({newest})
    LEFT JOIN {result} r ON r.run_id = n.id AND r.subject = e.id
    LEFT JOIN {area} a ON a.code = coalesce(r.area_code, e.area_code)
    LEFT JOIN {closure} c ON c.descendant = a.code AND c.hierarchy = 'statutory'
        AND c.depth = 1 AND c.valid_from <= %s AND c.valid_to > %s
    LEFT JOIN {area} p ON p.code = c.ancestor
    WHERE e.public_code = %s"""


def _sql() -> str:
    newest = {
        name: _NEWEST.format(run=_TABLES["run"], states=states, kind=GRADED_ON)
        for name, states in (
            ("in_force", "'published'"), ("newest", "'published', 'withdrawn'"),
        )
    }  # fmt: skip
    return _QUERY.format(**_TABLES, **newest)


SQL = _sql()


def read(code: str, today: date) -> PublicCode:
    """The public record of a code in its printed form; a Problem when nobody has this code."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, [today, today, code])
        row = cursor.fetchone()
    if row is None:
        raise Problem("code_unknown", text=code)
    return _record(row)


def _record(row: tuple[Any, ...]) -> PublicCode:
    known, (town_zh, town_en, county_zh, county_en), result = row[:5], row[5:9], row[9:15]
    status, reason, grade, level, neutrality, basis = result
    return PublicCode(
        code=known[0], name_zh=known[1], name_en=known[2], industry=known[3],
        area_code=known[4], area_zh=_joined(county_zh, town_zh),
        area_en=_joined(county_en, town_en),
        status=status or "none", reason=reason or ("" if status else "not_evaluated"),
        grade=grade, level=level or "", neutrality=neutrality or "",
        declared=basis == "declared" and status == "graded",
        **_publication(row[15:22], found=bool(status)), **_withdrawn(row[22:]),
    )  # fmt: skip


def _joined(*names: str | None) -> str:
    return " ".join(n for n in names if n)


def _publication(columns: tuple[Any, ...], *, found: bool) -> dict[str, str]:
    """Fields of the publication in force; empty where it does not know the enterprise."""
    names = ("scheme", "edition", "period", "published_on", "valid_to", "number", "digest")
    scheme, edition, period, end, published, number, digest = columns
    if not found:
        return dict.fromkeys(names, "")
    day = _moment(published).astimezone(_zone()).date()
    values = (
        scheme, edition, period, day.isoformat(), last_day(_day(end)).isoformat(),
        number_text(number, day), digest,
    )  # fmt: skip
    return dict(zip(names, values, strict=True))


def last_day(period_end: date) -> date:
    """The last day on which a grade of a period counts."""
    return month_start(month_number(period_end) + VALID_MONTHS) - timedelta(days=1)


def _withdrawn(columns: tuple[Any, ...]) -> dict[str, str]:
    number, period, notice, state = columns
    if state != "withdrawn":
        return {"withdrawn_number": "", "withdrawn_period": "", "notice": ""}
    return {"withdrawn_number": str(number), "withdrawn_period": period, "notice": notice}


def _moment(value: Any) -> datetime:
    """SQLite hands times back as text in UTC, PostgreSQL as times."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _zone() -> Any:
    from django.utils import timezone

    return timezone.get_default_timezone()


def address_of(request: HttpRequest, code: str) -> str:
    """The short address that the QR code carries."""
    path = reverse("codepages:code", args=[code])
    base = settings.TANMA.public_url.rstrip("/")
    return base + path if base else request.build_absolute_uri(path)


def etag(record: PublicCode, *more: str) -> str:
    """A strong tag over everything the answer depends on."""
    body = msgspec.json.encode([record, *more])
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def answer(record: PublicCode, today: date, *, demo: bool) -> dict[str, Any]:
    """The public record as JSON: what a scanner program receives."""
    return {
        "code": record.code,
        "name": record.name,
        "industry": {"code": record.industry, "name": record.industry_name},
        "area": {"code": record.area_code, "name": record.area},
        "status": record.status,
        "reason": record.reason or None,
        "period": record.period or None,
        "grade": record.grade,
        "level": record.level or None,
        "neutrality_mark": record.neutrality or None,
        "direction": record.direction,
        "data_basis": "declared" if record.declared else None,
        "scheme": {
            "id": record.scheme,
            "edition": record.edition,
            "title": record.scheme_title,
            "evidence": record.rules.evidence if record.rules else "unconfirmed",
        },
        "publication": {
            "number": record.number or None,
            "published_on": record.published_on or None,
            "valid_to": record.valid_to or None,
            "expired": record.expired(today),
            "digest": record.digest or None,
            "review": record.review,
        },
        "withdrawn": {
            "period": record.withdrawn_period, "notice": record.notice,
        } if record.withdrawn_number else None,
        "demo": gettext("演示数据") if demo else None,
    }  # fmt: skip
