"""Checks that need more than one cell: keys, slips of unit, signs, spans, known areas."""

import datetime as dt

import pyarrow as pa
import pytest

HEADER = "统一社会信用代码,期间,项目,流向,数量,单位\n"
CODE = "91990101MA0DEM001L"
OTHER = "91990102MA0DEM0026"


def power(*rows: tuple[str, str, str], code: str = CODE) -> str:
    return HEADER + "".join(f"{code},{p},电力,购入,{v},{u}\n" for p, v, u in rows)


def months(values: list[str], unit: str = "kWh") -> str:
    return power(*[(f"2026-{m:02d}", v, unit) for m, v in enumerate(values, start=1)])


def history(typical: float, subject: str = CODE) -> pa.Table:
    item = "electricity.purchased"
    return pa.table({"subject_value": [subject], "item": [item], "typical": [typical]})


def test_equal_rows_of_one_key_count_once_and_are_no_fault(judge):
    checked = judge(power(("2026-09", "1.5", "MWh"), ("2026年9月", "1500", "kWh")))
    expected = {"rows": 2, "good": 1, "rejected": 0, "repeated": 1, "warnings": 0, "facts": 1}
    assert expected == {k: checked.counts[k] for k in expected}
    assert {} == checked.report.counts()


def test_three_rows_of_one_key_with_one_different_are_all_refused(judge):
    rows = [("2026-09", "1", "kWh"), ("2026-09", "1", "kWh"), ("2026-09", "2", "kWh")]
    checked = judge(power(*rows, ("2026-08", "5", "kWh")))
    assert {"key_conflict": 3} == checked.report.counts()
    told = [line.zh for line in checked.report.lines(10)]
    assert all(" ≠ " in text for text in told)
    assert [5000] == checked.facts["value"].to_pylist()


def test_a_faulty_row_does_not_pull_down_the_row_of_its_key(judge):
    checked = judge(power(("2026-09", "1", "kWh"), ("2026-09", "-2", "kWh")))
    assert {"amount_negative": 1} == checked.report.counts()
    assert [1000] == checked.facts["value"].to_pylist()


def test_kwh_declared_as_mwh_is_seen_by_history(judge, line):
    """A usual month of 120 MWh, and 118,000 MWh declared."""
    checked = judge(power(("2026-09", "118000", "MWh")), history=history(120_000_000))
    found = line(checked)
    assert ("unit_suspected", "error") == (found.code, found.severity)
    assert "118000 MWh 约为本企业通常每月 120 MWh 的 10^3 倍。单位可能应为 kWh" in found.zh
    assert "about 10^3 times a usual month of this enterprise, 120 MWh" in found.en
    assert 0 == checked.facts.num_rows


def test_mwh_declared_as_kwh_is_seen_too(judge, line):
    found = line(judge(power(("2026-09", "118", "kWh")), history=history(120_000_000)))
    assert "10^-3 倍。单位可能应为 MWh" in found.zh


def test_a_slip_is_seen_by_the_other_months_of_the_same_file(judge, line):
    checked = judge(months(["110000", "90000", "105000", "98000", "101000000"]))
    assert (6, "unit_suspected") == (line(checked).row, line(checked).code)
    assert 4 == checked.facts.num_rows


def test_a_swing_is_no_slip(judge):
    assert {} == judge(months(["110000", "300000", "9000", "98000", "500000"])).report.counts()


def test_a_hundredfold_is_only_a_warning(judge, line):
    found = line(judge(power(("2026-09", "12000", "MWh")), history=history(120_000_000)))
    assert "warning" == found.severity


def test_what_no_plant_can_use_is_held_back_without_being_near_a_power_of_ten(judge, line):
    """600,000 times a usual month is 10^5.8."""
    found = line(judge(power(("2026-09", "72000000", "MWh")), history=history(120_000_000)))
    assert ("unit_suspected", "error") == (found.code, found.severity)
    assert "72000000 MWh 约为本企业通常每月 120 MWh 的 10^6 倍。单位可能应为 Wh" in found.zh
    few = judge(power(("2026-09", "60000", "MWh")), history=history(120_000_000))  # 10^2.7
    assert {} == few.report.counts()


def test_each_row_is_told_what_was_usual_of_its_own_thing(judge):
    """A hundredfold of 1.234 MWh and of 98,765 MWh; 10 ^ 2 explains no unit of power."""
    for counts, usual in ((1_234_000, "1.23 MWh"), (98_765_000_000, "98,800 MWh")):
        text = power(("2026-09", f"{counts / 1e4:.0f}", "MWh"))
        (found,) = judge(text, history=history(counts)).report.lines()
        assert "size_suspected" == found.code
        assert f"通常每月 {usual} 的 10^2 倍，没有哪个单位能解释。请核对小数点" in found.zh
        assert "Check the decimal point, the multiplier and the period" in found.en
        assert "—" not in found.zh + found.en


