"""Alarms: what a case of the workflow `alarm` is about, and the days that brought it."""

from __future__ import annotations

from django.db import models

from tanma.apps.cases.door import Case
from tanma.apps.people.door import BySubject


class Alarm(models.Model):
    """A rule broken by a channel (0: by the enterprise), with the case in which it is handled."""

    row_policy = BySubject()

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True)
    subject = models.BigIntegerField(db_index=True)
    channel = models.BigIntegerField(db_index=True)
    rule = models.CharField(max_length=24)

    def __str__(self) -> str:
        return str(self.case)


class Breach(models.Model):
    """A local day on which the rule is broken; one that a correction took away stays, withdrawn."""

    row_policy = BySubject(field="alarm__subject")

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="breaches")
    day = models.DateField()
    value = models.FloatField()
    expected = models.FloatField()
    hours = models.IntegerField(null=True)
    at = models.DateTimeField(null=True)
    withdrawn = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alarm", "day"], name="breach_once")]
