"""The append-only table of what was said or measured, and the feed of its appends."""

from __future__ import annotations

from django.db import models


class Fact(models.Model):
    """One version of one statement. Never updated, never deleted."""

    seq = models.BigIntegerField(primary_key=True)
    stamp = models.BigIntegerField()
    subject = models.BigIntegerField()
    item = models.CharField(max_length=80)
    kind = models.CharField(max_length=10)
    valid_from = models.DateField()
    valid_to = models.DateField()
    value = models.BigIntegerField(null=True)
    text = models.TextField(null=True)
    reported = models.TextField(default="")
    source = models.CharField(max_length=40)
    revision = models.BigIntegerField(null=True)
    data_class = models.CharField(max_length=20)
    author = models.CharField(max_length=80)
    evidence = models.CharField(max_length=120, default="")
    corrects = models.CharField(max_length=80, default="")
    key = models.BinaryField(max_length=20)
    digest = models.BinaryField(max_length=32)
    version = models.IntegerField()

    class Meta:
        # The key begins with the subject, so this one index also finds all facts of a subject.
        constraints = [models.UniqueConstraint(fields=["key", "digest"], name="fact_once")]
        # Attributes are few; amounts are many and are read from the lake, so they pay no index.
        indexes = [
            models.Index("subject", name="fact_attribute", condition=models.Q(kind="attribute"))
        ]


class Append(models.Model):
    """The change feed: one row per append, written in the transaction of the append."""

    number = models.BigIntegerField(primary_key=True)
    table = models.CharField(max_length=40)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    rows = models.IntegerField()
    stamp = models.BigIntegerField()
    digest = models.CharField(max_length=80)
    author = models.CharField(max_length=80)
    message_id = models.CharField(max_length=120, null=True, unique=True)


class StoreState(models.Model):
    """One row: the last sequence, stamp and append. Locking it serialises the appends."""

    last_seq = models.BigIntegerField(default=0)
    last_stamp = models.BigIntegerField(default=0)
    last_append = models.BigIntegerField(default=0)


class Cursor(models.Model):
    """How far a consumer of the feed has come."""

    consumer = models.CharField(max_length=60, primary_key=True)
    number = models.BigIntegerField(default=0)
