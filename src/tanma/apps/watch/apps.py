from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WatchConfig(AppConfig):
    name = "tanma.apps.watch"
    label = "watch"

    def ready(self) -> None:
        from tanma.apps.cases import door as cases
        from tanma.apps.imports.door import set_judge
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.watch import judging
        from tanma.apps.watch.panel import panel

        register(Entry("monitor", 15, "watch:home", _("重点设备")))
        register(Entry("monitor", 16, "watch:alarms", _("未关闭报警")))
        set_judge(judging.SCHEME, judging.judge)
        cases.set_panel("alarm", panel)
