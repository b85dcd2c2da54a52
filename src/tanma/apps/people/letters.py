"""Letters to people, each in the reader's own language, where mail is set up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.utils.translation import override

from tanma.apps.people.models import Membership, User
from tanma.apps.people.policy import Grant, covered, today

log = logging.getLogger(__name__)
Text = Callable[[], tuple[str, str]]
"""Title and body of a letter, said in the language that is active."""


def write(user: User, text: Text) -> bool:
    """Send a person a letter; False when it cannot be sent now. It never stops the caller."""
    if not (settings.TANMA.mail_url and user.email):
        return False
    with override(user.language or settings.LANGUAGE_CODE):
        title, body = text()
    try:
        send_mail(title, body, None, [user.email])
    except (SMTPException, OSError) as error:
        log.warning("no letter to %s: %s", user.pk, error)
        return False
    return True


def holders(roles: Collection[str], subjects: Collection[int]) -> dict[int, list[User]]:
    """Subject → active people who hold one of these roles for it today, by id."""
    rows = Membership.objects.filter(
        role__in=roles, valid_from__lte=today(), valid_to__gt=today(), user__is_active=True
    )
    found: dict[int, dict[int, User]] = {}
    for m in rows.select_related("user").order_by("user"):
        for subject in covered(Grant(m.role, m.area_code, m.subject), subjects):
            found.setdefault(subject, {})[m.user_id] = m.user
    return {subject: list(users.values()) for subject, users in found.items()}


def speak(user_id: int, language: str, *, first: bool = False) -> None:
    """Note the language of a person; `first` only where none is known."""
    rows = User.objects.filter(pk=user_id)
    (rows.filter(language="") if first else rows).update(language=language)
