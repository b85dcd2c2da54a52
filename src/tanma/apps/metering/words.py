"""Words of channels in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

KINDS: dict[str, Any] = {
    "register": _("表底（累计示数）"), "interval": _("区间量"), "gauge": _("瞬时值"),
    "state": _("状态"),
}  # fmt: skip
STATES = {"fresh": _("正常"), "late": _("延迟"), "silent": _("中断"), "none": _("无数据")}
"""How new the newest reading of a channel is."""
TONES = {"fresh": "good", "late": "warn", "silent": "bad", "none": "plain"}
