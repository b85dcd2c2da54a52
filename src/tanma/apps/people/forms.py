"""The login form: the way to a new password is offered only where letters can be sent."""

from __future__ import annotations

from typing import Any

from allauth.account import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class LoginForm(forms.LoginForm):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if not settings.TANMA.mail_url:
            self.fields["password"].help_text = _("忘记密码请联系本单位管理员")
