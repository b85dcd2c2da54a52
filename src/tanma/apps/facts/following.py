"""What rooms that list things from facts share: who changed, and what holds on a day."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date

from django.db.models import Q

from tanma.apps.facts.models import Append, Cursor, Fact
from tanma.apps.facts.store import current, rank


def follow(consumer: str, which: Q, refresh: Callable[[list[int]], None]) -> int:
    """Let a room refresh the subjects of whom something new was said since its cursor; how many."""
    cursor, _ = Cursor.objects.get_or_create(consumer=consumer)
    last = Append.objects.order_by("-number").first()
    if last is None or last.number == cursor.number:
        return 0
    unread = Append.objects.filter(number__gt=cursor.number).order_by("number")
    changed = Fact.objects.filter(
        which, seq__gte=unread[0].first_seq, seq__lte=last.last_seq, kind="attribute"
    )
    subjects = sorted(set(changed.values_list("subject", flat=True)))
    refresh(subjects)
    cursor.number = last.number
    cursor.save()
    return len(subjects)


def attributes(subjects: Collection[int], which: Q, day: date) -> dict[int, dict[str, str]]:
    """subject → item → text, as valid on a day; of several the one that began last."""
    rows = Fact.objects.filter(which, subject__in=list(subjects), kind="attribute")
    said: dict[int, dict[str, str]] = {}
    now = [f for f in current(list(rows)) if f.valid_from <= day < f.valid_to]
    for fact in sorted(now, key=lambda f: (f.valid_from, rank(f))):
        said.setdefault(fact.subject, {})[fact.item] = fact.text or ""
    return said
