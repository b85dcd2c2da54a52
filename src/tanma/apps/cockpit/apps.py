from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CockpitConfig(AppConfig):
    name = "tanma.apps.cockpit"
    label = "cockpit"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people.door import has_office

        register(Entry("monitor", 1, "cockpit:wall", _("驾驶舱"), may=has_office))
        register(Entry("monitor", 90, "cockpit:kiosks", _("大屏地址"), may=has_office))
