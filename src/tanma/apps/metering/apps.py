from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MeteringConfig(AppConfig):
    name = "tanma.apps.metering"
    label = "metering"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register

        register(Entry("data", 40, "metering:meters", _("表计")))
        register(Entry("data", 50, "metering:gateways", _("网关")))
