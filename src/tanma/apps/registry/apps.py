from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    name = "tanma.apps.registry"
    label = "registry"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people import door as people
        from tanma.apps.registry.areas import placement
        from tanma.apps.registry.groups import consenting

        def office(request: HttpRequest) -> bool:
            return people.viewer(request).office

        people.set_placement(placement)
        people.set_members(consenting)
        register(Entry("monitor", 10, "registry:enterprises", _("企业"), may=office))
        register(Entry("monitor", 20, "registry:areas", _("区域"), may=office))
