"""Sample values for the styleguide. They stand for nothing and are marked as samples."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.certificate import Certificate, Figure
from tanma.apps.kit.charts import Chart, Series, Target
from tanma.apps.kit.shapes import HexCell, HexLabel, HexMap, hex_map
from tanma.apps.kit.tables import Column, Table
from tanma.apps.kit.templatetags.kit import grade, level

SAVED = _("样例：已保存。")
WARNED = _("样例：有 3 行未导入，请下载问题表核对。")
QUARTERS = [
    "2023Q4",
    "2024Q1",
    "2024Q2",
    "2024Q3",
    "2024Q4",
    "2025Q1",
    "2025Q2",
    "2025Q3",
    "2025Q4",
    "2026Q1",
    "2026Q2",
    "2026Q3",
]
SHORT = [q[2:] for q in QUARTERS]
COUNTS = {1: 624, 2: 1391, 3: 1108, 4: 534, 5: 143}
BEFORE = {1: 600, 2: 1402, 3: 1108, 4: 551, 5: 139}
MG = 10**9
SPARK = [662, 655, 671, None, 648, 651, 630, 644, 636, 622, 628, 618]
LEVELS = ("low", "mid", "high")


class SampleFilter(forms.Form):
    q = forms.CharField(label=_("名称或编号"), required=False)
    grade = forms.ChoiceField(
        label=_("碳效等级"),
        required=False,
        choices=[("", _("全部")), *[(str(g), str(g)) for g in range(1, 6)]],
    )
    area = forms.ChoiceField(label=_("所属区域"), required=False, choices=[("", _("全部"))])


class SampleForm(forms.Form):
    name = forms.CharField(label=_("企业名称"), help_text=_("与营业执照一致"))
    power = forms.DecimalField(label=_("外购电量（千瓦时）"))


def _rows() -> list[dict[str, Any]]:
    return [
        {
            "name": f"样例企业{i:03d}",
            "area": f"样例{i % 5 + 1}区",
            "grade": i % 5 + 1,
            "level": LEVELS[i * 7 % 3],
            "mg": None if i % 17 == 0 else (i * 7919 % 90_000) * MG,
        }
        for i in range(1, 124)
    ]


def table(query: QueryDict) -> Table:
    from tanma.apps.kit.formats import tonnes

    wanted = query.get("grade", "")
    rows = [r for r in _rows() if not wanted or str(r["grade"]) == wanted]
    rows = [r for r in rows if query.get("q", "") in r["name"]]
    columns = [
        Column("name", _("企业名称"), lambda r: r["name"], href=lambda r: "#", sort=True),
        Column("area", _("所属区域"), lambda r: r["area"], sort=True),
        Column(
            "grade",
            _("碳效等级"),
            lambda r: r["grade"],
            lambda r: grade(r["grade"]),
            sort=True,
            kind="plain",
        ),
        Column(
            "level", _("碳效水平"), lambda r: r["level"], lambda r: level(r["level"]), kind="plain"
        ),
        Column(
            "emission",
            _("碳排放"),
            lambda r: r["mg"],
            lambda r: tonnes(r["mg"]),
            unit="tCO₂",
            kind="number",
            sort=True,
        ),
    ]
    return Table(columns, rows, query, order="-emission", per_page=10, caption=_("样例企业"))


def trend() -> Chart:
    return Chart(
        "bars",
        _("排放与强度"),
        [f"{m}" for m in range(1, 13)],
        [
            Series(_("碳排放"), [71, 73, 76, 68, 49, 66, 69, 70, 72, 74, 75, 70], _("万吨")),
            Series(
                _("碳效值"),
                [0.96, 0.95, 0.97, 0.95, None, 0.93, 0.92, 0.91, 0.89, 0.88, 0.87, 0.855],
                _("吨/万元"),
                draw="line",
                axis=1,
                digits=3,
            ),
        ],
        note=_("月度"),
        name="trend",
        target=Target(_("样例目标"), 60),
        category_label=_("月份"),
    )


def history() -> Chart:
    return Chart(
        "line",
        _("近 8 季"),
        SHORT[4:],
        [
            Series(
                _("与行业平均比值"),
                [2.1, 1.6, 1.15, 1.1, 0.95, 0.88, 0.79, 0.74],
                draw="line",
                digits=2,
            )
        ],
        note=_("每季与当季行业平均相比，数值越小越好"),
        name="history",
        size="s",
        grades=[5, 4, 3, 3, 3, 3, 2, 2],
    )


def composition() -> Chart:
    shares = [[11 + i * 0.6, 20 + i * 0.55, 35 - i * 0.1, 27 - i * 0.66] for i in range(12)]
    parts = [[*s, 100 - sum(s)] for s in shares]
    return Chart(
        "share",
        _("等级构成"),
        SHORT,
        [
            Series(str(g), [round(p[g - 1] * 38) for p in parts], _("家"), grade=g)
            for g in range(1, 6)
        ],
        note=_("近 12 季，家数占比"),
        name="composition",
        size="s",
    )


def sources() -> Chart:
    names = [_("外购电力"), _("原煤"), _("天然气"), _("外购热力"), _("柴油")]
    return Chart(
        "bars",
        _("排放来源"),
        names,
        [Series(_("碳排放"), [312.4, 148.2, 96.8, 51.3, 9.7], _("万吨"), digits=1)],
        horizontal=True,
        name="sources",
        size="s",
    )


def benchmark() -> Chart:
    names = [
        _("水泥"),
        _("化纤"),
        _("印染"),
        _("造纸"),
        _("玻璃"),
        _("电池"),
        _("家具"),
        _("金属制品"),
    ]
    return Chart(
        "range",
        _("行业内分布"),
        names,
        [
            Series(_("下四分位"), [0.82, 0.71, 0.66, 0.73, 0.80, 0.48, 0.41, 0.52], digits=2),
            Series(_("上四分位"), [1.31, 1.42, 1.58, 1.36, 1.22, 1.18, 1.27, 1.49], digits=2),
            Series(_("中位数"), [1.06, 0.94, 1.12, 1.03, 0.98, 0.77, 0.82, 0.91], digits=2),
            Series(_("最优"), [0.74, 0.62, 0.58, 0.66, 0.75, 0.44, 0.38, 0.47], digits=2),
        ],
        note=_("企业与行业平均的比值"),
        name="benchmark",
        reference=1.0,
    )


def places() -> HexMap:
    """A made-up layout of 72 cells in six groups."""
    cells = []
    for i in range(72):
        row, col = divmod(i, 9)
        step = (i * 37) % 5 + 1
        group = "甲乙丙丁戊己"[(col // 3) + 3 * (row // 4)]
        look = f"q{step}" + (" abnormal" if i == 40 else "")
        cells.append(
            HexCell(
                col,
                row,
                "样例" + "一二三四五六七八九十"[i % 10] + ("街道" if i % 4 == 0 else "镇"),
                "" if i == 13 else f"{0.2 + step * 0.31 + i % 7 * 0.03:.2f}",
                "missing" if i == 13 else look,
                "#",
                f"{group}区",
                str(_("异常")) if i == 40 else "",
            )
        )
    labels = [HexLabel("甲区", 9.1, 0)]
    return hex_map(cells, labels, title=str(_("乡镇街道碳耗指数")), unit=str(_("吨/万元")))


def explanation() -> dict[str, Any]:
    power = {
        "label": _("外购电量"),
        "result": "12,480,000",
        "unit": "kWh",
        "origin": _("计量"),
        "source": "样例表 3 行",
        "known": "2026-10-15 08:00",
    }
    factor = {
        "label": _("电力排放因子"),
        "result": "0.5",
        "unit": "kgCO₂/kWh",
        "source": _("样例因子表"),
        "evidence": "recalled",
    }
    emission = {
        "label": _("电力排放"),
        "result": "6,240",
        "unit": "tCO₂",
        "formula": "power_kwh * factor / 1000",
        "values": "12,480,000 * 0.5 / 1000",
        "children": [power, factor],
    }
    value = {
        "label": _("增加值"),
        "result": "10,758",
        "unit": _("万元"),
        "origin": _("申报"),
        "evidence": "declared",
        "source": "样例表 8 行",
    }
    return {
        "label": _("碳效值"),
        "result": "0.5800",
        "unit": _("吨/万元"),
        "formula": "emission_tco2 / value_added_wan",
        "values": "6,240 / 10,758",
        "evidence": "unconfirmed",
        "children": [emission, value],
    }


def steps() -> list[tuple[str | Promise, str, str]]:
    return [
        (_("计算"), "done", "2026-10-12"),
        (_("初审"), "done", "2026-10-13"),
        (_("复核"), "current", ""),
        (_("发布"), "todo", ""),
    ]


def desk(query: QueryDict, sample_table: Table) -> dict[str, Any]:
    bad = SampleForm({"power": "x"})
    bad.is_valid()
    return {
        "crumbs": [(_("首页"), "/"), (_("样式"), "")],
        "table": sample_table,
        "filters": SampleFilter(query),
        "bad_form": bad,
        "counts": COUNTS,
        "before": BEFORE,
        "spark": SPARK,
        "trend": trend(),
        "history": history(),
        "composition": composition(),
        "sources": sources(),
        "benchmark": benchmark(),
        "places": places(),
        "tree": explanation(),
        "steps": steps(),
        "levels": LEVELS,
        "grades": [1, 2, 3, 4, 5, None],
        "tones": ["plain", "good", "warn", "bad", "brand"],
        "mg": 12_345_678_901_234,
        "gce": 4_567_890_123,
        "fen": 1_234_567_89,
        "stamp": 1_791_936_000_000_000,
        "periods": ["2026-09", "2026Q3", "2026H1", "2026", "2026Q3/r4", "2026-01/2026-09"],
        "marks": ["read", "unconfirmed", "recalled", "demo", "declared", "estimated"],
        "empty": Table(sample_table.columns, [], query, prefix="e-"),
        "big": 6_184_000 * MG,
        "edition": "sample-1",
    }


def phone() -> dict[str, Any]:
    return {"history": history(), "share": 0.084, "edition": "sample-1"}


def screen() -> dict[str, Any]:
    return {
        "counts": COUNTS,
        "before": BEFORE,
        "spark": SPARK,
        "trend": trend(),
        "places": places(),
        "composition": composition(),
        "benchmark": benchmark(),
        "sources": sources(),
        "big": 6_184_000 * MG,
        "gce": 2_246_000 * 10**6,
        "edition": "sample-1",
        "crumbs": [("样例省", "/"), ("样例市", "")],
    }


def certificate(lang: str, *, figures: bool) -> Certificate:
    english = lang == "en"
    shown = (
        Figure(str(_("碳排放总量")), "12,346", "tCO₂", str(_("净排放，能源活动"))),
        Figure(str(_("碳效值")), "0.5800", str(_("吨/万元")), str(_("数值越小越好"))),
        Figure(str(_("与行业平均比值")), "0.7342", "", str(_("数值越小越好"))),
    )
    return Certificate(
        name="Sample Materials Co., Ltd." if english else "样例新材料有限公司",
        industry="Sample industry" if english else "样例行业",
        area="Sample district" if english else "样例区",
        period="2026Q3/r4",
        grade=2,
        level="high",
        code="TM-8K2D-M7QX-4",
        url="https://code.example.org/c/TM8K2DM7QX4",
        scheme_title="Sample scheme (not confirmed by the authority)"
        if english
        else "碳效码分级（公开资料整理，未经主管部门确认）",
        edition="sample-1",
        valid_to="2027-01-31",
        publication_number="2026-0003",
        published_on="2026-10-15",
        digest="sha256:" + "9f2c41d877a0e3b5" * 4,
        neutrality_share=0.084,
        neutrality_word=str(_("有碳中和量")),
        show_neutrality_rate=figures,
        known_at="2026-10-14 18:00",
        figures=shown if figures else (),
        demo=True,
    )
