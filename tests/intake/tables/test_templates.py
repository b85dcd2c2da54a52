"""Templates can be filled, carry their help and drop-downs, and their examples are good rows."""

import argparse
import zipfile

import pytest

from tanma.domain.messages import Problem
from tanma.intake.tables import check, package_names, packages, read, write_template
from tanma.intake.tables.templates import allowed, headers
from tanma.site.commands import template as command


@pytest.mark.parametrize("name", package_names())
@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_a_filled_template_is_a_faultless_sheet(name, suffix, known, tmp_path):
    path = write_template(name, tmp_path / f"{name}.{suffix}", filled=True)
    checked = check(read(path), known)
    assert name == checked.sheet.package.name
    assert {} == checked.report.counts()
    assert len(packages()[name].examples) == checked.counts["good"]
    assert checked.facts.num_rows + checked.readings.num_rows >= checked.counts["good"]


def test_an_empty_template_has_the_example_on_a_sheet_of_its_own(tmp_path):
    path = write_template("energy", tmp_path / "t.xlsx")
    with pytest.raises(Problem) as caught:
        read(path)
    assert "file_no_rows" == caught.value.code
    with zipfile.ZipFile(path) as archive:
        assert "烟煤" in archive.read("xl/sharedStrings.xml").decode()
        assert b'state="hidden"' in archive.read("xl/workbook.xml")


def test_columns_with_choices_have_drop_downs_and_all_have_help(tmp_path):
    path = write_template("energy", tmp_path / "t.xlsx")
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        comments = archive.read("xl/comments1.xml").decode()
    assert 4 == sheet.count("<dataValidation ")
    assert "选项!$D$1:$D$8" in sheet
    assert "18 位，末位为校验位" in comments


def test_equal_templates_are_equal_files(tmp_path):
    first = write_template("tax", tmp_path / "a.xlsx").read_bytes()
    assert first == write_template("tax", tmp_path / "b.xlsx").read_bytes()


def test_a_money_column_offers_units_of_money_only():
    tax = packages()["tax"]
    assert ["元", "千元", "万元", "亿元"] == allowed(tax.fields["money_unit"], tax)
    assert "吨" in allowed(packages()["energy"].fields["unit"], packages()["energy"])


def test_a_wide_template_has_a_column_for_each_quarter_hour():
    wide = headers(packages()["readings_wide"])
    assert ["00:00", "00:15", "23:45"] == [wide[5], wide[6], wide[-1]]
    assert 5 + 96 == len(wide)


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    with pytest.raises(Problem) as caught:
        write_template("nothing", tmp_path / "t.xlsx")
    assert "table_package_unknown" == caught.value.code
    assert "没有名为 “nothing” 的数据表" in caught.value.text("zh")
    assert "energy" in caught.value.text("en")


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    return command.run(parser.parse_args(words))


def test_the_command_lists_the_packages(capsys):
    assert 0 == call()
    printed = capsys.readouterr().out
    assert "energy           能源与物料申报  Declared energy and materials" in printed
    assert len(package_names()) == len(printed.splitlines())


def test_the_command_writes_where_it_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert 0 == call("tax", "--csv", "--filled")
    assert 0 == call("tax", "-o", str(tmp_path / "x.xlsx"))
    assert {"tax.csv", "x.xlsx"} == {p.name for p in tmp_path.iterdir()}
    assert "310.5" in (tmp_path / "tax.csv").read_text(encoding="utf-8-sig")
