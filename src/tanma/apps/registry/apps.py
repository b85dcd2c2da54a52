from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    name = "tanma.apps.registry"
    label = "registry"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people import door as people
        from tanma.apps.registry.areas import placement
        from tanma.apps.registry.groups import consenting

        people.set_placement(placement)
        people.set_members(consenting)
        register(Entry("monitor", 10, "registry:enterprises", _("企业"), may=people.has_office))
        register(Entry("monitor", 20, "registry:areas", _("区域"), may=people.has_office))
