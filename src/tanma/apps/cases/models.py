"""Cases: something with a life cycle that calls for a person, and every step it took."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from tanma.apps.cases.workflows import Move, State, Workflow, workflows
from tanma.apps.kit.door import lang
from tanma.apps.people.door import BySubject, User
from tanma.domain.identity import id_text, new_id
from tanma.domain.messages import render


def told(code: str, params: dict[str, Any]) -> str:
    """A message of the catalogue in the reader's language; parameters may come as {zh, en}."""
    own = {k: v[lang()] if isinstance(v, dict) else v for k, v in params.items()}
    return render(code, lang(), own)


def word(named: State | Move | Workflow) -> str:
    return named.en if lang() == "en" else named.zh


class Case(models.Model):
    """One case of a workflow about an enterprise; its title is a message with parameters."""

    row_policy = BySubject()

    id = models.BigIntegerField(primary_key=True, default=new_id)
    workflow = models.CharField(max_length=40)
    edition = models.CharField(max_length=20)
    state = models.CharField(max_length=20)
    subject = models.BigIntegerField(db_index=True)
    key = models.CharField(max_length=160)
    """What it is about, in words of the room that opened it: one open case a key."""
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    opened_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    """When those whom the present state calls were written to; none while mail is not set up."""
    late_told_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["workflow", "key"]), models.Index(fields=["closed_at", "state"]),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "key"], condition=models.Q(closed_at=None),
                name="case_open_once",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    @property
    def uid(self) -> str:
        return id_text(self.id)

    @property
    def title(self) -> str:
        return told(self.code, self.params)

    @property
    def overdue(self) -> bool:
        return self.closed_at is None and self.due_at is not None and self.due_at < timezone.now()

    @property
    def rules(self) -> Workflow:
        return workflows()[self.workflow]

    @property
    def state_word(self) -> str:
        return word(self.rules.state[self.state])

    @property
    def tone(self) -> str:
        return self.rules.state[self.state].tone


class Step(models.Model):
    """One move or remark of a case: who, when, from where to where, in which words."""

    row_policy = BySubject(field="case__subject")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="steps")
    move = models.CharField(max_length=20, blank=True)
    """"" is a remark: the state stays."""
    before = models.CharField(max_length=20, blank=True)
    after = models.CharField(max_length=20)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.CharField(max_length=80)
    at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True)
    code = models.CharField(max_length=60, blank=True)
    params = models.JSONField(default=dict)

    @property
    def move_word(self) -> str:
        found = self.case.rules.named(self.move)
        return word(found) if found else ""

    @property
    def text(self) -> str:
        """The note of a person, or what the system had to say."""
        return told(self.code, self.params) if self.code else self.note
