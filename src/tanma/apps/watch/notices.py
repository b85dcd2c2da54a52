"""Letters about new alarms to the people of an enterprise, where mail is set up."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override

from tanma.apps.people.door import Membership, Role, User
from tanma.apps.watch.models import Alarm

log = logging.getLogger(__name__)
LISTED = 20


def send() -> int:
    """One letter per enterprise about alarms that nobody was written to about; how many letters.

    What cannot be sent now is tried again next time; it never stops the evaluation.
    """
    if not settings.TANMA.mail_url:
        return 0
    rows = Alarm.objects.filter(notified_at=None, case__closed_at=None).select_related("case")
    waiting: dict[int, list[Alarm]] = {}
    for alarm in rows.order_by("case__opened_at"):
        waiting.setdefault(alarm.subject, []).append(alarm)
    return sum(_tell(subject, alarms) for subject, alarms in waiting.items())


def _tell(subject: int, alarms: list[Alarm]) -> int:
    people = _people(subject)
    if not people:
        return 0
    with override("zh-hans"):
        title = gettext("碳码：%s 条新报警") % len(alarms)
        lines = [str(a.case) for a in alarms[:LISTED]]
        address = settings.TANMA.public_url.rstrip("/") + reverse("cases:home")
        body = "\n".join([*lines, "", gettext("查看与办理：%s") % address])
    try:
        send_mail(title, body, None, people)
    except (SMTPException, OSError) as error:
        log.warning("no letter about %s alarms: %s", len(alarms), error)
        return 0
    Alarm.objects.filter(pk__in=[a.pk for a in alarms]).update(notified_at=timezone.now())
    return 1


def _people(subject: int) -> list[str]:
    today = timezone.localdate()
    members = Membership.objects.filter(
        subject=subject, role=Role.ENTERPRISE, valid_from__lte=today, valid_to__gt=today
    )
    users = User.objects.filter(pk__in=members.values("user"), is_active=True).exclude(email="")
    return sorted(set(users.values_list("email", flat=True)))
