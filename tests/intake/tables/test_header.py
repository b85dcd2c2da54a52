"""Headers find their package, tolerate spelling, and say what is nearest when they do not."""

import pytest

from tanma.domain.messages import Problem
from tanma.intake.tables import package_names, read_bytes
from tanma.intake.tables.header import fold
from tanma.intake.tables.packages import packages
from tanma.intake.tables.templates import examples, headers

ROW = "91990101MA0DEM001L,2026-09,电力,购入,1250.5,MWh\n"


@pytest.mark.parametrize("name", package_names())
def test_every_package_is_found_by_its_own_header(name):
    package = packages()[name]
    rows = [headers(package), *examples(package)]
    text = "\n".join(",".join(row) for row in rows)
    assert name == read_bytes(text.encode(), "t.csv").package.name


@pytest.mark.parametrize(
    "header",
    [
        "uscc,period,carrier,flow,quantity,unit",
        "USCC,Period,Carrier,Flow,Quantity,Unit",
        "社会信用代码,报告期,能源品种,用途,用量,计量单位",
        "统一社会信用代码*, 期 间 ,项目,流向,数量,单位",
    ],
)
def test_names_aliases_and_field_ids_are_one(header):
    sheet = read_bytes(f"{header}\n{ROW}".encode(), "t.csv")
    assert ["1250.5"] == sheet.column("quantity").to_pylist()


def test_titles_may_stand_above_the_header():
    text = "湖光市能源表,,,,,\n制表：张,,,,,\n统一社会信用代码,期间,项目,流向,数量,单位\n" + ROW
    assert [4] == read_bytes(text.encode(), "t.csv").rows.tolist()


def test_a_wrong_header_names_what_is_missing_and_nearest():
    with pytest.raises(Problem) as caught:
        read_bytes(f"统一社会信用代码,期间,项目,流向,数里,单位\n{ROW}".encode(), "t.csv")
    assert "header_wrong" == caught.value.code
    assert "《能源与物料申报》，但缺少列：数量" in caught.value.text("zh")
    assert "数里 → 数量" in caught.value.text("zh")
    assert "lacks: 数量" in caught.value.text("en")
    assert "tanma" not in caught.value.text("zh") + caught.value.text("en")
    told = caught.value.params
    assert [("数量", "数里")] == told["lacking"]
    assert [("数里", "数量")] == told["unread"]
    assert "energy" == told["near"][0]


def test_a_slip_in_a_form_does_not_make_another_form_of_it():
    """More names of another sheet may be right by chance: what is nearly right counts too."""
    header = "单位代码,期别,能源名称,计量单位,1-本月消费,1-本月工业生产销费,期末库存量,年初库存"
    with pytest.raises(Problem) as caught:
        read_bytes(f"{header}\n91990101MA0DEM001L,2026-02,烟煤,吨,1,1,1,1\n".encode(), "t.csv")
    assert "form_205_1" == caught.value.params["name"]


def test_a_sheet_that_two_packages_resemble_offers_both():
    with pytest.raises(Problem) as caught:
        read_bytes("统一社会信用代码,期间\n91990101MA0DEM001L,2026-02\n".encode(), "t.csv")
    assert 1 < len(caught.value.params["near"]) <= 3
    assert caught.value.params["name"] == caught.value.params["near"][0]


def test_a_very_wide_header_is_compared_only_so_far():
    header = ",".join(f"栏目{n}" for n in range(5000))
    with pytest.raises(Problem) as caught:
        read_bytes(f"统一社会信用代码,{header}\n1{',1' * 5000}\n".encode(), "t.csv")
    assert 60 == len(caught.value.params["unread"])


def test_a_header_of_another_world_lists_the_tables():
    with pytest.raises(Problem) as caught:
        read_bytes(b"a,b,c\n1,2,3\n", "t.csv")
    assert "header_unknown" == caught.value.code
    assert "企业名录" in caught.value.text("zh")


def test_two_headers_of_one_column_are_refused():
    with pytest.raises(Problem) as caught:
        read_bytes(f"uscc,期间,报告期,项目,流向,数量,单位\n{ROW}".encode(), "t.csv", "energy")
    assert "header_twice" == caught.value.code
    assert "“报告期” 与 “期间” 指同一列（期间）" in caught.value.text("zh")


def test_unknown_columns_are_ignored_and_named():
    header = "统一社会信用代码,期间,项目,流向,数量,单位,审核人\n"
    sheet = read_bytes((header + ROW.strip() + ",李\n").encode(), "t.csv")
    assert ["审核人"] == sheet.ignored


def test_dashes_of_every_length_are_one():
    assert fold("1–本月") == fold("1-本月") == fold("１—本月")
