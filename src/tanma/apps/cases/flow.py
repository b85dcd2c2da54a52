"""The life of a case: opened once per key, moved by whoever its workflow allows, remarked upon."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tanma.apps.cases.models import Case, Step
from tanma.apps.cases.workflows import SYSTEM as BY_ITSELF
from tanma.apps.cases.workflows import Move, workflows
from tanma.apps.people.door import SYSTEM, User, Viewer
from tanma.domain.messages import Problem

MOST_NOTE = 2000


@dataclass(frozen=True)
class Said:
    """A message of the catalogue with its parameters, which may be {zh, en}."""

    code: str
    params: dict[str, Any]


def may_open(workflow: str, subjects: Collection[int], viewer: Viewer) -> set[int]:
    """The enterprises, of some, about which this viewer may open a case."""
    return _acting(workflows()[workflow].opened_by, subjects, viewer)


def open_case(
    workflow: str, subject: int, key: str, said: Said, viewer: Viewer = SYSTEM, note: str = ""
) -> tuple[Case, bool]:
    """The open case of a key and whether it is new; there is never a second one beside it."""
    rules = workflows()[workflow]
    if not may_open(workflow, {subject}, viewer):
        raise Problem("case_open_refused", workflow=workflow)
    with transaction.atomic():
        case, new = Case.objects.get_or_create(
            workflow=workflow, key=key, closed_at=None,
            defaults={
                "edition": rules.edition, "state": rules.initial, "subject": subject,
                "code": said.code, "params": said.params, "due_at": _due(workflow, rules.initial),
            },
        )  # fmt: skip
        if new:
            _record(case, viewer, "", "", note.strip()[:MOST_NOTE], None)
    return case, new


def _due(workflow: str, state: str) -> Any:
    days = workflows()[workflow].state[state].due_days
    return None if days is None else timezone.now() + timedelta(days=days)


def may_take(case: Case, move: Move, viewer: Viewer) -> bool:
    """Whether this viewer may take a move of a case now."""
    if case.state not in move.from_:
        return False
    return bool(_acting(move.roles, {case.subject}, viewer))


def _acting(roles: Collection[str], subjects: Collection[int], viewer: Viewer) -> set[int]:
    if viewer == SYSTEM:
        return set(subjects) if BY_ITSELF in roles else set()
    return viewer.acting(roles, subjects)


def moves(case: Case, viewer: Viewer) -> list[Move]:
    """What this viewer may do with a case now."""
    return [m for m in case.rules.move if may_take(case, m, viewer)]


def take(case: Case, name: str, viewer: Viewer, note: str = "", said: Said | None = None) -> Case:
    """Move a case and keep who did it, when and why."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case.pk)
        move = case.rules.named(name)
        if move is None or not may_take(case, move, viewer):
            raise Problem("case_move_refused", move=name, state=case.state, case=case.uid)
        note = note.strip()[:MOST_NOTE]
        if move.note and not note and said is None:
            raise Problem("case_note_missing", move=name, case=case.uid)
        if move.to == case.rules.initial:
            _only_open(case)
        before, case.state = case.state, move.to
        case.due_at = _due(case.workflow, move.to)
        case.told_at = case.late_told_at = None
        case.closed_at = timezone.now() if case.rules.state[move.to].final else None
        case.save()
        _record(case, viewer, name, before, note, said)
    return case


def _only_open(case: Case) -> None:
    """A closed case comes back only while no newer one of its key is open."""
    same = Case.objects.filter(workflow=case.workflow, key=case.key, closed_at=None)
    if other := same.exclude(pk=case.pk).first():
        raise Problem("case_open_already", case=case.uid, other=other.uid)


def remark(case: Case, said: Said, *, title: Said | None = None) -> None:
    """Note what the system found; the state stays. `title`: what the case is called from now on."""
    if title is not None:
        rename(case, title)
    _record(case, SYSTEM, "", case.state, "", said)


def rename(case: Case, title: Said) -> None:
    """What a case is called from now on; no step of its history."""
    case.code, case.params = title.code, title.params
    case.save(update_fields=["code", "params", "changed_at"])


def _record(
    case: Case, viewer: Viewer, move: str, before: str, note: str, said: Said | None
) -> None:
    user = User.objects.filter(pk=viewer.user_id).first() if viewer.user_id else None
    Step.objects.create(
        case=case, move=move, before=before, after=case.state, user=user, by=viewer.name,
        note=note, code=said.code if said else "", params=said.params if said else {},
    )  # fmt: skip


Panel = Callable[[Case, Viewer], tuple[str, dict[str, Any]]]
"""(template, context) of what a case is about, by the room that opens such cases."""
_panels: dict[str, Panel] = {}


def set_panel(workflow: str, panel: Panel) -> None:
    """What stands beside the history on the page of a case; told by the room above."""
    _panels[workflow] = panel


def panel_of(case: Case, viewer: Viewer) -> tuple[str, dict[str, Any]]:
    found = _panels.get(case.workflow)
    return found(case, viewer) if found else ("", {})
