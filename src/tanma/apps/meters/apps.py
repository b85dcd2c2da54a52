from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MetersConfig(AppConfig):
    name = "tanma.apps.meters"
    label = "meters"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register

        register(Entry("data", 40, "meters:meters", _("表计")))
