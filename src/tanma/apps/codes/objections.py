"""Objections: an enterprise objects once to its previewed result; the office answers."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tanma.apps.codes.models import Objection, Result, Run, State
from tanma.apps.people.door import User, Viewer, visible
from tanma.domain.messages import Problem


def open_preview(subject: int) -> Run | None:
    """The run whose result an enterprise may look at and object to now."""
    return (
        Run.objects.filter(
            state=State.CHECKED, preview_until__gt=timezone.now(), results__subject=subject
        )
        .order_by("-period_end", "-created_at")
        .first()
    )


def previewed(who: Viewer, subject: int, run: Run) -> Result | None:
    """The result of an enterprise in a run under preview."""
    rows = visible(who, Result.objects.filter(run=run, subject=subject))
    return rows.select_related("run").first()


def of(who: Viewer, subject: int) -> QuerySet[Objection]:
    rows = visible(who, Objection.objects.filter(subject=subject))
    return rows.select_related("run", "user", "answered_by").order_by("-at")


def file(who: Viewer, subject: int, run_id: int, text: str) -> Objection:
    """Object to a run, inside its window and once."""
    who.require("object", subject)
    if not text.strip():
        raise Problem("objection_empty")
    now = timezone.now()
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run_id)
        if run.state != State.CHECKED or (run.preview_until or now) <= now:
            raise Problem("objection_closed", period=run.period)
        if Objection.objects.filter(run=run, subject=subject).exists():
            raise Problem("objection_twice", period=run.period)
        user = User.objects.get(pk=who.user_id or 0)
        return Objection.objects.create(run=run, subject=subject, text=text.strip(), user=user)


def answer(who: Viewer, objection_id: int, text: str) -> Objection:
    """Answer an objection; an answer stands and is not replaced."""
    who.require("decide")
    if not text.strip():
        raise Problem("objection_empty")
    with transaction.atomic():
        found = visible(who, Objection.objects.select_for_update()).get(pk=objection_id)
        who.require("decide", found.subject)
        if found.answered_at is not None:
            raise Problem("objection_answered")
        found.answer, found.answered_at = text.strip(), timezone.now()
        found.answered_by_id = who.user_id
        found.save()
    return found
