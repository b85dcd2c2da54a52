from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GatewaysConfig(AppConfig):
    name = "tanma.apps.gateways"
    label = "gateways"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register

        register(Entry("data", 50, "gateways:gateways", _("网关")))
