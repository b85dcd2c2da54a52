from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class CodesConfig(AppConfig):
    name = "tanma.apps.codes"
    label = "codes"

    def ready(self) -> None:
        from tanma.apps.codes.publication import of_subject
        from tanma.apps.inventories.door import set_publications
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people.door import viewer

        set_publications(of_subject)

        def office(request: HttpRequest) -> bool:
            return viewer(request).office

        register(Entry("benchmark", 10, "codes:runs", _("评价与发布"), may=office))
