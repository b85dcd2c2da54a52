from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class LiveConfig(AppConfig):
    name = "tanma.apps.live"
    label = "live"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people import door as people

        def operator(request: HttpRequest) -> bool:
            return people.viewer(request).may("see_lake")

        register(Entry("monitor", 12, "live:region", _("区域实时"), may=people.has_office))
        register(Entry("monitor", 14, "live:enterprises", _("实时用能")))
        register(Entry("office", 30, "live:lake", _("数据湖状态"), may=operator))
