from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LotsConfig(AppConfig):
    name = "tanma.apps.lots"
    label = "lots"

    def ready(self) -> None:
        from tanma.apps.imports.door import set_follower, set_judge
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.lots import judging, projection

        set_judge("batch", judging.judge)
        set_follower("lots", projection.project)
        register(Entry("monitor", 18, "lots:lots", _("生产批次")))
