"""The way of a run: computed → 初审 → 复核 with preview → 发布; back or withdrawn with notice.

Review, check and publication are done by three different persons. A published run is immutable; a
later correction is a new run that supersedes it, or a withdrawal; the old one stays readable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from tanma.apps.codes.models import Numbering, Run, State, Step
from tanma.apps.facts import door as facts
from tanma.apps.people.door import User, Viewer
from tanma.domain.messages import Problem
from tanma.lake.results import read as read_run


@dataclass(frozen=True)
class Move:
    """One allowed step: from which states, to which, and who may take it."""

    sources: frozenset[str]
    target: str
    permission: str


MOVES = {
    "review": Move(frozenset({State.COMPUTED}), State.REVIEWED, "review_run"),
    "check": Move(frozenset({State.REVIEWED}), State.CHECKED, "check_run"),
    "publish": Move(frozenset({State.CHECKED}), State.PUBLISHED, "publish_run"),
    "reject": Move(
        frozenset({State.COMPUTED, State.REVIEWED, State.CHECKED}), State.REJECTED, "review_run"
    ),
    "withdraw": Move(frozenset({State.PUBLISHED}), State.WITHDRAWN, "publish_run"),
}
DISTINCT = ("review", "check", "publish")


def take(
    run_id: int, action: str, viewer: Viewer, note: str = "", preview_days: int | None = None
) -> Run:
    """Take one step. Refused: wrong state, missing role, same person twice, open preview.

    `preview_days`: how long enterprises may object after the check; the site's setting if None.
    """
    move = MOVES[action]
    viewer.require(move.permission)
    seals = _seals(run_id) if action == "publish" else {}
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run_id)
        if run.state not in move.sources:
            raise Problem("run_wrong_state", state=run.get_state_display(), action=action)
        _refuse_same_person(run, action, viewer)
        if action in {"reject", "withdraw"} and not note.strip():
            raise Problem("run_note_missing", action=action)
        if action == "check":
            days = settings.TANMA.objection_days if preview_days is None else preview_days
            run.preview_until = timezone.now() + timedelta(days=days)
        elif action == "publish":
            _number(run)
            run.summary = run.summary | {"seals": seals}
        elif action == "withdraw":
            run.notice = note
        run.state = move.target
        run.save()
        record(run, action, viewer, note)
    return run


def _seals(run_id: int) -> dict[str, str]:
    """Digests of the lines, made at publication and before any lock: millions of rows take time.

    Files that changed since the run was computed are refused by name.
    """
    run = Run.objects.get(pk=run_id)
    if run.state != State.CHECKED:
        return {}
    files = read_run(settings.TANMA.lake, run.uid)
    files.verify()
    return {"lines": files.seal("lines")}


def record(run: Run, action: str, viewer: Viewer, note: str = "") -> None:
    user = User.objects.filter(pk=viewer.user_id).first() if viewer.user_id else None
    Step.objects.create(run=run, action=action, user=user, by=viewer.name, note=note)


def _refuse_same_person(run: Run, action: str, viewer: Viewer) -> None:
    if action not in DISTINCT:
        return
    taken = run.steps.filter(action__in=DISTINCT)
    earlier = next((s for s in taken if s.user_id == viewer.user_id), None)
    if earlier is not None:
        raise Problem("run_same_person", name=viewer.name, earlier=earlier.action, action=action)


def _number(run: Run) -> None:
    """Give the run its place in the row of publications, once preview and objections are over."""
    now = timezone.now()
    if run.preview_until and now < run.preview_until:
        until = f"{timezone.localtime(run.preview_until):%Y-%m-%d %H:%M}"
        raise Problem("run_preview_open", until=until)
    unanswered = run.objection_set.filter(answered_at=None).count()
    if unanswered:
        raise Problem("run_objections_open", count=unanswered)
    same = Run.objects.filter(scheme=run.scheme, period=run.period, state=State.PUBLISHED)
    last = facts.locked_row(Numbering, _start)  # before `same` is read: one publication at a time
    run.supersedes = same.order_by("-number").first()
    last.last += 1
    last.save()
    run.number, run.published_at = last.last, now


def _start() -> Numbering:
    """Numbering goes on after what was published before there was one."""
    return Numbering(pk=1, last=Run.objects.aggregate(last=Max("number"))["last"] or 0)
