"""Packs: a region's own rules, from draft to release. What was released is never changed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tanma.apps.people.door import OfficeOnly, User, Viewer
from tanma.domain.identity import id_text, new_id
from tanma.engine.rules import RuleText


class Kind(models.TextChoices):
    SCHEME = "scheme", _("评级方案")
    FACTORS = "factors", _("因子表")
    EDITION = "edition", _("核算方法")


class State(models.TextChoices):
    DRAFT = "draft", _("草稿")
    REVIEWED = "reviewed", _("已审核")
    RELEASED = "released", _("已发布")
    REJECTED = "rejected", _("已退回")


@dataclass(frozen=True)
class ReleasedOrOffice:
    """Released rules are open to all; drafts are working material of the bureau."""

    def allows(self, viewer: Viewer) -> Q | None:
        return None if viewer.office else Q(state=State.RELEASED)


class Pack(models.Model):
    """One edition of a scheme or of an accounting method, or one factor table, as its files."""

    row_policy = ReleasedOrOffice()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=60)
    """id of the scheme or method, or name of the table: read from the files"""
    edition = models.CharField(max_length=60, blank=True)
    files = models.JSONField(default=dict)
    """file name → text"""
    base = models.CharField(max_length=120, blank=True)
    """what it was copied from: `id/edition` of a scheme or method, or a table"""
    purpose = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    author = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    digest = models.CharField(max_length=80, blank=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "kind"])]

    @property
    def uid(self) -> str:
        return id_text(self.id)

    @property
    def text(self) -> RuleText:
        """What a run takes along."""
        files = tuple(sorted(self.files.items()))
        return RuleText(self.kind, self.name, self.edition, files, self.digest)


class PackStep(models.Model):
    """Who did what to a pack, when and why. Appended, never edited."""

    row_policy = OfficeOnly()

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="steps")
    action = models.CharField(max_length=10)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.CharField(max_length=80)
    at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True)
    digest = models.CharField(max_length=80)
    """of the files as they stood"""
