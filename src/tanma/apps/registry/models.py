"""Areas, enterprises and their external identifiers, as the pages list them.

The truth of every dated attribute is a fact; the columns here are what the newest facts say today,
kept by `project` from the change feed so that lists can be filtered and sorted.
"""

from __future__ import annotations

from django.db import models

from tanma.apps.people.door import BySubject, Everyone, OfficeOnly
from tanma.domain.identity import id_text, new_id, new_public_code

OPEN_END = "9999-12-31"


class Area(models.Model):
    """A statutory division or a management area (new area, park, trusteeship)."""

    row_policy = Everyone()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=16, blank=True)
    name_zh = models.CharField(max_length=60, blank=True)
    name_en = models.CharField(max_length=80, blank=True)
    hex_col = models.IntegerField(null=True, blank=True)
    hex_row = models.IntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name_zh or self.code


class AreaClosure(models.Model):
    """Every (ancestor, descendant) pair of a hierarchy with the span in which it holds.

    An area is its own ancestor at depth 0. Rights and sums use these rows, never a code prefix.
    """

    row_policy = Everyone()

    hierarchy = models.CharField(max_length=12)
    ancestor = models.CharField(max_length=20)
    descendant = models.CharField(max_length=20, db_index=True)
    depth = models.IntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField()


class Enterprise(models.Model):
    """An enterprise as of today; the id is the subject of its facts."""

    row_policy = BySubject(field="id", consent=True)

    id = models.BigIntegerField(primary_key=True, default=new_id)
    public_code = models.CharField(max_length=12, unique=True, default=new_public_code)
    natural_key = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=160, blank=True)
    name_en = models.CharField(max_length=200, blank=True)
    industry = models.CharField(max_length=8, blank=True, db_index=True)
    size_class = models.CharField(max_length=8, blank=True)
    status = models.CharField(max_length=12, default="active")
    area_code = models.CharField(max_length=20, blank=True, db_index=True)
    management_code = models.CharField(max_length=20, blank=True)
    group_uscc = models.CharField(max_length=18, blank=True, db_index=True)
    """Credit code of the enterprise at the head of its group."""
    group_consent = models.CharField(max_length=18, blank=True)
    """Credit code of the group to which it lets its figures be shown."""

    class Meta:
        indexes = [models.Index(fields=["name"])]

    def __str__(self) -> str:
        return self.name or self.natural_key

    @property
    def uid(self) -> str:
        return id_text(self.id)

    @property
    def uscc(self) -> str:
        return self.natural_key.partition(":")[2]


class ExternalId(models.Model):
    """A dated identifier of an enterprise in somebody's scheme; a share below 1 is 转供电."""

    row_policy = BySubject()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    scheme = models.CharField(max_length=30)
    value = models.CharField(max_length=60)
    subject = models.BigIntegerField(db_index=True)
    share_ppm = models.IntegerField(default=1_000_000)
    valid_from = models.DateField(default="1900-01-01")
    valid_to = models.DateField(default=OPEN_END)
    evidence = models.CharField(max_length=200, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "value", "subject", "valid_from"], name="external_id_once"
            )
        ]


class Placement(models.Model):
    """Enterprise × every area that contains it today, in both hierarchies: rights and lists."""

    row_policy = OfficeOnly()

    subject = models.BigIntegerField()
    area_code = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area_code", "subject"], name="placement_once")
        ]
        indexes = [models.Index(fields=["subject"])]


class Channel(models.Model):
    """A meter × quantity × direction whose readings enter the lake; its facts say what it is.

    The number is small, dense and given once by the room `metering`, which keeps these columns.
    """

    row_policy = BySubject()

    id = models.BigIntegerField(primary_key=True)
    subject = models.BigIntegerField(db_index=True)
    site = models.CharField(max_length=60, default="main")
    meter = models.CharField(max_length=60)
    item = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, default="interval")
    unit = models.CharField(max_length=12)
    scale = models.IntegerField(default=3)
    zone = models.CharField(max_length=40, default="Asia/Shanghai")
    interval_s = models.IntegerField(null=True)
    multiplier = models.CharField(max_length=30, default="1")
    digits = models.IntegerField(null=True)
    rated = models.CharField(max_length=30, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meter", "item"], name="channel_once")]
