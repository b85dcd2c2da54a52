"""The line of the sidebar that leads to the desk."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Entry, register
from tanma.apps.people import door as people


def _official(request: HttpRequest) -> bool:
    return people.viewer(request).may("use_desk")


def register_entries() -> None:
    register(Entry("data", 20, "desk:home", _("登记台"), _official))
