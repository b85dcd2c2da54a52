"""Batches of imported files.

What was imported is in the facts; a batch says which file brought it, who, and what was left out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.db import models
from django.db.models import Q

from tanma.apps.people.door import Viewer
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
    def took_nothing(self) -> bool:
        """Read to the end, and not one row was good enough."""
        return self.state == self.State.DONE and not (self.good or self.repeats or self.desk)

    @property
    def percent(self) -> int:
        return 100 * self.done_facts // self.facts if self.facts else 0

    @property
    def busy(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    """The local day, by which files are judged as old or from the future."""
    from django.utils import timezone

    return timezone.localdate()
