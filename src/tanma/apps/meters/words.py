"""Words of meters and events in the reader's language, and choices of forms."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import lang
from tanma.apps.registry import door as registry
from tanma.apps.rules import door as rules
from tanma.domain import quality
from tanma.domain.items import METERED_GROUPS, items, metered
from tanma.intake import units

EVENTS: dict[str, Any] = {"exchange": _("换表"), "rollover": _("翻转"), "reset": _("清零")}
INTERVALS: dict[str, Any] = {
    "": _("不定时"), "1": _("1 秒"), "60": _("1 分钟"), "300": _("5 分钟"), "900": _("15 分钟"),
    "1800": _("30 分钟"), "3600": _("1 小时"), "86400": _("1 天"),
}  # fmt: skip
COUNTS: dict[str, Any] = {"": _("组成它的表计"), "yes": _("虚拟表")}
"""What sums count of a virtual meter and its parts."""
ATTRIBUTES: dict[str, Any] = {
    "id.meter": _("表计编号"),
    "meter.enterprise": _("所属企业"), "meter.site": _("场所"), "meter.parent": _("上级表计"),
    "meter.location": _("安装位置"), "meter.class": _("准确度等级"), "meter.account": _("户号"),
    "meter.calibration_due": _("检定到期日"), "meter.source": _("数据来源"),
    "meter.formula": _("虚拟表公式"), "meter.counts": _("计入合计"),
    "channel.interval_s": _("采集间隔（秒）"),
    "channel.multiplier": _("倍率"), "channel.digits": _("表底位数"),
    "channel.rated": _("额定每小时量"), "channel.zone": _("时区"),
}  # fmt: skip


def quantities() -> list[tuple[Any, Any]]:
    """What a meter can count, by group: choices of a form."""
    by_group: dict[str, list[tuple[str, str]]] = {g: [] for g in METERED_GROUPS}
    for item in metered():
        by_group[item.group].append((item.item, registry.item_name(item.item)))
    return [(rules.GROUPS[g], choices) for g, choices in by_group.items() if choices]


def unit_of(item: str) -> str:
    """The unit in which readings of an item are usually kept: m3 where accounts use 10^4 m3."""
    unit = items()[item].unit if item in items() else ""
    return {"10^4 m3": "m3"}.get(unit, unit)


def units_of(item: str) -> list[str]:
    """Units in which a channel of an item may count."""
    known = units.units().get(unit_of(item))
    if known is None:
        return [unit_of(item)]
    return [u.unit for u in units.units().values() if u.dimension == known.dimension]


def carrier_key(item: str) -> str:
    """The carrier by whose defaults a channel is checked."""
    return items()[item].carrier if item in items() else ""


def carrier_of(item: str) -> str:
    """The energy or medium of an item: 电力, 天然气 …"""
    found = items().get(item)
    group = found.group if found else ""
    return str(rules.GROUPS.get(group, "")) if group != "fuel" else registry.item_name(item)


def attribute_name(item: str) -> str:
    if item.startswith("channel.event."):
        return gettext("表计事件")
    if item.startswith("channel.flag."):
        return gettext("质量参数") + " " + _parameter_name(item.removeprefix("channel.flag."))
    return str(ATTRIBUTES.get(item) or registry.item_name(item))


def _parameter_name(parameter: str) -> str:
    """What a parameter of the checks is called."""
    methods = {quality.METHOD: _("替代方法"), quality.REPLACED: _("替代所针对的标志")}
    named = {p.parameter: (p.name_zh, p.name_en) for p in quality.parameters()}
    english = lang() == "en"
    return str(methods.get(parameter) or named.get(parameter, (parameter,) * 2)[english])
