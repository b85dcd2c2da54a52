"""How far a rule can be trusted, in words; `recalled` must look unconfirmed wherever it stands."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import lang
from tanma.domain.documents import note_text
from tanma.domain.factors.tables import Row

Text = str | Promise
MARKS: dict[str, tuple[Text, Text, str]] = {
    "confirmed": (_("已核来源"), _("所列来源中有此内容"), "good"),
    "confirmed_2": (_("两个来源"), _("两个独立来源一致，未对照印刷原文"), "good"),
    "confirmed_1": (_("一个来源"), _("一个来源，未对照印刷原文"), "plain"),
    "read": (_("已核原文"), _("已对照原文核实"), "good"),
    "unconfirmed": (_("未确认"), _("来自公开资料，未经主管部门确认"), "warn"),
    "recalled": (_("未确认"), _("凭一般知识录入，未对照原文，请核实后使用"), "warn"),
    "proposed": (_("本项目自拟"), _("没有找到规定，由本项目自行选定"), "warn"),
    "assumed": (_("假定"), _("资料未说明，由本项目假定"), "warn"),
    "example": (_("示例"), _("示例，不是任何主管部门的规定"), "warn"),
    "exact": (_("精确关系"), _("由定义得出的精确数值关系"), "good"),
}
"""mark → word, meaning, look"""


def mark_word(mark: str) -> str:
    return str(MARKS[mark][0]) if mark in MARKS else mark


def mark_html(mark: str) -> str:
    """The mark in a frame, its meaning as a tooltip."""
    word, meaning, tone = MARKS.get(mark, (mark, mark, "warn"))
    return format_html('<span class="badge tone-{}" title="{}">{}</span>', tone, meaning, word)


def named(row: Row) -> str:
    """The name of a row in the reader's language, the Chinese one where no other is given."""
    return (lang() == "en" and row.get("name_en")) or row.get("name_zh", "")


PARAMETERS: dict[str, Text] = {
    "ef": _("排放因子"), "ncv": _("低位发热量"), "cc": _("单位热值含碳量"), "of": _("碳氧化率"),
    "gwp": _("全球增温潜势"), "tce": _("折标准煤系数"), "tce_low": _("折标准煤系数（下限）"),
    "tce_high": _("折标准煤系数（上限）"), "tce_equivalent": _("等价值折标准煤系数"),
    "share": _("份额"), "value": _("数值"), "carbon_content": _("含碳量"),
    "fossil_share": _("化石碳份额"), "n2o": "N₂O", "by_product_cf4": _("副产 CF₄"),
    "gas_loss": _("气体损失率"), "ch4_capacity": _("甲烷最大产生能力"), "slope": _("斜率系数"),
    "anode_use": _("阳极净耗"),
}  # fmt: skip
"""parameter of a factor table → word"""
COLUMNS: dict[str, Text] = {
    "id": _("编号"), "code": _("代码"), "code_prefix": _("代码前缀"), "level": _("层级"),
    "section": _("门类"), "parent_code": _("上级代码"), "name_zh": _("中文名称"),
    "name_en": _("英文名称"), "group_synthesised": _("中类系补出"), "evidence": _("依据"),
    "map_evidence": _("对应关系依据"), "part_number_evidence": _("部分号依据"),
    "sector_id": _("行业编号"), "ndrc_guideline": _("国家发展改革委指南"),
    "gbt32151_part": _("GB/T 32151 部分"), "national_ets": _("全国碳市场"), "note": _("备注"),
    "division": _("划分"), "province": _("省份"), "grid_region": _("区域电网"),
    "valid_from": _("适用自"), "valid_to": _("适用至（不含）"), "part": _("部分"),
    "number": _("序号"), "mantissa": _("尾数"), "exponent": _("指数"), "unit": _("单位"),
}  # fmt: skip
"""column of a reference table → word; others, such as I and J of a formula, by their own name"""
VALUES: dict[str, Text] = {
    "level/section": _("门类"), "level/division": _("大类"), "level/group": _("中类"),
    "level/class": _("小类"), "level/province": _("省"), "level/city": _("市"),
    "level/county": _("县区"), "group_synthesised/yes": _("是"), "group_synthesised/no": _("否"),
    "national_ets/no": _("否"), "division/six": _("六大电网"), "division/seven": _("七个区域"),
}  # fmt: skip
"""column/value of a reference table → word"""
GROUPS: dict[str, Text] = {
    "electricity": _("电力"), "heat": _("热力"), "fuel": _("燃料"), "process": _("工业过程"),
    "measured": _("实测参数"), "product": _("产品"), "attribute": _("属性"), "state": _("状态量"),
    "economy": _("经济"), "reactive": _("无功"), "target": _("目标"), "gas": _("气体"),
    "water": _("水"), "tax": _("税务"), "steam": _("蒸汽"), "market": _("碳市场"),
}  # fmt: skip
"""group of items → word"""


def parameter_word(parameter: str) -> str:
    return str(PARAMETERS.get(parameter, parameter))


def column_word(name: str) -> str:
    return str(COLUMNS.get(name, name))


def value_word(column: str, value: str) -> str | None:
    if column == "note":
        return note_text(value, lang()) or None
    return str(VALUES.get(f"{column}/{value}", value)) or None
