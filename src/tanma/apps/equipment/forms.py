"""What is stated of a device from a day on: one form for a new one and for changes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.equipment.models import Equipment
from tanma.apps.equipment.projection import COLUMNS
from tanma.apps.equipment.stating import FEEDS, meters_of
from tanma.apps.equipment.words import kind_choices
from tanma.apps.kit.door import lang
from tanma.apps.metering import door as metering
from tanma.apps.people.door import Viewer, visible
from tanma.domain import equipment
from tanma.domain.messages import Problem

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
NUMBER: dict[str, Any] = {
    "regex": r"^[0-9]{1,9}(\.[0-9]{1,6})?$", "required": False, "max_length": 20,
}  # fmt: skip
DECIMAL = forms.TextInput(attrs={"inputmode": "decimal"})


def said(problem: Problem) -> ValidationError:
    return ValidationError(problem.text(lang()))


class DeviceForm(forms.Form):
    name = forms.RegexField(
        label=_("设备编号"), regex=r"^[^\s\[\]\"'#/]{1,40}$",
        help_text=_("铭牌或台账上的编号，全平台唯一，不含空格和 [ ] # / 引号"),
    )  # fmt: skip
    title = forms.CharField(label=_("设备名称"), max_length=60)
    kind = forms.ChoiceField(label=_("设备类别"), choices=kind_choices)
    section = forms.CharField(label=_("所在工段"), required=False, max_length=60)
    site = forms.CharField(label=_("场所"), required=False, max_length=60)
    location = forms.CharField(label=_("安装位置"), required=False, max_length=120)
    rated_kw = forms.RegexField(label=_("额定功率（kW）"), widget=DECIMAL, **NUMBER)
    efficiency = forms.CharField(
        label=_("能效等级"), required=False, max_length=40, help_text=_("照铭牌或能效标识填写")
    )
    maker = forms.CharField(label=_("制造商"), required=False, max_length=120)
    model = forms.CharField(label=_("型号"), required=False, max_length=120)
    made_on = forms.DateField(label=_("投用日期"), required=False, widget=DAY)
    nameplate = forms.CharField(
        label=_("铭牌参数"), required=False, max_length=400,
        help_text=_("例如 排气压力 0.8 MPa；排气量 24 m³/min"),
    )  # fmt: skip
    input = forms.MultipleChoiceField(
        label=_("输入表计"), required=False, help_text=_("计量进入设备的能源")
    )
    output = forms.MultipleChoiceField(
        label=_("输出表计"), required=False, help_text=_("计量产出，例如压缩空气、蒸汽")
    )
    parameters = forms.MultipleChoiceField(
        label=_("参数表计"), required=False, help_text=_("功率、电流、压力、温度、运行状态等测点")
    )
    idle_above_kw = forms.RegexField(
        label=_("空闲门槛（kW）"), widget=DECIMAL, help_text=_("空着即用该类别的默认份额"), **NUMBER
    )
    run_above_kw = forms.RegexField(label=_("运行门槛（kW）"), widget=DECIMAL, **NUMBER)
    codes = forms.CharField(
        label=_("状态代码"), required=False, max_length=120,
        help_text=_("例如 run=1,3 idle=2 stop=0；空着即 1 运行、2 空闲、0 停机"),
    )  # fmt: skip
    since = forms.DateField(label=_("生效日期"), widget=DAY)
    evidence = forms.CharField(label=_("凭据"), max_length=100, help_text=_("文件、工单或说明"))

    def __init__(
        self, *args: Any, enterprise: int, viewer: Viewer, device: Equipment | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        rows = visible(viewer, metering.Meter.objects.filter(enterprise=enterprise))
        choices = [(m.uid, str(m)) for m in rows.order_by("name")]
        for key in FEEDS:
            self.fields[key].choices = choices  # type: ignore[attr-defined]
        self.device = device
        self.initial = {"since": timezone.localdate(), **self.now(), **self.initial}
        if device is not None:
            del self.fields["name"]

    def now(self) -> dict[str, Any]:
        """Field → what holds today."""
        if self.device is None:
            return {}
        found = {key: getattr(self.device, key) for key in COLUMNS}
        return found | {key: found[key].split() for key in FEEDS}

    def clean_codes(self) -> str:
        text = str(self.cleaned_data["codes"]).strip()
        try:
            equipment.codes(text)
        except Problem as problem:
            raise said(problem) from None
        return text

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        low, high = given.get("idle_above_kw"), given.get("run_above_kw")
        if low and high and float(low) >= float(high):
            self.add_error("run_above_kw", gettext("运行门槛必须高于空闲门槛。"))
        return given

    def texts(self) -> dict[str, str]:
        """Attribute → text, meters by their names."""
        given = self.cleaned_data
        made_on = given["made_on"]
        texts = {key: given[key] for key in COLUMNS if key not in FEEDS}
        texts["made_on"] = made_on.isoformat() if made_on else ""
        named = meters_of([Equipment(**{k: " ".join(given[k]) for k in FEEDS})])
        return texts | {
            key: "、".join(named[uid].name for uid in given[key] if uid in named) for key in FEEDS
        }

    def changes(self) -> dict[str, str]:
        """The attributes that differ from what holds today."""
        assert self.device is not None
        named = meters_of([self.device])
        before = {key: getattr(self.device, key) for key in COLUMNS}
        before |= {
            key: "、".join(named[uid].name for uid in before[key].split() if uid in named)
            for key in FEEDS
        }
        return {key: text for key, text in self.texts().items() if text != before[key]}
