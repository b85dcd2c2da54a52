"""Equipment as pages list it; what a device is stands in dated facts."""

from __future__ import annotations

from django.db import models

from tanma.apps.people.door import BySubject
from tanma.domain.identity import id_text


class Equipment(models.Model):
    """A device as of today; the id is the subject of its facts, kept by `projection`."""

    row_policy = BySubject(field="enterprise")

    id = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=60, unique=True)
    """Its identifier, as on the plate or in the enterprise's own list."""
    title = models.CharField(max_length=120, blank=True)
    enterprise = models.BigIntegerField(null=True, db_index=True)
    kind = models.CharField(max_length=20, blank=True)
    section = models.CharField(max_length=60, blank=True)
    site = models.CharField(max_length=60, blank=True)
    location = models.CharField(max_length=120, blank=True)
    maker = models.CharField(max_length=120, blank=True)
    model = models.CharField(max_length=120, blank=True)
    made_on = models.CharField(max_length=10, blank=True)
    rated_kw = models.CharField(max_length=30, blank=True)
    efficiency = models.CharField(max_length=40, blank=True)
    nameplate = models.CharField(max_length=400, blank=True)
    input = models.CharField(max_length=400, blank=True)
    """Id texts of the meters that count what goes in, with a space between."""
    output = models.CharField(max_length=400, blank=True)
    parameters = models.CharField(max_length=400, blank=True)
    idle_above_kw = models.CharField(max_length=30, blank=True)
    run_above_kw = models.CharField(max_length=30, blank=True)
    codes = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return f"{self.title} {self.name}".strip()

    @property
    def uid(self) -> str:
        return id_text(self.id)
