"""催报: which enterprises owe reports, and the reminders that they see when they log in."""

from __future__ import annotations

from collections.abc import Iterable

from tanma.apps.catalogue.classes import classes
from tanma.apps.catalogue.models import Reminder
from tanma.apps.imports.door import now
from tanma.apps.people.door import Viewer


def remind(missing: dict[int, list[str]], period: str, viewer: Viewer) -> int:
    """A reminder per enterprise; one that waits unread for the same reports is not repeated."""
    viewer.require("decide")
    unread = Reminder.objects.filter(period=period, seen_at=None)
    waiting = {(r.subject, *r.items) for r in unread}
    made = [
        Reminder(subject=subject, period=period, items=owed, created_by=viewer.name)
        for subject, owed in missing.items()
        if (subject, *owed) not in waiting
    ]
    Reminder.objects.bulk_create(made, batch_size=500)
    return len(made)


def reminders_for(subject: int) -> list[Reminder]:
    """Reminders of an enterprise that it has not answered to yet, the newest first."""
    return list(Reminder.objects.filter(subject=subject, seen_at=None).order_by("-created_at"))


def seen(reminders: Iterable[Reminder]) -> None:
    """The enterprise has read them."""
    ids = [r.id for r in reminders]
    Reminder.objects.filter(id__in=ids, seen_at=None).update(seen_at=now())


def names(class_ids: Iterable[str], language: str) -> list[str]:
    """Classes of data in words."""
    words = {c.id: c.en if language == "en" else c.zh for c in classes()}
    return [words.get(c, c) for c in class_ids]
