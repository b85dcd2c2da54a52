from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "tanma.apps.cases"
    label = "cases"

    def ready(self) -> None:
        from tanma.apps.cases import views
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people import door as people

        def concerned(request: HttpRequest) -> bool:
            return bool(people.viewer(request).grants)

        register(Entry("monitor", 16, "cases:home", _("预警与办理"), concerned, views.waiting))
