"""Batches of imported files, and the cases that people decide at the desk.

What was imported is in the facts; a batch says which file brought it, who, and what was left out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.db import models
from django.db.models import Q

from tanma.apps.people.door import BySubject, OfficeOnly, Viewer
from tanma.domain.identity import id_text, new_id


class BatchPolicy:
    """Officials of the whole region see every batch, anybody else their own and their firm's."""

    def allows(self, viewer: Viewer) -> Q | None:
        if "" in viewer.area_codes:
            return None
        own = Q(subject__in=viewer.own_subjects)
        return own | Q(user=viewer.user_id) if viewer.user_id else own


class Batch(models.Model):
    """One file that was handed in, and what became of its rows."""

    row_policy = BatchPolicy()

    class State(models.TextChoices):
        WAITING = "waiting", "等待导入"
        RUNNING = "running", "正在导入"
        CHECKED = "checked", "仅检查，未导入"
        DONE = "done", "已导入"
        FAILED = "failed", "未能导入"
        WITHDRAWN = "withdrawn", "已撤回"

    id = models.BigIntegerField(primary_key=True, default=new_id)
    file = models.CharField(max_length=200)
    digest = models.CharField(max_length=80, db_index=True)
    package = models.CharField(max_length=60, blank=True)
    mapping = models.CharField(max_length=200, blank=True)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    stage = models.CharField(max_length=10, blank=True)
    rows = models.IntegerField(default=0)
    good = models.IntegerField(default=0)
    bad = models.IntegerField(default=0)
    repeats = models.IntegerField(default=0)
    warnings = models.IntegerField(default=0)
    desk = models.IntegerField(default=0)
    facts = models.IntegerField(default=0)
    readings = models.IntegerField(default=0)
    new = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    superseded = models.IntegerField(default=0)
    done_facts = models.IntegerField(default=0)
    first_seq = models.BigIntegerField(default=0)
    last_seq = models.BigIntegerField(default=0)
    withdrawn = models.IntegerField(default=0)
    sources = models.JSONField(default=list)
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    problem = models.JSONField(default=dict)
    user = models.BigIntegerField(null=True)
    subject = models.BigIntegerField(null=True, db_index=True)
    who = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=80, blank=True)

    repeated = False
    """Set on the returned object when the same file had been imported before."""
    checked: Any = None
    """The checked sheet, on the object that an import returns; `report` works with and without."""

    def __str__(self) -> str:
        return f"{self.file} ({self.uid})"

    @property
    def uid(self) -> str:
        return id_text(self.id)

    @property
    def evidence(self) -> str:
        """What facts of this batch carry before `#row`."""
        return f"batch:{self.uid}"

    @property
    def complete(self) -> bool:
        """Whether every row went in."""
        return self.state == self.State.DONE and not self.bad and not self.desk

    @property
    def percent(self) -> int:
        return 100 * self.done_facts // self.facts if self.facts else 0

    @property
    def busy(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


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

    case = models.ForeignKey(DeskCase, on_delete=models.CASCADE, related_name="waiting")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="waiting")
    rows = models.IntegerField()


class Reminder(models.Model):
    """催报: the office tells an enterprise which reports of a period are missing."""

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

    row_policy = OfficeOnly()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    data_class = models.CharField(max_length=40, db_index=True)
    title = models.CharField(max_length=200)
    number = models.CharField(max_length=80)
    valid_from = models.DateField()
    entered_by = models.CharField(max_length=80)
    entered_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.title}（{self.number}）"


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    """The local day, by which files are judged as old or from the future."""
    from django.utils import timezone

    return timezone.localdate()
