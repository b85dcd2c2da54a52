"""The sidebar of the back office: each room registers its own entries in `AppConfig.ready`.

Kit lies below all rooms, so it cannot list their pages; they tell it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SECTIONS: dict[str, str | Promise] = {
    "monitor": _("碳监测"),
    "benchmark": _("碳对标"),
    "neutral": _("碳中和"),
    "apply": _("碳应用"),
    "data": _("数据"),
    "rules": _("规则"),
    "office": _("管理"),
}


def signed_in(request: HttpRequest) -> bool:
    return bool(getattr(request, "user", None) and request.user.is_authenticated)


@dataclass(frozen=True, order=True)
class Entry:
    """One line of the sidebar; `may` decides whether this visitor sees it.

    `count` says how many things wait there for this visitor: a number beside the line.
    """

    section: str
    order: int
    url_name: str
    label: str | Promise = field(compare=False)
    may: Callable[[HttpRequest], bool] = field(default=signed_in, compare=False)
    count: Callable[[HttpRequest], int] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Link:
    label: str | Promise
    href: str
    current: bool
    waiting: int = 0


@dataclass(frozen=True)
class Section:
    label: str | Promise
    links: list[Link]


_entries: dict[str, Entry] = {}


def register(entry: Entry) -> None:
    """Add a line; registering the same address again replaces it, so reloads are harmless."""
    if entry.section not in SECTIONS:
        raise ValueError(f"section {entry.section!r} is none of {', '.join(SECTIONS)}")
    _entries[entry.url_name] = entry


def _here(entries: list[Entry], path: str) -> str:
    """Address of the entry a page belongs to: of those it lies below, the most exact one."""
    hrefs = [reverse(e.url_name) for e in entries]
    above = [h for h in hrefs if path == h or (h != "/" and path.startswith(h))]
    return max(above, key=len, default="")


def visible_to(request: HttpRequest) -> list[Section]:
    """The sections with at least one line this visitor may open, in their fixed order."""
    shown = [e for e in sorted(_entries.values()) if e.may(request)]
    here = _here(shown, request.path)
    groups: dict[str, list[Link]] = {s: [] for s in SECTIONS}
    for entry in shown:
        href = reverse(entry.url_name)
        waiting = entry.count(request) if entry.count else 0
        groups[entry.section].append(Link(entry.label, href, href == here, waiting))
    return [Section(SECTIONS[s], links) for s, links in groups.items() if links]
