"""Forms of gateways: a new one, its signing, the map of a device."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import lang
from tanma.apps.meters.door import NAME
from tanma.intake.devices import built_in


class MapForm(forms.Form):
    """Channels of a device, all at once, as its map names them."""

    map = forms.ChoiceField(label=_("设备类型"))
    meter = forms.RegexField(label=_("表计编号"), regex=NAME, help_text=_("资产编号，全平台唯一"))
    evidence = forms.CharField(label=_("凭据"), max_length=100, help_text=_("文件、工单或说明"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(m.name, m.name_en if lang() == "en" else m.name_zh) for m in built_in().values()]
        self.fields["map"].choices = names  # type: ignore[attr-defined]


class GatewayForm(forms.Form):
    name = forms.CharField(label=_("网关名称"), max_length=60)
    sign = forms.BooleanField(
        label=_("每批读数须签名"), required=False,
        help_text=_("HMAC-SHA256，密钥在下一页显示一次；没有签名或签名不符的批次一律拒收。"),
    )  # fmt: skip


class SigningForm(forms.Form):
    """By which key a gateway signs from now on."""

    SECRET, PUBLIC, END = "secret", "public", "end"
    how = forms.ChoiceField(
        choices=[(n, n) for n in (SECRET, PUBLIC, END)], initial=PUBLIC, widget=forms.HiddenInput
    )
    public_key = forms.CharField(
        label=_("网关的 Ed25519 公钥（PEM）"), required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("私钥留在网关上，例如 openssl genpkey -algorithm ed25519 -out gateway.pem"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("how") == self.PUBLIC and not given.get("public_key"):
            self.add_error("public_key", _("请粘贴公钥。"))
        return given
