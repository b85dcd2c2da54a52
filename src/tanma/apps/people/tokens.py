"""Keys for programs: made once, shown once, kept as a hash."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.utils import timezone

from tanma.apps.people.models import ApiToken, User
from tanma.apps.people.policy import token_hash

PREFIX = "tanma_"


def create_token(user: User, label: str, days: int) -> tuple[ApiToken, str]:
    """A new key of a user and its text, which cannot be read again."""
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, label=label, token_hash=token_hash(text),
        expires_at=timezone.now() + timedelta(days=days),
    )  # fmt: skip
    return token, text


def user_of_token(text: str) -> User | None:
    """Whose key this is, if it is live and its user is active."""
    live = ApiToken.objects.filter(
        token_hash=token_hash(text), expires_at__gt=timezone.now(), revoked_at=None
    )
    found = live.select_related("user").first()
    return found.user if found is not None and found.user.is_active else None
