from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AreasConfig(AppConfig):
    name = "tanma.apps.areas"
    label = "areas"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people.door import has_office

        register(Entry("benchmark", 5, "areas:rankings", _("排行"), may=has_office))
        register(Entry("neutral", 5, "areas:neutrality", _("碳中和"), may=has_office))
