"""Reminders, classes of data that the office declared, and the documents that classes rest on."""

from __future__ import annotations

from django.db import models

from tanma.apps.kit.door import with_note
from tanma.apps.people.door import BySubject, OfficeOnly
from tanma.domain.identity import id_text, new_id


class Reminder(models.Model):
    """催报: the office tells an enterprise which reports of a period are missing."""

    class Meta:
        db_table = "imports_reminder"

    row_policy = BySubject()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    subject = models.BigIntegerField(db_index=True)
    period = models.CharField(max_length=20)
    items = models.JSONField(default=list)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True)

    @property
    def uid(self) -> str:
        return id_text(self.id)


class DeclaredClass(models.Model):
    """A class of data that the office adds to those of the catalogue file."""

    class Meta:
        db_table = "imports_declaredclass"

    row_policy = OfficeOnly()

    name = models.CharField(max_length=40, primary_key=True)
    zh = models.CharField(max_length=80)
    en = models.CharField(max_length=120)
    owner = models.CharField(max_length=40)
    frequency = models.CharField(max_length=10)
    package = models.CharField(max_length=60)
    items = models.JSONField(default=list)
    required_of = models.JSONField(default=list)
    declared_by = models.CharField(max_length=80)
    declared_at = models.DateTimeField(auto_now_add=True)


class LegalBasis(models.Model):
    """On which document a class of data rests, since when; a later row counts, none is erased."""

    class Meta:
        db_table = "imports_legalbasis"

    row_policy = OfficeOnly()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    data_class = models.CharField(max_length=40, db_index=True)
    title = models.CharField(max_length=200)
    number = models.CharField(max_length=80)
    valid_from = models.DateField()
    entered_by = models.CharField(max_length=80)
    entered_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return with_note(self.title, self.number)


class Voucher(models.Model):
    """A file behind a declaration; its content is what the digest says."""

    row_policy = BySubject()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    subject = models.BigIntegerField(db_index=True)
    period = models.CharField(max_length=20)
    file = models.CharField(max_length=200)
    digest = models.CharField(max_length=80)
    size = models.IntegerField()
    note = models.CharField(max_length=200, blank=True)
    number = models.CharField(max_length=40, blank=True)
    """Of the invoice itself: entries of the purchase ledger name it."""
    user = models.BigIntegerField(null=True)
    who = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "period", "digest"], name="voucher_once")
        ]

    @property
    def uid(self) -> str:
        return id_text(self.id)
