from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AttentionConfig(AppConfig):
    name = "tanma.apps.attention"
    label = "attention"

    def ready(self) -> None:
        from tanma.apps.attention.handling import WORKFLOW, panel
        from tanma.apps.cases import door as cases
        from tanma.apps.kit.door import Entry, register
        from tanma.apps.people.door import has_office

        register(Entry("apply", 5, "attention:attention", _("关注清单"), may=has_office))
        cases.set_panel(WORKFLOW, panel)
