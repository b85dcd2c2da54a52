"""A kiosk: an address for a wall screen without a login, for one area, until a day."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from tanma.apps.people.door import ByUser, User
from tanma.domain.identity import id_text, new_id


class Kiosk(models.Model):
    """Whoever holds the address sees the wall of one area: sums and counts, no enterprise.

    Only the hash of the token is kept, so the address is shown once, when it is made.
    """

    row_policy = ByUser("created_by")

    id = models.BigIntegerField(primary_key=True, default=new_id)
    token_hash = models.CharField(max_length=64, unique=True)
    area_code = models.CharField(max_length=20)
    label = models.CharField(max_length=60)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.label

    @property
    def uid(self) -> str:
        return id_text(self.id)

    @property
    def live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()
