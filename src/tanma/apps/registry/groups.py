"""Groups: enterprises under one head, and which of them let the head see their figures.

Both are dated facts: the register names the head (`group.head`), the member consents to it
(`consent.group`). One without the other opens nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import F, Q, QuerySet

from tanma.apps.facts import door as facts
from tanma.apps.registry.models import Enterprise

HEAD, CONSENT = "group.head", "consent.group"


def members(head: Enterprise) -> QuerySet[Enterprise]:
    """Enterprises whose head this one is today."""
    return Enterprise.objects.filter(group_uscc=head.uscc).exclude(pk=head.pk)


def members_on(head: Enterprise, day: date) -> QuerySet[Enterprise]:
    """Enterprises whose head this one was on a day."""
    ever = facts.Fact.objects.filter(item=HEAD, text=head.uscc).values_list("subject", flat=True)
    said = facts.attributes(set(ever), Q(item=HEAD), day)
    own = [subject for subject, told in said.items() if told.get(HEAD) == head.uscc]
    return Enterprise.objects.filter(pk__in=own).exclude(pk=head.pk)


def consenting(heads: Collection[int]) -> frozenset[int]:
    """Members of the groups of these heads that let their head see their figures."""
    keys = Enterprise.objects.filter(pk__in=heads).values_list("natural_key", flat=True)
    codes = [key.partition(":")[2] for key in keys if key.startswith("uscc:")]
    rows = Enterprise.objects.filter(group_uscc__in=codes, group_consent=F("group_uscc"))
    return frozenset(rows.values_list("pk", flat=True))


def head_of(member: Enterprise) -> Enterprise | None:
    """The enterprise at the head of its group, where the register knows it."""
    if not member.group_uscc:
        return None
    return Enterprise.objects.filter(natural_key=f"uscc:{member.group_uscc}").first()


def consent(member: Enterprise, *, given: bool, on: date, author: str) -> facts.Receipt:
    """State from a day on that the head of its group may see its figures, or no longer."""
    record = {
        "subject": member.id, "item": CONSENT, "kind": "attribute", "valid_from": on,
        "valid_to": date(9999, 12, 31), "value": None,
        "text": member.group_uscc if given else "", "reported": "yes" if given else "no",
        "source": "declared", "data_class": "internal", "corrects": _corrected(member, on, given),
    }  # fmt: skip
    return facts.append(facts.table([record]), author=author)


def _corrected(member: Enterprise, on: date, given: bool) -> str:
    """Digest of what was said of the same day before; a change of mind is no repeat."""
    same = [f for f in facts.facts_of(member.id, CONSENT) if f.valid_from == on]
    newest = max(same, key=facts.rank, default=None)
    text = member.group_uscc if given else ""
    if newest is None or newest.text == text:
        return ""
    return f"sha256:{bytes(newest.digest).hex()}"
