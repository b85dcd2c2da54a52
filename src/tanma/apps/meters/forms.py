"""Forms of the register: a new meter, a dated change, an event."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import lang, listed
from tanma.apps.metering.door import KINDS, Gateway, Meter, attributes, refuse_wrong, today
from tanma.apps.meters import words
from tanma.apps.people.door import Viewer, visible
from tanma.apps.registry import door as registry
from tanma.domain import quality
from tanma.domain.identity import id_text
from tanma.domain.messages import Problem

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
MOST_DECIMALS = 9
NAME = r"^[^\s\[\]\"'#/]{1,40}$"
"""Ids of meters: what a formula or a point name could not carry is left out."""


def plain(number: Decimal) -> str:
    """Decimal text without exponent and trailing zeros."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def said(problem: Problem) -> ValidationError:
    """A problem of the rules as an error of a form."""
    return ValidationError(problem.text(lang()))


class MeterForm(forms.Form):
    """A meter and its first channel."""

    meter = forms.RegexField(
        label=_("表计编号"), regex=NAME,
        help_text=_("资产编号或现场编号，全平台唯一，不含空格和 [ ] # / 引号"),
    )  # fmt: skip
    item = forms.ChoiceField(label=_("计量项目"), choices=words.quantities)
    kind = forms.ChoiceField(
        label=_("数据形式"), choices=list(KINDS.items()), initial="interval"
    )
    unit = forms.CharField(
        label=_("单位"), required=False, max_length=12, help_text=_("空着即用该项目的常用单位")
    )
    resolution = forms.CharField(label=_("分辨率"), initial="0.01", help_text=_("读数的最小单位"))
    interval_s = forms.ChoiceField(
        label=_("采集间隔"), required=False, choices=list(words.INTERVALS.items()), initial="900"
    )
    ct = forms.DecimalField(
        label=_("电流互感器变比 CT"), min_value=Decimal("0.000001"), initial=1, required=False
    )
    pt = forms.DecimalField(
        label=_("电压互感器变比 PT"), min_value=Decimal("0.000001"), initial=1, required=False
    )
    digits = forms.IntegerField(
        label=_("表底位数"), min_value=1, max_value=18, required=False,
        help_text=_("含小数位；只有表底需要，满位后从零继续"),
    )  # fmt: skip
    rated = forms.DecimalField(
        label=_("额定每小时量"), min_value=Decimal(0), required=False,
        help_text=_("按单位计，例如电表填额定功率 kW"),
    )  # fmt: skip
    parent = forms.ChoiceField(label=_("上级表计"), required=False)
    site = forms.CharField(label=_("场所"), required=False, max_length=60)
    location = forms.CharField(label=_("安装位置"), required=False, max_length=120)
    accuracy = forms.CharField(label=_("准确度等级"), required=False, max_length=20)
    calibration_due = forms.DateField(label=_("检定到期日"), required=False, widget=DAY)
    since = forms.DateField(label=_("生效日期"), widget=DAY)
    evidence = forms.CharField(label=_("凭据"), max_length=100, help_text=_("文件、工单或说明"))

    def __init__(self, *args: Any, enterprise: int, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["since"].initial = today()
        self.fields["parent"].choices = parents(viewer, enterprise)  # type: ignore[attr-defined]

    def clean_resolution(self) -> int:
        return decimals(self.cleaned_data["resolution"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        item = given.get("item", "")
        if item:
            given["unit"] = given.get("unit") or words.unit_of(item)
            allowed = words.units_of(item)
            if given["unit"] not in allowed:
                text = gettext("该项目可用的单位：%s") % listed(allowed)
                self.add_error("unit", text)
        if given.get("kind") == "register" and not given.get("digits"):
            self.add_error("digits", gettext("表底需要位数，翻转时才能算出用量。"))
        return given

    def dated(self) -> dict[str, str]:
        """Attributes of the channel that are dated, as texts."""
        given = self.cleaned_data
        ratio = (given["ct"] or 1) * (given["pt"] or 1)
        return {
            "multiplier": plain(Decimal(ratio)), "interval_s": given["interval_s"],
            "digits": str(given["digits"] or ""),
            "rated": "" if given["rated"] is None else plain(given["rated"]),
        }  # fmt: skip

    def of_meter(self) -> dict[str, str]:
        """Attributes of the meter, as texts."""
        given = self.cleaned_data
        due = given["calibration_due"]
        return {
            "site": given["site"], "location": given["location"], "class": given["accuracy"],
            "parent": given["parent"], "calibration_due": due.isoformat() if due else "",
        }  # fmt: skip


def decimals(text: str) -> int:
    """Decimals of a resolution that is a power of ten: 0.01 has two."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal(0)
    scale = -value.adjusted() if value > 0 else -1
    if not 0 <= scale <= MOST_DECIMALS or value != Decimal(1).scaleb(-scale):
        raise ValidationError(gettext("请填 1、0.1、0.01 等，至多 9 位小数。"))
    return scale


def parents(viewer: Viewer, enterprise: int, but: int | None = None) -> list[tuple[str, Any]]:
    """Meters of an enterprise as choices of what lies above."""
    rows = visible(viewer, Meter.objects.filter(enterprise=enterprise)).exclude(pk=but or 0)
    return [("", _("（没有，直接在企业之下）")), *((m.uid, str(m)) for m in rows.order_by("name"))]


class DatedForm(forms.Form):
    """What holds from a day on; only what differs from today is stated."""

    valid_from = forms.DateField(label=_("生效日期"), widget=DAY)
    evidence = forms.CharField(label=_("凭据"), max_length=100, help_text=_("文件、工单或说明"))

    def now(self) -> dict[str, str]:
        """Field → what holds today, as text."""
        raise NotImplementedError

    def begin(self) -> None:
        """Order the fields and fill in what holds."""
        self.order_fields([n for n in self.fields if n not in {"valid_from", "evidence"}])
        self.initial = {**self.now(), "valid_from": today(), **self.initial}

    def changes(self) -> list[tuple[str, str, str]]:
        """(field, what holds today, what shall hold) where the two differ."""
        found = []
        for name, before in self.now().items():
            given = self.cleaned_data.get(name) or ""
            after = given.isoformat() if isinstance(given, date) else str(given)
            if after != before:
                found.append((name, before, after))
        return found


class ChangeForm(DatedForm):
    """What holds of a meter and its channels from a day on."""

    site = forms.CharField(label=_("场所"), required=False, max_length=60)
    parent = forms.ChoiceField(label=_("上级表计"), required=False)
    location = forms.CharField(label=_("安装位置"), required=False, max_length=120)
    accuracy = forms.CharField(label=_("准确度等级"), required=False, max_length=20)
    calibration_due = forms.DateField(label=_("检定到期日"), required=False, widget=DAY)
    source = forms.ChoiceField(label=_("数据来源"), required=False)
    formula = forms.CharField(
        label=_("虚拟表公式"), required=False, max_length=400,
        help_text=_("其他表计的和差，例如 [总表] - [一车间] - 0.5 * [二车间]；空着即为实体表"),
    )  # fmt: skip
    counts = forms.ChoiceField(
        label=_("计入合计"), required=False, choices=list(words.COUNTS.items()),
        help_text=_("只对虚拟表有意义：它与组成它的表计只有一方计入企业和区域合计"),
    )  # fmt: skip

    def __init__(
        self, *args: Any, meter: Meter, channels: list[registry.Channel], viewer: Viewer,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.meter, self.channels = meter, channels
        choices = parents(viewer, meter.enterprise or 0, meter.id)
        self.fields["parent"].choices = choices  # type: ignore[attr-defined]
        self.fields["source"].choices = sources(viewer, meter)  # type: ignore[attr-defined]
        for channel in channels:
            self._of_channel(channel)
        self.begin()

    def _of_channel(self, channel: registry.Channel) -> None:
        name = registry.item_name(channel.item)
        for key, label, widget in (
            ("multiplier", gettext("倍率"), forms.TextInput(attrs={"inputmode": "decimal"})),
            (
                "interval_s",
                gettext("采集间隔（秒）"),
                forms.TextInput(attrs={"inputmode": "numeric"}),
            ),
            ("digits", gettext("表底位数"), forms.TextInput(attrs={"inputmode": "numeric"})),
            ("rated", gettext("额定每小时量"), forms.TextInput(attrs={"inputmode": "decimal"})),
        ):
            pattern = (
                r"^[0-9]{1,12}(\.[0-9]{1,9})?$"
                if "decimal" in str(widget.attrs)
                else r"^[0-9]{1,9}$"
            )
            self.fields[f"{key}_{channel.id}"] = forms.RegexField(
                label=f"{name} · {label}", regex=pattern, required=False, widget=widget,
                max_length=30,
            )  # fmt: skip

    def now(self) -> dict[str, str]:
        """Field → what holds today, as text."""
        m = self.meter
        found = {
            "site": m.site, "parent": id_text(m.parent) if m.parent else "",
            "location": m.location, "accuracy": m.accuracy, "source": m.source,
            "calibration_due": m.calibration_due.isoformat() if m.calibration_due else "",
            "formula": m.formula, "counts": m.counts,
        }  # fmt: skip
        for c in self.channels:
            found |= {
                f"multiplier_{c.id}": c.multiplier, f"rated_{c.id}": c.rated,
                f"interval_s_{c.id}": str(c.interval_s or ""),
                f"digits_{c.id}": str(c.digits or ""),
            }  # fmt: skip
        return found

    def clean_formula(self) -> str:
        text = self.cleaned_data["formula"].strip()
        if not text:
            return ""
        try:
            refuse_wrong(self.meter, text)
        except Problem as problem:
            raise said(problem) from None
        return text


class Flags(forms.MultipleChoiceField):
    """Flags as facts name them: `spike|range`."""

    def clean(self, value: Any) -> str:
        return "|".join(super().clean(value))

    def prepare_value(self, value: Any) -> Any:
        return value.split("|") if isinstance(value, str) else value


DOUBTING = ("gap", "freeze", "negative", "spike", "range", "shift", "duplicate", "clock")
"""Flags of intervals that a method of substitution may answer to."""
APART = ("hampel_readings", "hampel_mads")
"""Parameters of a check that is no part of the pass that flags."""


class ChecksForm(DatedForm):
    """What the checks of one channel compare with, and what replaces an amount they doubt."""

    def __init__(self, *args: Any, channel: registry.Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channel = channel
        self.defaults = {p: quality.default(p, words.carrier_key(channel.item))
                         for p in quality.names() if p not in APART}  # fmt: skip
        named = {p.parameter: p for p in quality.parameters()}
        english = lang() == "en"
        for name, value in self.defaults.items():
            p = named[name]
            unit = "" if p.unit in ("1", "count") else f" {p.unit}"
            self.fields[self.field(name)] = forms.CharField(
                label=p.name_en if english else p.name_zh, required=False, max_length=15,
                help_text=gettext("空着即用默认值 %s") % f"{value}{unit}",
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            )  # fmt: skip
        self.fields[self.field(quality.METHOD)] = forms.ChoiceField(
            label=gettext("替代方法"),
            choices=[
                (m.method, f"{m.name_en}: {m.note_en}" if english else f"{m.name_zh}：{m.note_zh}")
                for m in quality.methods().values()
            ],
        )  # fmt: skip
        self.fields[self.field(quality.REPLACED)] = Flags(
            label=gettext("替代所针对的标志"), required=False,
            choices=[(f.flag, f.name_en if english else f.name_zh)
                     for f in quality.flags().values() if f.flag in DOUBTING],
            widget=forms.CheckboxSelectMultiple,
        )  # fmt: skip
        self.begin()

    def field(self, name: str) -> str:
        return f"flag.{name}_{self.channel.id}"

    def now(self) -> dict[str, str]:
        said = attributes([self.channel.id]).get(self.channel.id, {})
        usual = {quality.METHOD: "none", quality.REPLACED: "spike|range"}
        return {
            self.field(n): said.get(f"{quality.PREFIX}{n}") or usual.get(n, "")
            for n in (*self.defaults, *usual)
        }  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in (*self.defaults, quality.REPLACED):
            if text := given.get(self.field(name)):
                try:
                    quality.check(name, text)
                except Problem as problem:
                    self.add_error(self.field(name), said(problem))
        method = given.get(self.field(quality.METHOD))
        if method == "slot" and "channel.profile" not in self._on(given.get("valid_from")):
            text = gettext("该通道到那一天还没有用量档案，不能用同时段中位数替代。")
            self.add_error(self.field(quality.METHOD), text)
        return given

    def _on(self, day: date | None) -> dict[str, str]:
        return attributes([self.channel.id], day).get(self.channel.id, {})


def sources(viewer: Viewer, meter: Meter) -> list[tuple[str, Any]]:
    """Gateways that the viewer may see, as sources of a meter."""
    rows = visible(viewer, Gateway.objects.filter(revoked_at=None)).order_by("name")
    choices: list[tuple[str, Any]] = [("", _("企业的任一网关"))]
    choices += [(g.source, str(g)) for g in rows if g.subject in {None, meter.enterprise}]
    if meter.source and meter.source not in dict(choices):
        choices.append((meter.source, meter.source))
    return choices


class EventForm(forms.Form):
    """Exchange, roll-over or reset of a register."""

    channel = forms.ChoiceField(label=_("通道"))
    kind = forms.ChoiceField(label=_("事件"), choices=list(words.EVENTS.items()))
    at = forms.DateTimeField(
        label=_("时间"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"],
        help_text=_("当地时间"),
    )  # fmt: skip
    final = forms.DecimalField(label=_("止码"), required=False, min_value=0)
    first = forms.DecimalField(label=_("起码"), required=False, min_value=0)
    evidence = forms.CharField(label=_("凭据"), max_length=100, help_text=_("文件、工单或说明"))

    def __init__(self, *args: Any, channels: list[registry.Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channels = {str(c.id): c for c in channels}
        choices = [(n, registry.item_name(c.item)) for n, c in self.channels.items()]
        self.fields["channel"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        channel = self.channels.get(given.get("channel", ""))
        if given.get("kind") == "exchange":
            for name in ("final", "first"):
                if given.get(name) is None and name not in self.errors:
                    self.add_error(name, gettext("换表需要止码和起码。"))
        for name in ("final", "first"):
            if channel is not None and given.get(name) is not None:
                given[f"{name}_count"] = self._count(name, given[name], channel.scale)
        return given

    def _count(self, name: str, value: Decimal, scale: int) -> int | None:
        count = value.scaleb(scale)
        if count != count.to_integral_value():
            self.add_error(name, gettext("该通道只有 %s 位小数。") % scale)
            return None
        return int(count)
