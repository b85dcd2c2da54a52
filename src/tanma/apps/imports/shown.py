"""Words and cells that pages of files, of the desk and of the catalogue share."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from tanma.apps.imports.models import Batch
from tanma.apps.kit.door import Column, badge_html, lang
from tanma.apps.people import door as people
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem
from tanma.intake import tables

TONES = {"done": "good", "failed": "bad", "withdrawn": "warn", "checked": "plain"}
STATES = {
    "waiting": _("等待导入"), "running": _("正在导入"), "checked": _("仅检查，未导入"),
    "done": _("已导入"), "failed": _("未能导入"), "withdrawn": _("已撤回"),
}  # fmt: skip

NOTHING = _("没有采纳任何行")
"""Instead of 已导入 where no row went in: there is nothing to take back either."""


def titled(name: str) -> str:
    """The title of a package in the page's language; a mapping keeps its own name."""
    package = tables.packages().get(name)
    return (package.title_en if lang() == "en" else package.title_zh) if package else name


def state_word(batch: Batch) -> str:
    return str(NOTHING if batch.took_nothing else STATES[batch.state])


def state_html(batch: Batch) -> str:
    tone = "warn" if batch.took_nothing else TONES.get(batch.state, "brand")
    return str(badge_html(state_word(batch), tone))


def number(key: str, label: Any) -> Column:
    def value(row: Any) -> Any:
        return getattr(row, key)

    return Column(key, label, value, lambda r: f"{value(r):,}", kind="number", sort=True)


def when(batch: Batch) -> str:
    from django.utils.timezone import localtime

    return localtime(batch.created_at).strftime("%Y-%m-%d %H:%M")


def official(request: HttpRequest) -> people.Viewer:
    """The viewer, who must be allowed to look at the desk and the catalogue."""
    viewer = people.viewer(request)
    viewer.require("use_desk")
    return viewer


def find_batch(viewer: people.Viewer, uid: str) -> Batch:
    """The batch of this number, if the viewer may see it."""
    try:
        key = id_from_text(uid)
    except Problem:
        raise Http404 from None
    return get_object_or_404(people.visible(viewer, Batch.objects.all()), pk=key)
