"""Lines of the sidebar that lead to the catalogue and what hangs on it."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Entry, register
from tanma.apps.people import door as people


def _official(request: HttpRequest) -> bool:
    return people.viewer(request).may("use_desk")


def _declares(request: HttpRequest) -> bool:
    viewer = people.viewer(request)
    return viewer.may("declare") and bool(viewer.own_subjects)


def _reads_ledger(request: HttpRequest) -> bool:
    return _declares(request) or _official(request)


def register_entries() -> None:
    entries = (
        (30, "home", _("数据目录"), _official), (40, "missing", _("催报"), _official),
        (50, "mismatch", _("税电数据"), _official), (60, "declare", _("五分钟申报"), _declares),
        (70, "ledgers", _("购买台账"), _reads_ledger),
    )  # fmt: skip
    for order, name, label, may in entries:
        register(Entry("data", order, f"catalogue:{name}", label, may))
