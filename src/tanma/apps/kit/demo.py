"""How far the demo has come with importing its region: a file that the import keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import get_language


@dataclass(frozen=True)
class Loading:
    """Steps done of all, and the present one in the page's language."""

    done: int
    total: int
    now: str


def loading() -> Loading | None:
    """What is still being imported; None outside the demo and once all is in."""
    path = settings.TANMA.home / "demo" / "progress.json"
    if not settings.TANMA.demo or not path.exists():
        return None
    state = json.loads(path.read_text(encoding="utf-8"))
    now = state["now_en"] if get_language() == "en" else state["now_zh"]
    return Loading(len(state["done"]), state["total"], now) if now else None
