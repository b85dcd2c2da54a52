"""The lines of the sidebar that lead to pages of this room, and the four modules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Entry, register
from tanma.apps.people import door as people
from tanma.apps.registry.door import link_if_there

Text = str | Promise


def register_entries() -> None:
    register(Entry("monitor", 0, "portal:home", _("首页")))
    register(Entry("office", 80, "portal:users", _("用户"), may=may_manage_users))
    register(Entry("office", 90, "portal:account", _("我的账号")))


def may_manage_users(request: HttpRequest) -> bool:
    return people.viewer(request).may("manage_users")


@dataclass(frozen=True)
class Module:
    """One of the four modules: what it is for, and the pages that stand behind it."""

    label: Text
    about: Text
    links: tuple[tuple[Text, str], ...]


PAGES: dict[str, tuple[Text, Text, tuple[tuple[Text, str], ...]]] = {
    "monitor": (
        _("碳监测"), _("企业、区域、数据到达与缺报"),
        ((_("驾驶舱"), "cockpit:wall"), (_("企业"), "registry:enterprises"),
         (_("区域"), "registry:areas"), (_("数据导入"), "imports:home")),
    ),
    "benchmark": (
        _("碳对标"), _("评价批次、等级与行业对比"),
        ((_("评价批次"), "publications:runs"), (_("排名"), "areas:rankings"),
         (_("趋势与对比"), "trends:home"),
         (_("评级方案"), "rules:schemes")),
    ),
    "neutral": (
        _("碳中和"), _("核算口径、抵扣与因子"),
        ((_("碳中和"), "areas:neutrality"), (_("核算方法"), "rules:editions"),
         (_("因子与参考表"), "rules:factors")),
    ),
    "apply": (
        _("碳应用"), _("扫码查询与对外接口"),
        ((_("扫码查询"), "portal:public"), (_("接口说明"), "api_docs"),
         (_("接口密钥"), "portal:account")),
    ),
}  # fmt: skip
FOR_ENTERPRISES = {
    "monitor": (
        _("碳监测"), _("用能、设备与数据上报"),
        ((_("实时用能"), "live:enterprises"), (_("能源总览"), "running:energy_home"),
         (_("数据导入"), "imports:home")),
    ),
    "benchmark": (
        _("碳对标"), _("等级、趋势与行业对比"),
        ((_("趋势与对比"), "trends:home"), (_("评级方案"), "rules:schemes")),
    ),
}  # fmt: skip
"""What differs for who is no official."""
OFFICE_ROOMS = ("registry:", "cockpit:", "areas:", "publications:runs")


def modules(viewer: people.Viewer) -> list[Module]:
    """The modules with the pages this viewer may open and that exist; empty ones are left out."""
    shown = PAGES if viewer.office else PAGES | FOR_ENTERPRISES
    found = [
        Module(label, about, tuple(_open(pages, viewer))) for label, about, pages in shown.values()
    ]
    return [m for m in found if m.links]


def _open(pages: Iterable[tuple[Text, str]], viewer: people.Viewer) -> Iterable[tuple[Text, str]]:
    for label, name in pages:
        href = link_if_there(name)
        if href and _may_open(name, viewer):
            yield label, href


def _may_open(name: str, viewer: people.Viewer) -> bool:
    if name == "imports:home":
        return viewer.may("import") or viewer.may("declare")
    return viewer.office or not name.startswith(OFFICE_ROOMS)
