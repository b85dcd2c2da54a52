"""Declarations: every column defined once, every name known, a wrong file refused with its line."""

import pytest

from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.intake.tables import package_names, packages
from tanma.intake.tables.packages import load_package, read_package, shared_fields

GOOD = """title_zh = "甲"
title_en = "A"
source = "declared"
data_class = "internal"
columns = ["uscc", "period", "quantity", "unit"]
required = ["uscc", "period"]
key = ["uscc", "period"]
subject = { scheme = "uscc", column = "uscc" }
span = { period = "period" }
[[facts]]
item = "electricity.purchased"
value = "quantity"
unit = "unit"
"""


def refused(text: str) -> Problem:
    with pytest.raises(Problem) as caught:
        read_package("甲.toml", text)
    return caught.value


def test_all_the_packages_of_the_contract_are_there():
    expected = {
        "enterprises", "sites", "meters", "readings", "readings_wide", "energy", "production",
        "economics", "tax", "renewables", "certificates", "targets", "areas", "gdp",
        "grid_accounts", "equipment", "batches", "purchases", "limits",
        "carbon_market",
        "form_205_1", "form_205_2", "form_205_4", "form_output", "form_finance", "uci_steel",
    }  # fmt: skip
    assert expected == set(package_names())


def test_every_shared_column_is_used_by_some_package():
    used = {c for p in packages().values() for c in p.columns}
    assert set() == set(shared_fields()) - used


def test_forms_that_were_not_read_say_so():
    forms = [p for n, p in packages().items() if n.startswith("form_")]
    assert {"recalled"} == {p.evidence for p in forms}


def test_the_choices_of_items_are_items():
    for package in packages().values():
        for rule in package.facts:
            if rule.item_column:
                assert set(package.fields[rule.item_column].values) <= set(items())


def test_a_package_of_ones_own_is_a_file(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert ("own", ["uscc", "period"]) == (load_package(path).name, load_package(path).key)


def test_an_unknown_key_is_refused_with_its_line():
    found = refused(GOOD.replace("required", "requiered"))
    assert "table_package_wrong" == found.code
    assert "甲.toml 第 6 行有误" in found.text("zh")
    assert "line 6 is wrong" in found.text("en")


def test_a_missing_key_is_refused():
    found = refused(GOOD.replace('source = "declared"\n', ""))
    assert "table_package_wrong" == found.code
    assert "source" in found.text("en")


def test_a_key_given_twice_is_refused():
    assert (
        "table_package_wrong"
        == refused(GOOD.replace("[[facts]]", 'source = "tax"\n[[facts]]', 1)).code
    )


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ('"quantity", "unit"]', '"quantitie", "unit"]', "quantitie", 5),
        ('item = "electricity.purchased"', 'item = "electricity.bought"', "electricity.bought", 11),
        ('source = "declared"', 'source = "hearsay"', "hearsay", 3),
        ('key = ["uscc"', 'key = ["usc"', "usc", 7),
    ],
)
def test_a_name_that_is_nowhere_defined_is_refused_with_its_line(old, new, key, line):
    found = refused(GOOD.replace(old, new))
    assert "table_package_reference" == found.code
    assert f"第 {line} 行引用了不存在的名称 “{key}”" in found.text("zh")
    assert f"line {line} names {key!r}" in found.text("en")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('title_zh = "x"\nsource = ', 2),
        ('title_zh = "x"\n\nsource = 5\n', 3),
        ('title_zh = "x"\n', 1),
    ],
)
def test_a_wrong_declaration_names_a_line_that_exists(text, line):
    with pytest.raises(Problem) as caught:
        read_package("own.toml", text)
    assert ("table_package_wrong", line) == (caught.value.code, caught.value.params["line"])
    assert f"第 {line} 行" in caught.value.text("zh")
