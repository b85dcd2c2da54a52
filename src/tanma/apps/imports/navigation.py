"""The line of the sidebar that leads to the files."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tanma.apps.imports import scope
from tanma.apps.kit.door import Entry, register
from tanma.apps.people import door as people


def _importer(request: HttpRequest) -> bool:
    return scope.may_import(people.viewer(request))


def register_entries() -> None:
    register(Entry("data", 10, "imports:home", _("数据导入"), _importer))
