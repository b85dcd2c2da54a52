"""Meters and gateways, as pages list them; what a meter is stands in dated facts."""

from __future__ import annotations

from django.db import models

from tanma.apps.people.door import BySubject, OfficeOnly
from tanma.domain.identity import id_text, new_id

NUMBERS_BELOW = 2**40
"""Numbers of channels are dense from 1; what lies above was random, given by earlier versions."""


class Meter(models.Model):
    """A meter as of today; the id is the subject of its facts, kept by `projection`."""

    row_policy = BySubject(field="enterprise")

    id = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=60, unique=True)
    enterprise = models.BigIntegerField(null=True, db_index=True)
    site = models.CharField(max_length=60, blank=True)
    parent = models.BigIntegerField(null=True)
    location = models.CharField(max_length=120, blank=True)
    accuracy = models.CharField(max_length=20, blank=True)
    calibration_due = models.DateField(null=True)
    source = models.CharField(max_length=80, blank=True)
    formula = models.TextField(blank=True)
    counts = models.CharField(max_length=8, blank=True)
    """`yes`: a virtual meter that sums count instead of its parts."""

    class Meta:
        indexes = [models.Index(fields=["source"])]

    def __str__(self) -> str:
        return self.name

    @property
    def uid(self) -> str:
        return id_text(self.id)


class Gateway(models.Model):
    """A device or platform that sends readings. Only the hash of its token is kept."""

    row_policy = BySubject()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    name = models.CharField(max_length=60)
    subject = models.BigIntegerField(null=True, db_index=True)
    """Its enterprise; none: a platform, which writes the meters that name it as their source."""
    token_hash = models.CharField(max_length=64, unique=True)
    token_end = models.CharField(max_length=8, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=80, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def uid(self) -> str:
        return id_text(self.id)

    @property
    def source(self) -> str:
        """How a meter names this gateway in `meter.source`."""
        return f"gateway:{self.uid}"


class GatewayKey(models.Model):
    """A key by which a gateway signs its batches; only one that has not ended is accepted.

    Ended ones stay, because what they signed is still to be checked.
    """

    row_policy = BySubject(field="gateway__subject")

    id = models.BigIntegerField(primary_key=True, default=new_id)
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="keys")
    algorithm = models.CharField(max_length=20)
    public = models.CharField(max_length=60, blank=True)
    """Of Ed25519: the public key, base64. A shared secret is not kept."""
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.CharField(max_length=80, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.uid

    @property
    def uid(self) -> str:
        """Its `keyid` in a signature."""
        return id_text(self.id)


class Numbering(models.Model):
    """One row: the last channel number given. Locking it serialises the giving of numbers."""

    row_policy = OfficeOnly()

    last = models.BigIntegerField(default=0)
