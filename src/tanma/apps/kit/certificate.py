"""The certificate of a published code as PDF/A.

Figures from which output or value added could be computed are printed only when the caller, who
has checked the right to see them, hands them over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from tanma.apps.kit import words
from tanma.apps.kit.formats import percent, period_name
from tanma.apps.kit.pdf import render_pdf
from tanma.apps.kit.qr import qr_svg
from tanma.apps.kit.shapes import arc

DIGEST_GROUP = 8


@dataclass(frozen=True)
class Figure:
    """One figure for entitled readers: label, number text, unit, and what it says."""

    label: str
    value: str
    unit: str
    note: str = ""


@dataclass(frozen=True)
class Certificate:
    """What the publication froze. Texts come in the language of the certificate.

    `published_on` and `valid_to` are ISO dates, `period` a period text, `level` low, mid, high or
    empty, `neutrality_share` a share between 0 and 1, `evidence` a key of `words.EVIDENCE`.
    """

    name: str
    industry: str
    area: str
    period: str
    grade: int
    level: str
    code: str
    url: str
    scheme_title: str
    edition: str
    valid_to: str
    publication_number: str
    published_on: str
    digest: str
    neutrality_share: float | None = None
    neutrality_word: str = ""
    show_neutrality_rate: bool = False
    issuer: str = ""
    review_status: str = ""
    evidence: str = "unconfirmed"
    known_at: str = ""
    declared: bool = False
    """Energy or money rests on what the enterprise declared itself."""
    figures: Sequence[Figure] = ()
    demo: bool = False


def certificate_pdf(
    certificate: Certificate, lang: str = "zh-hans", fonts: Path | None = None
) -> bytes:
    """The certificate as PDF/A-2a; `lang` is zh-hans or en."""
    with translation.override(lang):
        data = certificate_data(certificate, lang)
    images = {
        "qr": qr_svg(certificate.url, title=certificate.url),
        "ring": neutrality_svg(certificate.neutrality_share),
    }
    published = datetime.fromisoformat(certificate.published_on).replace(tzinfo=UTC)
    return render_pdf("certificate", data, fonts, images=images, moment=published)


def certificate_data(c: Certificate, lang: str) -> dict[str, Any]:
    """What the Typst template reads: every text ready to print."""
    mark = words.EVIDENCE[c.evidence]
    return {
        "lang": "en" if lang == "en" else "zh",
        "demo": _("演示数据") if c.demo else "",
        "demo_note": _("不代表任何真实企业或地区") if c.demo else "",
        "title": _("工业碳效码"),
        "subtitle": _("等级证书"),
        "code_label": _("编号"),
        "code": c.code,
        "name": c.name,
        "meta": " · ".join(t for t in (c.area, c.industry, period_name(c.period, lang)) if t),
        "grade": c.grade,
        "grade_unit": translation.pgettext("grade unit", "级"),
        "rungs": [words.grade_word(g, short=True) for g in words.GRADES],
        "compared": _("与行业平均相比"),
        "direction": _("级数越小，碳效越高"),
        "verdict": words.grade_word(c.grade),
        "pair": words.pair(c.level or None, c.grade),
        "pair_note": _("碳效水平与碳效等级是两个尺度：水平看自身排放强度，等级看与同行相比"),
        "level": words.level_word(c.level or None),
        "level_label": _("碳效水平"),
        "level_steps": {"low": 1, "mid": 2, "high": 3}.get(c.level, 0),
        "pair_label": _("碳效标识"),
        "neutrality_label": _("碳中和标识"),
        "neutrality": c.neutrality_word or _("暂无数据"),
        "neutrality_rate": _rate(c),
        "scan": _("扫码核对最新状态"),
        "facts": _facts(c, mark),
        "figures_title": _("碳效指标"),
        "figures": [asdict(f) for f in c.figures],
        "figures_note": _("以下数据仅限经企业授权或依法有权查看的单位使用。"),
        "issuer_label": _("发布单位") if c.issuer else "",
        "issuer": c.issuer,
        "footer": _(
            "本证书依据所列规则版本和发布时已知的数据生成。证书上的等级以扫码结果为准；"
            "发布后的更正会产生新的发布编号。"
        ),
    }


def _rate(c: Certificate) -> str:
    if not c.show_neutrality_rate or c.neutrality_share is None:
        return ""
    return f"{_('碳中和率')} {percent(c.neutrality_share)}%"


def _facts(c: Certificate, mark: words.Evidence) -> list[list[str]]:
    """Label and text of each line of the proof block; lines without a text are left out."""
    lines = [
        [_("评价方案"), f"{c.scheme_title}"],
        [_("规则版本"), f"{c.edition} · {mark.word}"],
        [_("数据依据"), str(words.EVIDENCE["declared"].word) if c.declared else ""],
        [_("发布编号"), f"{c.publication_number} · {c.published_on}"],
        [_("有效期至"), c.valid_to],
        [_("复核状态"), c.review_status],
        [_("数据截至"), c.known_at],
        [_("数据摘要"), grouped_digest(c.digest)],
    ]
    return [line for line in lines if line[1]]


def grouped_digest(digest: str) -> str:
    """A digest in groups of eight characters, so that it can be compared by eye."""
    algorithm, colon, body = digest.rpartition(":")
    groups = [body[i : i + DIGEST_GROUP] for i in range(0, len(body), DIGEST_GROUP)]
    return f"{algorithm}{colon} {' '.join(groups)}".strip()


def neutrality_svg(share: float | None) -> str:
    """The ring of the neutrality mark for paper, in colours that are not a grade's."""
    path = arc(float(share)) if share else ""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">'
        '<circle cx="20" cy="20" r="16" fill="none" stroke="#dbe3e8" stroke-width="4"/>'
        + (f'<path d="{path}" fill="none" stroke="#0b7f92" stroke-width="4"/>' if path else "")
        + '<path d="M13 26c0-8 5-12 15-12 0 9-5 13-12 12l-2 3-1-1z" fill="#0b7f92"/></svg>'
    )
