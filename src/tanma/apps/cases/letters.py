"""Letters about cases: to whomever the present state calls, and once more when it is overdue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from tanma.apps.cases.models import Case
from tanma.apps.cases.workflows import State, workflows
from tanma.apps.people.door import User, Viewer, holders, write

LISTED = 20


def send() -> int:
    """One letter a person about the cases that newly call for that person; how many letters.

    What reaches nobody now is tried again next time.
    """
    if not settings.TANMA.mail_url:
        return 0
    sent = _tell(Case.objects.filter(told_at=None), "told_at", lambda s: s.calls)
    late = Case.objects.filter(due_at__lt=timezone.now(), closed_at=None, late_told_at=None)
    return sent + _tell(late, "late_told_at", lambda s: s.late_calls)


Roles = Callable[[State], list[str]]


def calling(roles_of: Roles, held: Collection[str] | None = None) -> Q:
    """Cases in a state that calls anybody, or one of the roles held."""
    rule = Q(pk__in=[])
    for name, state, called in _states(roles_of):
        if held is None or set(called) & set(held):
            rule |= Q(workflow=name, state=state)
    return rule


def _states(roles_of: Roles) -> Iterable[tuple[str, str, list[str]]]:
    for name, rules in workflows().items():
        for state, about in rules.state.items():
            if called := roles_of(about):
                yield name, state, called


def waiting_for(viewer: Viewer) -> Q:
    """Cases that are this viewer's turn: the state calls a role held, or is late for it."""
    held = {g.role for g in viewer.grants}
    late = calling(lambda s: s.late_calls, held) & Q(due_at__lt=timezone.now())
    return Q(closed_at=None) & (calling(lambda s: s.calls, held) | late)


def _tell(rows: QuerySet[Case], field: str, roles_of: Roles) -> int:
    found = list(rows.filter(calling(roles_of)).order_by("opened_at"))
    lists: dict[User, list[Case]] = {}
    for name, state, called in _states(roles_of):
        own = [c for c in found if (c.workflow, c.state) == (name, state)]
        people = holders(called, {c.subject for c in own}) if own else {}
        for case in own:
            for user in people.get(case.subject, []):
                lists.setdefault(user, []).append(case)
    sent = 0
    for user, own in lists.items():
        if write(user, lambda own=own: _letter(own, field)):  # type: ignore[misc]
            sent += 1
            Case.objects.filter(pk__in=[c.pk for c in own]).update(**{field: timezone.now()})
    return sent


def _letter(own: list[Case], field: str) -> tuple[str, str]:
    n = len(own)
    if field == "late_told_at":
        title = ngettext("碳码：%s 件事项已逾期", "碳码：%s 件事项已逾期", n)
    else:
        title = ngettext("碳码：%s 件事项有新进展", "碳码：%s 件事项有新进展", n)
    lines = [_line(case) for case in own[:LISTED]]
    address = settings.TANMA.public_url.rstrip("/") + reverse("cases:home")
    return title % n, "\n".join([*lines, "", gettext("查看与办理：%s") % address])


def _line(case: Case) -> str:
    """What it is, its state, and until when it is due."""
    due = case.due_at and gettext("（办理期限 %s）") % f"{timezone.localtime(case.due_at):%Y-%m-%d}"
    return f"{case} · {case.state_word}{due or ''}"
