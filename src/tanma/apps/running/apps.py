from __future__ import annotations

from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class RunningConfig(AppConfig):
    name = "tanma.apps.running"
    label = "running"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people.door import viewer

        def enterprise(request: HttpRequest) -> bool:
            who = viewer(request)
            return bool(who.own_subjects) and not who.office

        register(Entry("monitor", 15, "running:energy_home", _("能源总览")))
        register(Entry("monitor", 16, "running:home", _("监测估算账户")))
        register(Entry("monitor", 17, "running:power_home", _("源网荷储"), may=enterprise))
