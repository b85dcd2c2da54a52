from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class RulesConfig(AppConfig):
    name = "tanma.apps.rules"
    label = "rules"

    def ready(self) -> None:
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people.door import viewer

        def office(request: HttpRequest) -> bool:
            return viewer(request).may("use_desk")

        def everyone(request: HttpRequest) -> bool:
            return True

        pages = [
            ("rules:schemes", _("评级方案")),
            ("rules:editions", _("核算方法")),
            ("rules:factors", _("因子与参考表")),
            ("rules:items", _("数据项目录")),
        ]
        for order, (name, label) in enumerate(pages, start=1):
            register(Entry("rules", order * 10, name, label, may=everyone))
        register(Entry("rules", 50, "rules:packs", _("规则起草与发布"), may=office))
