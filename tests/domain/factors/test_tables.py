"""Tables with source cards: each mistake is refused with code, place and repair."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tanma.domain.factors.tables import (
    factor_table,
    number,
    read_folder,
    read_table,
    rows,
    table,
    tables,
)
from tanma.domain.messages import Problem

BROKEN = Path(__file__).parents[2] / "broken" / "factors"

EXPECTED = {
    "card_missing": ("factor_card_missing", ["card_missing.toml"], ["没有来源卡"], ["Add"]),
    "card_key_twice": ("factor_card_unreadable", ["6"], ["同一个键只能写一次"], ["only once"]),
    "card_key_unknown": ("factor_card_key_unknown", ["6", "isuer"], ["没有"], ["issuer"]),
    "card_column_key_unknown": (
        "factor_card_key_unknown",
        ["18", "columns.name_en.unti"],
        ["改正拼写"],
        ["Correct the spelling"],
    ),
    "card_key_missing": ("factor_card_key_missing", ["licence"], ["请补上"], ["Add it"]),
    "card_type_unknown": ("factor_card_type_unknown", ["memo", "decimal"], ["类型"], ["type"]),
    "card_unit_missing": ("factor_card_unit_missing", ["value"], ["没有单位"], ["no unit"]),
    "checksum_wrong": ("factor_checksum_wrong", ["11", "sha256:0000"], ["校验和"], ["checksum"]),
    "column_unknown": ("factor_column_unknown", ["colour"], ["没有在来源卡中声明"], ["Declare it"]),
    "column_twice": ("factor_column_twice", ["note"], ["出现两次"], ["twice"]),
    "column_missing": ("factor_column_missing", ["note"], ["缺少"], ["missing"]),
    "cells_wrong": ("factor_cells_wrong", ["2", "20", "19"], ["双引号"], ["Quote"]),
    "cell_missing": ("factor_cell_missing", ["3", "document"], ["不能为空"], ["Fill it in"]),
    "cell_spaces": ("factor_cell_spaces", ["2", " notice"], ["空格"], ["spaces"]),
    "unit_missing": ("factor_unit_missing", ["3", "0.5306"], ["没有单位"], ["no unit"]),
    "value_wrong": ("factor_value_wrong", ["2", "0.53-0.54"], ["不写范围"], ["without range"]),
    "data_year_wrong": ("factor_value_wrong", ["2", "MMXXII"], ["不是数"], ["no number"]),
    "date_wrong": ("factor_date_wrong", ["2", "26.12.2024"], ["不是日期"], ["no date"]),
    "evidence_unknown": ("factor_evidence_unknown", ["2", "rumour"], ["图例"], ["explain"]),
    "id_duplicate": (
        "factor_id_duplicate",
        ["3", "grid/2022/CN", "2"],
        ["已在第 2 行"],
        ["line 2"],
    ),
    "validity_overlap": (
        "factor_validity_overlap",
        ["3", "2", "2023-01-01", "2023-07-01"],
        ["重叠"],
        ["overlaps"],
    ),
    "validity_reversed": (
        "factor_validity_reversed",
        ["2", "2021-01-01", "2022-01-01"],
        ["不晚于"],
        ["not after"],
    ),
}


def read_broken(name: str) -> object:
    return read_table(BROKEN / f"{name}.csv", BROKEN / f"{name}.toml")


def test_the_form_that_the_broken_files_deviate_from_is_read():
    assert 2 == len(read_broken("good").rows)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_table_is_refused_with_place_and_repair(name):
    code, both, zh, en = EXPECTED[name]
    with pytest.raises(Problem) as caught:
        read_broken(name)
    problem = caught.value
    assert code == problem.code
    for word in [f"{name}.", *both, *zh]:
        assert word in problem.text("zh")
    for word in [f"{name}.", *both, *en]:
        assert word in problem.text("en")


def test_every_broken_file_is_tested():
    names = {f.stem for f in BROKEN.glob("*.toml")} | {f.stem for f in BROKEN.glob("*.csv")}
    assert names == {*EXPECTED, "good", "table_missing"}


def test_a_card_without_table_is_refused(tmp_path):
    (tmp_path / "table_missing.toml").write_text("")
    with pytest.raises(Problem) as caught:
        read_folder(tmp_path)
    assert "factor_table_missing" == caught.value.code
    assert "没有对应的 CSV" in caught.value.text("zh")
    assert "has no table" in caught.value.text("en")


def test_a_folder_of_a_region_is_read_by_name(tmp_path):
    for suffix in (".csv", ".toml"):
        (tmp_path / f"good{suffix}").write_bytes((BROKEN / f"good{suffix}").read_bytes())
    assert ["good"] == list(read_folder(tmp_path))


def test_an_unknown_table_names_those_that_exist():
    with pytest.raises(Problem) as caught:
        rows("grids")
    assert "factor_table_unknown" == caught.value.code
    assert "grid, " in caught.value.text("en")
    assert "现有的表" in caught.value.text("zh")


@pytest.mark.parametrize(
    ("expected", "text"), [(0.5306, "0.5306"), (44 / 12, "44/12"), (-1.0, "-1"), (0.11, "0.110")]
)
def test_the_number_of_a_text(expected, text):
    assert expected == number(text)


def test_every_table_round_trips_to_the_same_bytes():
    """What the loader keeps is all there is: rows written again are the file."""
    import csv
    import io
    from importlib import resources

    for info in tables():
        of_reference = {"regions", "industries", "industry_guidelines", "if97"}
        room = "reference" if info.name in of_reference else ""
        package = f"tanma.domain.{room or 'factors'}"
        file = resources.files(package) / "data" / f"{info.name}.csv"
        out = io.StringIO()
        writer = csv.DictWriter(out, [c.name for c in info.columns], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows(info.name))
        assert file.read_text(encoding="utf-8") == out.getvalue()


def test_the_rows_carried_over():
    counts = {t.name: t.row_count for t in tables()}
    assert counts == {
        "alternative_fuels": 28,
        "constants": 12,
        "fuels": 250,
        "grid": 146,
        "grid_regions": 59,
        "gwp": 140,
        "heat": 3,
        "oxidation": 7,
        "power_coal": 4,
        "process": 158,
        "standard_coal": 36,
        "regions": 132,
        "industries": 917,
        "industry_guidelines": 58,
        "if97": 112,
    }


def test_evidence_counts_cover_every_row():
    for info in tables():
        assert info.row_count == sum(info.evidence_counts.values())
        assert not info.checked_against_print


def test_every_factor_has_unit_evidence_dates_and_source():
    for record in factor_table().to_pylist():
        assert record["unit"]
        assert record["source"]
        assert record["evidence"] in {"confirmed_1", "confirmed_2", "recalled"}
        assert record["valid_from"] < record["valid_to"]
        assert math.isfinite(record["value"])


def test_row_ids_are_unique_over_all_tables():
    ids = factor_table()["row_id"].to_pylist()
    assert len(ids) == len(set(ids))


def test_a_value_is_never_a_range():
    assert not [r for r in factor_table().to_pylist() if "-" in r["value_text"]]


def test_the_columns_of_every_factor_table_are_the_same():
    shapes = {t.columns for t in tables() if t.kind == "factors"}
    assert 1 == len(shapes)


def test_the_legend_explains_recalled_in_both_languages():
    legend = table("fuels").card.evidence["recalled"]
    assert "未见原文" in legend["zh"]
    assert "not seen" in legend["en"]
