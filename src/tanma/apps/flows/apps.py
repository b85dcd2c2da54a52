from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FlowsConfig(AppConfig):
    name = "tanma.apps.flows"
    label = "flows"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register

        register(Entry("monitor", 16, "flows:home", _("能量流")))
