from __future__ import annotations

from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


def office(request: HttpRequest) -> bool:
    """Whether a visitor holds an office role."""
    from tanma.apps.people.door import viewer

    return viewer(request).office


class CockpitConfig(AppConfig):
    name = "tanma.apps.cockpit"
    label = "cockpit"

    def ready(self) -> None:
        from tanma.apps.cases import door as cases
        from tanma.apps.cockpit.handling import WORKFLOW, panel
        from tanma.apps.kit.door import Entry, register

        entries = (
            ("monitor", 1, "wall", _("驾驶舱")),
            ("monitor", 90, "kiosks", _("大屏地址")),
            ("benchmark", 5, "rankings", _("排行")),
            ("neutral", 5, "neutrality", _("碳中和")),
            ("apply", 5, "attention", _("关注清单")),
        )
        for section, order, name, label in entries:
            register(Entry(section, order, f"cockpit:{name}", label, may=office))
        cases.set_panel(WORKFLOW, panel)
