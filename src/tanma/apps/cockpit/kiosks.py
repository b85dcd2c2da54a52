"""Making, opening and revoking kiosks."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.utils import timezone

from tanma.apps.cockpit.models import Kiosk
from tanma.apps.people.door import User, Viewer, token_hash, visible

DAYS = (7, 30, 90, 180)
"""How long a kiosk may live; none lives for ever."""


def make(viewer: Viewer, area_code: str, label: str, days: int) -> tuple[Kiosk, str]:
    """A kiosk and its token, which is not kept."""
    viewer.require("use_desk")
    if days not in DAYS:
        raise ValueError(f"{days} days; one of {DAYS}")
    token = secrets.token_urlsafe(24)
    kiosk = Kiosk.objects.create(
        token_hash=token_hash(token),
        area_code=area_code,
        label=label,
        created_by=User.objects.get(pk=viewer.user_id or 0),
        expires_at=timezone.now() + timedelta(days=days),
    )
    return kiosk, token


def opened(token: str) -> Kiosk | None:
    """The kiosk that a token opens; None when unknown, over or revoked."""
    kiosk = Kiosk.objects.filter(token_hash=token_hash(token)).first()
    return kiosk if kiosk is not None and kiosk.live else None


def revoke(viewer: Viewer, kiosk_id: int) -> bool:
    """End one of the viewer's own kiosks; false when there is none."""
    own = visible(viewer, Kiosk.objects.filter(pk=kiosk_id, revoked_at=None))
    return bool(own.update(revoked_at=timezone.now()))
