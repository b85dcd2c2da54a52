"""Cases that people decide at the desk, and the rows that wait for them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tanma.apps.imports import door as imports
from tanma.apps.people.door import OfficeOnly
from tanma.domain.identity import id_text, new_id


class DeskCase(models.Model):
    """Something that only a person can decide; it stays, with the decision and its evidence."""

    row_policy = OfficeOnly()

    class Kind(models.TextChoices):
        UNKNOWN = "unknown", "未登记的代码"
        DUPLICATE = "duplicate", "疑似重复的企业"
        CONFLICT = "conflict", "相互矛盾的属性"
        ACCOUNT = "account", "用电户号归属"

    class State(models.TextChoices):
        OPEN = "open", "待定"
        DECIDED = "decided", "已定"

    id = models.BigIntegerField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    scheme = models.CharField(max_length=30)
    value = models.CharField(max_length=160)
    details = models.JSONField(default=dict)
    rows = models.IntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    decision = models.CharField(max_length=20, blank=True)
    target = models.BigIntegerField(null=True)
    effective = models.DateField(null=True)
    evidence = models.CharField(max_length=200, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "imports_deskcase"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "scheme", "value"],
                condition=Q(state="open"),
                name="desk_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.scheme}:{self.value}"

    @property
    def uid(self) -> str:
        return id_text(self.id)


class Waiting(models.Model):
    """Rows of a batch that wait for a case: their facts lie in the batch's waiting file."""

    row_policy = OfficeOnly()

    class Meta:
        db_table = "imports_waiting"

    case = models.ForeignKey(DeskCase, on_delete=models.CASCADE, related_name="waiting")
    batch = models.ForeignKey(imports.Batch, on_delete=models.CASCADE, related_name="waiting")
    rows = models.IntegerField()
