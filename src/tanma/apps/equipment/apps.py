from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EquipmentConfig(AppConfig):
    name = "tanma.apps.equipment"
    label = "equipment"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register

        register(Entry("data", 45, "equipment:list", _("设备台账")))