def test_what_peers_do_not_explain_is_kept_and_said(judge, line):
    found = line(judge(power(("2026-09", "12000", "MWh")), peers=history(120_000_000)))
    assert ("size_suspected_peers", "warning") == (found.code, found.severity)
    assert "数据已保留" in found.zh
    assert "no unit explains it" in found.en


def test_a_misspelt_column_that_nobody_reads_is_told(judge, line):
    text = power(("2026-09", "5", "kWh"))
    head, *rows = text.splitlines()
    found = judge("\n".join([head + ",修定号,天气", *(row + ",3,晴" for row in rows)]))
    assert {"header_not_read": 1} == found.report.counts()
    assert "列“修定号”不属于本表，未读取；可能应为“修订号”" in line(found).zh
    assert "'修定号' does not belong to this table and was not read" in line(found).en
    assert 1 == found.facts.num_rows


def test_what_somebody_has_verified_is_kept(judge):
    checked = judge(
        power(("2026-09", "118000", "MWh")), history=history(120_000_000), accept_suspected=True
    )
    assert [118_000_000_000] == checked.facts["value"].to_pylist()
    assert 1 == checked.counts["warnings"]


def test_peers_only_warn_and_only_where_history_is_silent(judge, line):
    text = power(("2026-09", "118000", "MWh"))
    found = line(judge(text, peers=history(120_000_000)))
    assert ("unit_suspected_peers", "warning") == (found.code, found.severity)
    assert "约为同类企业通常每月 120 MWh 的 10^3 倍" in found.zh
    assert {} == judge(text, peers=history(120_000_000), history=history(1.2e11)).report.counts()


def test_history_of_another_enterprise_says_nothing(judge):
    known = history(120_000_000, subject=OTHER)
    assert {} == judge(power(("2026-09", "118000", "MWh")), history=known).report.counts()


def test_a_quarter_is_compared_by_the_month(judge):
    assert (
        {} == judge(power(("2026Q3", "360", "MWh")), history=history(120_000_000)).report.counts()
    )


@pytest.mark.parametrize("value", ["-12.5", "0"])
def test_value_added_of_zero_or_less_is_kept_with_a_warning(value, judge, line):
    text = f"统一社会信用代码,期间,工业增加值,金额单位\n{CODE},2026Q3,{value},万元\n"
    checked = judge(text)
    assert ("value_not_positive", "warning") == (line(checked).code, line(checked).severity)
    assert f"“{value}” 不大于 0" in line(checked).zh
    assert "no grade on value added follows" in line(checked).en
    assert 1 == checked.facts.num_rows


def test_unknown_area_and_industry_name_near_ones(judge):
    text = (
        "uscc,name,industry,area_statutory,size_class,status,valid_from\n"
        f"{CODE},甲,3011,990101001,规上,在营,2026-01-01\n"
        f"{OTHER},乙,3099,990101009,规上,在营,2026-01-01\n"
    )
    checked = judge(text, areas={"990101001"}, industries={"3011", "3012"})
    lines = {x.code: x for x in checked.report.lines()}
    assert {"cell_area_unknown", "cell_industry_unknown"} == set(lines)
    assert "没有登记区域 “990101009”，相近的有：990101001" in lines["cell_area_unknown"].zh
    assert "no industry code '3099'" in lines["cell_industry_unknown"].en
    assert {CODE} == set(checked.facts["subject_value"].to_pylist())


def test_an_end_before_the_start_is_refused(judge, line):
    text = (
        "uscc,name,industry,area_statutory,size_class,status,valid_from,valid_to\n"
        f"{CODE},甲,3011,990101,规上,在营,2026-01-01,2025-01-01\n"
    )
    found = line(judge(text))
    assert "span_backwards" == found.code
    assert "“2025-01-01” 不晚于生效日期" in found.zh


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026年3季度", (2026, 7, 1), (2026, 10, 1)),
        ("2026年第一季度", (2026, 1, 1), (2026, 4, 1)),
        ("2026Q3", (2026, 7, 1), (2026, 10, 1)),
        ("2026年上半年", (2026, 1, 1), (2026, 7, 1)),
        ("2025年", (2025, 1, 1), (2026, 1, 1)),
        ("2026/9", (2026, 9, 1), (2026, 10, 1)),
        ("202609", (2026, 9, 1), (2026, 10, 1)),
        ("2026年1-2月", (2026, 1, 1), (2026, 3, 1)),
        ("2026-09-01", (2026, 9, 1), (2026, 10, 1)),
    ],
)
def test_the_usual_spellings_of_a_period_are_read(text, start, end, judge):
    facts = judge(power((text, "1", "kWh"))).facts
    expected = (dt.date(*start), dt.date(*end))
    assert expected == (facts["valid_from"][0].as_py(), facts["valid_to"][0].as_py())


