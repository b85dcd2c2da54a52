from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PublicationsConfig(AppConfig):
    name = "tanma.apps.publications"
    label = "publications"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people.door import has_office

        register(Entry("benchmark", 10, "publications:runs", _("评价与发布"), may=has_office))
