"""Production batches as lists show them; what is said of a batch stands in its facts."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction

from django.db import models

from tanma.apps.people.door import BySubject
from tanma.domain.identity import id_text

_BETWEEN = re.compile(r"[、,，;；\s]+")


class Lot(models.Model):
    """A batch as stated last; the id is the subject of its facts, kept by `projection`."""

    row_policy = BySubject(field="enterprise")

    id = models.BigIntegerField(primary_key=True)
    enterprise = models.BigIntegerField()
    number = models.CharField(max_length=40)
    product = models.CharField(max_length=80)
    section = models.CharField(max_length=60, blank=True)
    meters = models.CharField(max_length=200, blank=True)
    begin = models.DateTimeField()
    end = models.DateTimeField()
    zone = models.CharField(max_length=40)
    output = models.CharField(max_length=40)
    """Decimal text in `unit`, with all the digits that were stated."""
    unit = models.CharField(max_length=20)

    class Meta:
        indexes = [models.Index(fields=["enterprise", "begin"]), models.Index(fields=["begin"])]

    def __str__(self) -> str:
        return self.number

    @property
    def uid(self) -> str:
        return id_text(self.id)

    @property
    def length(self) -> timedelta:
        return self.end - self.begin

    @property
    def amount(self) -> Fraction:
        """Its output, exactly, in `unit`."""
        return Fraction(self.output)


def meter_names(text: str) -> list[str]:
    """The names in a list that people wrote: `M-1、M-2`."""
    return [name for name in _BETWEEN.split(text) if name]
