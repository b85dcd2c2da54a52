"""Cases that people decide at the desk, and the rows that wait for them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tanma.apps.imports import door as imports
from tanma.apps.people.door import Viewer
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_text, new_id


class InArea:
    """Cases about enterprises of the official's areas alone; the others for whole-region offices.

    A case about an unknown code, or an account that nobody is known to use, has no area.
    """

    def __init__(self, field: str = "") -> None:
        self.field = field

    def allows(self, viewer: Viewer) -> Q | None:
        if not viewer.office:
            return Q(pk__in=[])
        if viewer.whole_region:
            return None
        inside = set(registry.placement(viewer.area_codes).values_list("subject", flat=True))
        about = {case.pk: case.subjects for case in DeskCase.objects.all()}
        own = [key for key, subjects in about.items() if subjects and subjects <= inside]
        return Q(**{f"{self.field}pk__in": own})


class DeskCase(models.Model):
    """Something that only a person can decide; it stays, with the decision and its evidence."""

    row_policy = InArea()

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
    batch = models.ForeignKey(
        imports.Batch, null=True, on_delete=models.SET_NULL, related_name="desk_cases"
    )
    """The batch whose arrival raised the question; more of them may bring rows that wait."""
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

    @property
    def subjects(self) -> set[int]:
        """The enterprises that a case is about, as far as they are known."""
        firms = {int(firm) for firm in self.details.get("firms", {})}
        if "subject" in self.details:
            firms.add(int(self.details["subject"]))
        codes = self.details.get("codes", [])
        return firms | set(registry.find("uscc", codes).values() if codes else ())


class Waiting(models.Model):
    """Rows of a batch that wait for a case: their facts lie in the batch's waiting file."""

    row_policy = InArea("case__")

    class Meta:
        db_table = "imports_waiting"

    case = models.ForeignKey(DeskCase, on_delete=models.CASCADE, related_name="waiting")
    batch = models.ForeignKey(imports.Batch, on_delete=models.CASCADE, related_name="waiting")
    rows = models.IntegerField()
