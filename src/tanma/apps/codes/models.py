"""Evaluation runs, their review, publications, and one row per enterprise for the pages."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tanma.apps.people.door import BySubject, OfficeOnly, User
from tanma.domain.identity import id_text, new_id


class State(models.TextChoices):
    """The way of a run; a published one is immutable."""

    COMPUTED = "computed", _("已计算")
    REVIEWED = "reviewed", _("已初审")
    CHECKED = "checked", _("已复核，预览中")
    PUBLISHED = "published", _("已发布")
    REJECTED = "rejected", _("已退回")
    WITHDRAWN = "withdrawn", _("已撤回")


class Schedule(models.Model):
    """When which evaluation is computed by itself. It is never published by itself."""

    row_policy = OfficeOnly()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=10)
    """of period: rolling, quarter, half or year"""
    days_after = models.IntegerField()
    """days after the end of a period from which on it is due"""
    least_percent = models.IntegerField()
    """of active above-scale enterprises that owe nothing for the last month of the period"""
    made_by = models.CharField(max_length=80)
    made_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.CharField(max_length=80, blank=True)
    ended_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    found_percent = models.FloatField(null=True)

    @property
    def uid(self) -> str:
        return id_text(self.id)


class Run(models.Model):
    """One evaluation: scheme edition × period × known time. Its files lie in the lake."""

    row_policy = OfficeOnly()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    scheme = models.CharField(max_length=60)
    edition = models.CharField(max_length=40)
    period = models.CharField(max_length=20)
    period_kind = models.CharField(max_length=10)
    period_end = models.DateField()
    known_at = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.COMPUTED)
    digest = models.CharField(max_length=80)
    code_version = models.CharField(max_length=40)
    summary = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    preview_until = models.DateTimeField(null=True)
    number = models.IntegerField(null=True, unique=True)
    published_at = models.DateTimeField(null=True)
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    notice = models.TextField(blank=True)
    schedule = models.ForeignKey(Schedule, null=True, on_delete=models.PROTECT, related_name="runs")

    class Meta:
        indexes = [models.Index(fields=["state", "period_kind", "period_end"])]
        constraints = [
            # two keepers that find the same period due compute it once
            models.UniqueConstraint(fields=["schedule", "period"], name="run_scheduled_once")
        ]

    @property
    def uid(self) -> str:
        return id_text(self.id)

    @property
    def public(self) -> bool:
        return self.state in {State.PUBLISHED, State.WITHDRAWN}


class Numbering(models.Model):
    """One row: the last number given to a publication. Its lock puts publications in line."""

    row_policy = OfficeOnly()

    last = models.IntegerField(default=0)


class Step(models.Model):
    """Who did what to a run, when and with which note. Appended, never edited."""

    row_policy = OfficeOnly()

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="steps")
    action = models.CharField(max_length=12)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    by = models.CharField(max_length=80)
    at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True)


class Result(models.Model):
    """What a run says of one enterprise. Amounts are counts: mg, g of standard coal, fen."""

    row_policy = BySubject(consent=True)

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="results")
    subject = models.BigIntegerField()
    natural_key = models.CharField(max_length=80)
    name = models.CharField(max_length=160)
    industry = models.CharField(max_length=8)
    area_code = models.CharField(max_length=20)
    size_class = models.CharField(max_length=8)
    data_basis = models.CharField(max_length=12)
    """metered, statistics or declared: the weakest source that enters."""
    status = models.CharField(max_length=12)
    """graded, or uncoded with a reason"""
    reason = models.CharField(max_length=60, blank=True)
    level = models.CharField(max_length=8, blank=True)
    grade = models.IntegerField(null=True)
    neutrality_band = models.CharField(max_length=12, blank=True)
    gross_mg = models.BigIntegerField(null=True)
    deduction_mg = models.BigIntegerField(null=True)
    net_mg = models.BigIntegerField(null=True)
    value_added_fen = models.BigIntegerField(null=True)
    output_fen = models.BigIntegerField(null=True)
    energy_calorific_gce = models.BigIntegerField(null=True)
    intensity = models.FloatField(null=True)
    """L [t/10⁴ yuan], for display; decisions compare integers."""
    ratio = models.FloatField(null=True)
    """K, for display."""
    benchmark_group = models.CharField(max_length=20, blank=True)
    benchmark_value = models.FloatField(null=True)
    benchmark_n = models.IntegerField(null=True)
    rank = models.IntegerField(null=True)
    rank_of = models.IntegerField(null=True)
    best_intensity = models.FloatField(null=True)
    flags = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "subject"], name="result_once")]
        indexes = [
            models.Index(fields=["subject"]),
            models.Index(fields=["run", "grade"]),
            models.Index(fields=["run", "area_code"]),
        ]


class AreaResult(models.Model):
    """What a run says of one area of one hierarchy; its enterprises add up to it exactly."""

    # not for everyone: an area of one or two enterprises would tell their amounts
    row_policy = OfficeOnly()

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="areas")
    hierarchy = models.CharField(max_length=12)
    area_code = models.CharField(max_length=20)
    figures = models.JSONField()
    """Counts as text where they may pass 2⁵³; see engine.regions for the members."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "hierarchy", "area_code"], name="area_once")
        ]


class Trial(models.Model):
    """What a draft of a rule would change of a run: computed, kept, and never published."""

    row_policy = OfficeOnly()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    pack = models.BigIntegerField(db_index=True)
    digest = models.CharField(max_length=80)
    """of the draft's files, so that a later edit shows"""
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=80)
    summary = models.JSONField(default=dict)
    """counts by grade before and after, and how many moved"""
    moved = models.JSONField(default=list)
    """[subject, grade and level before, grade and level after] of each that would move"""


class Objection(models.Model):
    """An enterprise objects to its previewed result, inside the window."""

    row_policy = BySubject()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    run = models.ForeignKey(Run, on_delete=models.PROTECT)
    subject = models.BigIntegerField()
    text = models.TextField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
