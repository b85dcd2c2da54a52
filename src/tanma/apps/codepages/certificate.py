"""The certificate of a published code: from the public record, with figures for the entitled."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.utils import translation

from tanma.apps.codepages.public import PublicCode
from tanma.apps.kit.door import Certificate, Figure, certificate_pdf


def pdf(record: PublicCode, address: str, shown: Sequence[Figure] = ()) -> bytes:
    """PDF/A in the language of the page. `shown` comes from whoever has checked the right to it."""
    lang = "en" if translation.get_language() == "en" else "zh-hans"
    return certificate_pdf(of(record, address, shown), lang)


def of(record: PublicCode, address: str, shown: Sequence[Figure] = ()) -> Certificate:
    site, english = settings.TANMA, translation.get_language() == "en"
    return Certificate(
        name=record.name, industry=record.industry_name, area=record.area, period=record.period,
        grade=record.grade or 0, level=record.level, code=record.code, url=address,
        scheme_title=record.scheme_title, edition=record.edition, valid_to=record.valid_to,
        publication_number=record.number, published_on=record.published_on, digest=record.digest,
        neutrality_share=record.neutrality_share, neutrality_word=record.neutrality_word,
        issuer=(english and site.issuer_en) or site.issuer_zh, review_status=record.review,
        evidence=record.evidence, declared=record.declared, figures=shown, demo=site.demo,
    )  # fmt: skip
