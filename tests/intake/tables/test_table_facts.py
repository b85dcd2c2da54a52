"""What good rows become: items, exact counts, spans, sources, and statistics forms."""

import datetime as dt

import pytest

from tanma.domain.messages import Problem
from tanma.intake.tables import FACT_SCHEMA
from tanma.intake.tables.cells import Context, Where, as_moment
from tanma.intake.tables.packages import load_package

CODE = "91990101MA0DEM001L"
DAY = dt.date


def rows(checked, *columns):
    table = checked.facts.select(columns)
    return [tuple(row.values()) for row in table.to_pylist()]


def test_one_declared_row_is_one_whole_fact(judge):
    text = (
        "统一社会信用代码,期间,项目,流向,数量,单位,来源,修订号\n"
        f"{CODE},2026-09,天然气,燃烧,12500,m3,抄表,3\n"
    )
    facts = judge(text).facts
    assert FACT_SCHEMA == facts.schema
    expected = {
        "subject_scheme": "uscc",
        "subject_value": CODE,
        "item": "fuel.natural_gas.burnt",
        "kind": "amount",
        "valid_from": DAY(2026, 9, 1),
        "valid_to": DAY(2026, 10, 1),
        "value": 125_000_000,
        "text": None,
        "reported": "12500 m3",
        "source": "meter",
        "revision": 3,
        "data_class": "internal",
        "evidence": "#2",
        "corrects": None,
        "row": 2,
    }
    assert [expected] == facts.to_pylist()


def test_every_flow_of_a_carrier_is_its_own_item(judge):
    flows = ["燃烧", "加工转换投入", "加工转换产出", "原料用"]
    body = "".join(f"{CODE},2026-09,烟煤,{f},1,万吨\n" for f in flows)
    checked = judge("统一社会信用代码,期间,项目,流向,数量,单位\n" + body)
    items = [f"fuel.bituminous.{f}" for f in ("burnt", "transformed", "produced", "feedstock")]
    assert [(i, 10**10) for i in items] == rows(checked, "item", "value")


def test_money_converts_to_fen(judge):
    text = f"统一社会信用代码,期间,工业总产值,劳动者报酬,金额单位\n{CODE},2026Q3,1.2,900.55,万元\n"
    expected = [("economy.output_value", 1_200_000), ("economy.labour_compensation", 900_550_000)]
    assert expected == rows(judge(text), "item", "value")


def test_an_empty_cell_is_no_fact_not_zero(judge):
    text = f"统一社会信用代码,期间,税额,计税营业额,金额单位\n{CODE},2026Q3,,0,元\n"
    assert [("tax.turnover", 0)] == rows(judge(text), "item", "value")


def test_statistics_are_for_statistics_only(judge):
    text = f"统一社会信用代码,期间,工业增加值,金额单位\n{CODE},2026Q3,1,元\n"
    assert [("statistical_only",)] == rows(judge(text), "data_class")


def test_an_enterprise_is_dated_attributes(judge):
    text = (
        "uscc,name,industry,area_statutory,size_class,status,valid_from\n"
        f"{CODE},甲,0610,990101,规上,在营,2026/1/1\n"
    )
    checked = judge(text)
    expected = [
        ("id.uscc", CODE), ("name", "甲"), ("industry", "0610"), ("area.statutory", "990101"),
        ("size_class", "above"), ("status", "active"),
    ]  # fmt: skip
    assert expected == rows(checked, "item", "text")
    assert {("attribute", DAY(2026, 1, 1), DAY(9999, 12, 31), None)} == set(
        rows(checked, "kind", "valid_from", "valid_to", "value")
    )


def test_targets_speak_of_areas_and_name_their_document(judge):
    text = (
        "对象类别,对象代码,指标,期间,目标值,单位,文号\n"
        "区域,990101,单位增加值碳排放,2030,0.85,t/万元,示例〔2026〕1号\n"
    )
    expected = [("area", "990101", "target.emission_intensity", 850_000, "#2 doc:示例〔2026〕1号")]
    columns = ("subject_scheme", "subject_value", "item", "value", "evidence")
    assert expected == rows(judge(text), *columns)


def test_form_205_1_gives_month_cumulative_and_stocks(judge):
    text = (
        "统一社会信用代码,报告期,能源名称,计量单位,年初库存量,购进量1-本月,消费量合计本月,"
        "消费量合计1–本月,期末库存量\n"
        f"{CODE},2026年1-2月,烟煤,吨,1200,5300,,5100.5,1399.5\n"
        f"{CODE},2026-03,烟煤,吨,1200,7900,2650,7750.5,1349.5\n"
    )
    checked = judge(text)
    got = set(rows(checked, "item", "kind", "valid_from", "valid_to", "value"))
    coal, new_year, t = "fuel.bituminous.", DAY(2026, 1, 1), 10**6
    end_feb, end_march = DAY(2026, 3, 1), DAY(2026, 4, 1)
    consumed = {
        (coal + "consumed", "cumulative", new_year, end_feb, 51005 * t // 10),
        (coal + "consumed", "cumulative", new_year, end_march, 77505 * t // 10),
        (coal + "consumed", "amount", end_feb, end_march, 2650 * t),
    }
    assert consumed == {row for row in got if row[0] == coal + "consumed"}
    stocks = {
        (coal + "stock", "stock", new_year, new_year, 1200 * t),
        (coal + "stock", "stock", end_feb, end_feb, 13995 * t // 10),
        (coal + "stock", "stock", end_march, end_march, 13495 * t // 10),
    }
    assert stocks == {row for row in got if row[1] == "stock"}
    assert {("stat.205-1", "statistical_only")} == set(rows(checked, "source", "data_class"))


def test_a_form_wants_months(judge, line):
    text = f"统一社会信用代码,报告期,工业总产值1-本月,金额单位\n{CODE},2026Q3,1,万元\n"
    assert "month_needed" == line(judge(text, "form_output")).code
    assert "不是月份" in line(judge(text, "form_output")).zh


def test_heat_of_forms_is_in_million_kilojoules(judge):
    text = (
        "统一社会信用代码,报告期,能源名称,单位,加工转换投入1-本月,加工转换产出1-本月\n"
        f"{CODE},2026-03,热力,百万千焦,,15200\n"
    )
    assert [("heat.produced", 15_200_000_000)] == rows(judge(text), "item", "value")


def test_products_are_found_by_name(judge):
    text = f"统一社会信用代码,期间,产品,数量,单位\n{CODE},2026-09,乙烯,2,kg\n"
    assert [("product.ethylene.output", 2000)] == rows(judge(text), "item", "value")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-09-01 08:00", "2026-09-01T08:00:00"),
        ("2026/9/1 8:05:30", "2026-09-01T08:05:30"),
        ("2026-09-01T23:59", "2026-09-01T23:59:00"),
        ("２０２６年9月1日 08:00", "2026-09-01T08:00:00"),
    ],
)
def test_a_moment_is_a_local_time_written_year_first(text, meant):
    package = load_package("batches")
    where = Where("开始", package.fields["batch_start"], package, Context(dt.date(2026, 11, 30)))
    assert meant == as_moment(text, where)


@pytest.mark.parametrize("text", ["2026-09-01", "08:00", "2026-09-01 24:00", "01.09.2026 08:00"])
def test_what_is_no_moment_is_refused(text):
    package = load_package("batches")
    where = Where("开始", package.fields["batch_start"], package, Context(dt.date(2026, 11, 30)))
    with pytest.raises(Problem) as told:
        as_moment(text, where)
    assert "cell_time_unknown" == told.value.code