def test_the_running_month_is_not_the_future(judge):
    assert 1 == judge(power(("2026-11", "1", "kWh"))).facts.num_rows
    assert {"period_future": 1} == judge(power(("2026-12", "1", "kWh"))).report.counts()


def test_a_row_with_two_faults_is_one_rejected_row(judge):
    checked = judge(HEADER + "x,2026-09,电力,购入,-1,kWh\n")
    assert {"uscc_length": 1, "amount_negative": 1} == checked.report.counts()
    assert 1 == checked.counts["rejected"]


def test_a_certificate_claimed_twice_meets_its_own_key(judge):
    number = "99000000000000001202609000000001"
    head = "绿证编号,统一社会信用代码,期间,数量,单位\n"
    checked = judge(head + f"{number},{CODE},2026-09,1,MWh\n{number},{OTHER},2026-09,1,MWh\n")
    assert {"key_conflict": 2} == checked.report.counts()
    wrong = judge(head + f"123,{CODE},2026-09,1,MWh\n")
    assert {"certificate_wrong": 1} == wrong.report.counts()


def test_a_column_full_of_unknown_names_gets_near_ones_only_at_its_head(judge):
    """Near names are looked up for the first fifty; a whole column of them would take minutes."""
    body = "".join(f"{CODE},2026-09,烟煤{n},燃烧,1,t\n" for n in range(2000))
    lines = list(judge(HEADER + body).report.lines())
    assert 2000 == len(lines)
    assert "相近的有：烟煤" in lines[49].zh
    assert "相近的有：—" in lines[50].zh


METER = "表计编号,统一社会信用代码,计量项目,数据形式,单位,分辨率,{},生效日期\n"


def of_meter(column: str, text: str) -> str:
    row = f"M1,{CODE},购入电量,表底,kWh,0.01,{text},2024-01-01\n"
    return METER.format(column) + row


@pytest.mark.parametrize(("column", "text", "kept"), [
    ("倍率", "60.0", "60"), ("倍率", '"1,200"', "1200"), ("额定值", "0.5", "0.5"),
    ("位数", "18", "18"), ("采集间隔秒", "900", "900"), ("检定到期", "2027/6/30", "2027-06-30"),
])  # fmt: skip
def test_numbers_of_a_meter_are_kept_in_one_spelling(judge, column, text, kept):
    checked = judge(of_meter(column, text), "meters")
    assert {} == checked.report.counts()
    assert kept in checked.facts["text"].to_pylist()


@pytest.mark.parametrize(("column", "text", "zh", "en"), [
    ("位数", "19", "“19” 不在允许的范围 1 至 18 内", "'19' is outside 1 to 18"),
    ("位数", "0", "范围 1 至 18", "outside 1 to 18"),
    ("采集间隔秒", "86401", "范围 1 至 86400", "outside 1 to 86400"),
    ("额定值", "-5", "“-5” 不在允许的范围", "'-5' is outside 0.000000001 to 999999999999"),
    ("倍率", "0", "“0” 不在允许的范围", "'0' is outside"),
])  # fmt: skip
def test_numbers_of_a_meter_outside_their_range_are_refused(judge, line, column, text, zh, en):
    found = line(judge(of_meter(column, text), "meters"))
    assert ("cell_out_of_range", "error") == (found.code, found.severity)
    assert zh in found.zh
    assert en in found.en


@pytest.mark.parametrize(("column", "text", "code"), [
    ("位数", "8.5", "cell_not_integer"), ("采集间隔秒", "15 分", "cell_not_integer"),
    ("额定值", "5 kW", "number_not_decimal"), ("倍率", "1e3", "number_not_decimal"),
    ("检定到期", "明年", "cell_date_unknown"), ("准确度等级", "0" * 21, "cell_too_long"),
    ("安装位置", "东" * 121, "cell_too_long"), ("倍率", "0.0000000011", "cell_too_fine"),
])  # fmt: skip
def test_cells_of_a_meter_that_mean_nothing_are_refused(judge, line, column, text, code):
    assert code == line(judge(of_meter(column, text), "meters")).code


def test_a_number_finer_than_it_is_kept_is_told(judge, line):
    found = line(judge(of_meter("倍率", "1.0123456789"), "meters"))
    assert "的小数多于 9 位" in found.zh
    assert "has more than 9 decimals" in found.en
