"""What every page knows without asking: demo, version, language, navigation."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from tanma.apps.kit import nav
from tanma.apps.kit.demo import loading

HTML_LANG = {"zh-hans": "zh-Hans", "en": "en"}


def software_version() -> str:
    """The version of the installed package; "0" when run from a tree that was never installed."""
    try:
        return version("tanma")
    except PackageNotFoundError:
        return "0"


def issuer() -> str:
    """The publishing office in the page's language; empty until the operator enters it."""
    config = settings.TANMA
    return config.issuer_en or config.issuer_zh if get_language() == "en" else config.issuer_zh


def other_language() -> tuple[str, str]:
    """Code and own name of the language that the switch offers."""
    current = get_language()
    return next((code, name) for code, name in settings.LANGUAGES if code != current)


def site(request: HttpRequest) -> dict[str, Any]:
    code, name = other_language()
    return {
        "demo": settings.TANMA.demo,
        "demo_loading": loading(),
        "software_version": software_version(),
        "issuer": issuer(),
        "html_lang": HTML_LANG.get(get_language() or "", "zh-Hans"),
        "other_language": {"code": code, "name": name, "html": HTML_LANG[code]},
        "navigation": nav.visible_to(request),
    }
