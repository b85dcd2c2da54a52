"""Users, organisations, what a user may do for which area or enterprise, and consent."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from tanma.domain.identity import id_text, new_id


class User(AbstractUser):
    id = models.BigIntegerField(primary_key=True, default=new_id)
    display_name = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=10, blank=True)
    """Of letters: the one last chosen on the pages, at first that of the first login."""

    def __str__(self) -> str:
        return self.display_name or self.username


class Organisation(models.Model):
    id = models.BigIntegerField(primary_key=True, default=new_id)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)

    def __str__(self) -> str:
        return self.name_zh


class Role(models.TextChoices):
    """What a membership lets its holder do; see `policy.ACTIONS`."""

    ADMIN = "admin", _("系统管理员")
    BUREAU = "bureau", _("主管部门")
    REVIEWER = "reviewer", _("初审")
    CHECKER = "checker", _("复核")
    PUBLISHER = "publisher", _("发布")
    ENTERPRISE = "enterprise", _("企业")


class Membership(models.Model):
    """A role of a user, for an area (officials; empty = the whole region) or one enterprise."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    role = models.CharField(max_length=20, choices=Role.choices)
    area_code = models.CharField(max_length=20, blank=True)
    subject = models.BigIntegerField(null=True, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(default="9999-12-31")
    granted_by = models.CharField(max_length=80, blank=True)
    ended_by = models.CharField(max_length=80, blank=True)

    @property
    def uid(self) -> str:
        return id_text(self.id)


class Consent(models.Model):
    """An enterprise lets the holder of a link see its figures, for a purpose and until a day."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    subject = models.BigIntegerField(db_index=True)
    purpose = models.CharField(max_length=120)
    token_hash = models.CharField(max_length=64, unique=True)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT)
    granted_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class ApiToken(models.Model):
    """A key with which a program acts as its user. Only its hash is kept."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    label = models.CharField(max_length=60)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    @property
    def uid(self) -> str:
        return id_text(self.id)
