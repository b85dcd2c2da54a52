"""Consent links: an enterprise lets the holder of a link see its figures for a while.

Only the hash of the token is stored; the link itself is shown once. Opening it puts the hash into
the session of the visitor, where the policy looks it up at every request.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tanma.apps.people.door import Consent, Viewer, token_hash, visible
from tanma.domain.messages import Problem

TOKEN_BYTES = 24
MAX_DAYS = 366
KEPT_LINKS = 50
"""How many opened links a session remembers; the oldest are forgotten first."""


def grant(who: Viewer, subject: int, purpose: str, days: int) -> tuple[Consent, str]:
    """A new consent and the token of its link, which is known only now."""
    who.require("consent", subject)
    if not 1 <= days <= MAX_DAYS:
        raise Problem("consent_days", days=days, most=MAX_DAYS)
    if not purpose.strip():
        raise Problem("consent_purpose")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    made = Consent.objects.create(
        subject=subject, purpose=purpose.strip(), token_hash=token_hash(token),
        granted_by_id=who.user_id or 0, expires_at=timezone.now() + timedelta(days=days),
    )  # fmt: skip
    return made, token


def revoke(who: Viewer, subject: int, consent_id: int) -> Consent:
    """End a consent now; revoked once, it stays as it is."""
    who.require("consent", subject)
    consent = visible(who, Consent.objects.filter(subject=subject)).get(pk=consent_id)
    if consent.revoked_at is None:
        consent.revoked_at = timezone.now()
        consent.save(update_fields=["revoked_at"])
    return consent


def of(who: Viewer, subject: int) -> QuerySet[Consent]:
    """The consents of an enterprise, newest first."""
    rows = visible(who, Consent.objects.filter(subject=subject))
    return rows.select_related("granted_by").order_by("-granted_at", "pk")


def state(consent: Consent) -> str:
    """live, revoked or expired."""
    if consent.revoked_at is not None:
        return "revoked"
    return "live" if consent.expires_at > timezone.now() else "expired"


def opened(request: HttpRequest, token: str) -> Consent:
    """Put a live link into the session; a Problem says why a dead one opens nothing."""
    consent = Consent.objects.filter(token_hash=token_hash(token)).first()
    if consent is None:
        raise Problem("consent_unknown")
    if state(consent) == "revoked":
        raise Problem("consent_revoked", at=local(consent.revoked_at))
    if state(consent) == "expired":
        raise Problem("consent_expired", at=local(consent.expires_at))
    kept = [h for h in request.session.get("consents", []) if h != consent.token_hash]
    request.session["consents"] = [*kept, consent.token_hash][-KEPT_LINKS:]
    return consent


def local(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
