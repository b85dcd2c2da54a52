"""How a case stands on pages: its address, its deadline."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext

from tanma.apps.cases.models import Case
from tanma.apps.kit.door import MISSING, badge_html


def address(case: Case) -> str:
    return reverse("cases:case", args=[case.uid])


def due_html(case: Case) -> str:
    """The deadline; one that passed is marked in words."""
    if case.due_at is None:
        return MISSING
    text = f"{timezone.localtime(case.due_at):%Y-%m-%d}"
    if case.overdue:
        return badge_html(f"{text} {gettext('已逾期')}", "bad")
    return format_html('<span class="nowrap">{}</span>', text)
