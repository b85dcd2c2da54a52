from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrendsConfig(AppConfig):
    name = "tanma.apps.trends"
    label = "trends"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register

        register(Entry("benchmark", 3, "trends:home", _("趋势与对比")))
