"""Accounts and roles, for the administrator. Nothing is deleted: a role ends on a day."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from tanma.apps.kit.door import Column, Table, badge_html
from tanma.apps.people import door as people
from tanma.apps.portal.account import described, number
from tanma.apps.registry import door as registry

PASSWORD_BYTES = 12
OFFICE_ROLES = tuple(r for r in people.Role.values if r != people.Role.ENTERPRISE)


def area_choices() -> list[tuple[str, str]]:
    names = sorted(registry.area_names().items())
    return [("", gettext("全部区域")), *((code, f"{code} {name}") for code, name in names)]


class UserForm(forms.Form):
    """A person, what they may do, and for which area or enterprise."""

    username = forms.CharField(
        label=_("用户名"), max_length=80,
        validators=[people.User.username_validator],
    )  # fmt: skip
    display_name = forms.CharField(label=_("姓名"), max_length=80)
    organisation = forms.CharField(label=_("单位"), max_length=120)
    role = forms.ChoiceField(label=_("角色"), choices=people.Role.choices)
    area = forms.ChoiceField(
        label=_("区域"), required=False, choices=area_choices, help_text=_("主管部门各角色适用")
    )
    uscc = forms.CharField(
        label=_("统一社会信用代码"), required=False, max_length=18, help_text=_("企业角色必填")
    )

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if people.User.objects.filter(username=name).exists():
            raise ValidationError(gettext("用户名“%s”已有人使用，请换一个。") % name)
        return name

    def clean(self) -> dict[str, Any]:
        wanted: dict[str, Any] = self.cleaned_data
        if wanted.get("role") != people.Role.ENTERPRISE:
            if wanted.get("uscc"):
                self.add_error("uscc", gettext("只有企业角色填写统一社会信用代码，请清空。"))
            return wanted
        if wanted.get("area"):
            self.add_error("area", gettext("企业角色不按区域授权，请选择“全部区域”。"))
        code = wanted.get("uscc", "")
        found = registry.find("uscc", [code]).get(code)
        if found is None:
            self.add_error("uscc", gettext("没有代码为“%s”的企业，请核对或先导入名录。") % code)
        wanted["subject"] = found
        return wanted


@never_cache
@login_required
def users(request: HttpRequest) -> HttpResponseBase:
    viewer = people.viewer(request)
    viewer.require("manage_users")
    rows = people.visible(viewer, people.Membership.objects.select_related("user", "organisation"))
    listed = described(list(rows.order_by("user__username", "-valid_from")))
    table = Table(_columns(), listed, request.GET, order="user", caption=_("用户"))
    if (file := table.export("users")) is not None:
        return file
    return render(request, "portal/users.html", {"table": table})


def _columns() -> list[Column]:
    return [
        Column("user", _("用户名"), lambda d: d["row"].user.username, sort=True),
        Column("name", _("姓名"), lambda d: d["row"].user.display_name, sort=True),
        Column("organisation", _("单位"), lambda d: str(d["row"].organisation), sort=True),
        Column("role", _("角色"), lambda d: d["role"], sort=True),
        Column("where", _("范围"), lambda d: d["where"], sort=True),
        Column("from", _("起"), lambda d: d["row"].valid_from.isoformat(), sort=True),
        Column("to", _("止（不含）"), lambda d: _end(d["row"].valid_to), sort=True),
        Column("by", _("授权人"), lambda d: d["row"].granted_by or None, sort=True),
        Column("ended", _("终止人"), lambda d: d["row"].ended_by or None, sort=True),
        Column("state", _("状态"), _state, kind="plain",
               show=lambda d: badge_html(_state(d), "good" if d["live"] else "plain")),
        Column("end", _("操作"), lambda d: gettext("终止") if d["live"] else "", export=False,
               href=lambda d: reverse("portal:end_membership", args=[d["row"].uid])
               if d["live"] else ""),
    ]  # fmt: skip


def _end(day: date) -> str | None:
    return None if day.year == date.max.year else day.isoformat()


def _state(described_row: dict[str, Any]) -> str:
    return gettext("有效") if described_row["live"] else gettext("已终止")


@never_cache
@login_required
def create(request: HttpRequest) -> HttpResponse:
    """Make an account; its temporary password stands in this one answer and nowhere else."""
    viewer = people.viewer(request)
    viewer.require("manage_users")
    form = UserForm(request.POST or None)
    crumbs = [(gettext("用户"), reverse("portal:users")), (gettext("新建用户"), "")]
    if request.method == "POST" and form.is_valid():
        user, password = _create(form.cleaned_data, viewer)
        made = {"made": user, "password": password, "crumbs": crumbs}
        return render(request, "portal/user_created.html", made)
    status = 400 if form.errors else 200
    context = {"form": form, "crumbs": crumbs}
    return render(request, "portal/user_new.html", context, status=status)


@transaction.atomic
def _create(wanted: dict[str, Any], viewer: people.Viewer) -> tuple[people.User, str]:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    user = people.User(username=wanted["username"], display_name=wanted["display_name"])
    user.set_password(password)
    user.save()
    office, _made = people.Organisation.objects.get_or_create(name_zh=wanted["organisation"])
    people.Membership.objects.create(
        user=user, organisation=office, role=wanted["role"], area_code=wanted["area"],
        subject=wanted.get("subject"), valid_from=timezone.localdate(), granted_by=viewer.name,
    )  # fmt: skip
    return user, password


@never_cache
@login_required
def end_membership(request: HttpRequest, uid: str) -> HttpResponse:
    """Ask, then let a role end today; the row stays as a record of who had it until when."""
    viewer = people.viewer(request)
    viewer.require("manage_users")
    rows = people.visible(viewer, people.Membership.objects.filter(pk=number(uid)))
    row = get_object_or_404(rows.filter(valid_to__gt=timezone.localdate()))
    if row.user_id == viewer.user_id and row.role == people.Role.ADMIN:
        messages.error(request, gettext("不能终止自己的管理员角色，请由另一位管理员办理。"))
        return redirect("portal:users")
    if request.method != "POST":
        context = {"about": described([row])[0]}
        return render(request, "portal/membership_end.html", context)
    row.valid_to, row.ended_by = timezone.localdate(), viewer.name
    row.save(update_fields=["valid_to", "ended_by"])
    messages.success(request, gettext("角色已终止。"))
    return redirect("portal:users")
