"""Editions in time: which is in force on a day, and what the next one may not lose."""

from datetime import date
from importlib import resources

import pytest

from tanma.domain.factors.tables import factor_rows
from tanma.domain.messages import Problem
from tanma.domain.methods import check_successor, edition, edition_on, read_edition, succession

CODE = "zj-code-account"
SHIPPED = resources.files("tanma.domain.methods").joinpath("editions")
TEXT = SHIPPED.joinpath(f"{CODE}.toml").read_text("utf-8")
OWN_ORDER = """
[[order]]
id = "own-grid"
title_zh = "省级因子，须在有效期内"
title_en = "Provincial factor in force"
evidence = "example"
based_on = "province-average"

[[order.step]]
family = "electricity"
parameter = "grid_tco2_per_mwh"
origin = "table"
source = "grid"
take = "ef"
kind = "average"
level = "province"
rule = "in_force"
choice = "default"
"""


def later(text=TEXT, edition="2027", begins="2027-01-01", ends=""):
    """The text of an edition of the code account that follows the shipped one."""
    text = text.replace('edition = "undated"', f'edition = "{edition}"')
    return text.replace("in_force_from = 2021-01-01", f"in_force_from = {begins}{ends}")


def read(text):
    return read_edition(text, f"{CODE}.toml", factor_rows())


def refused(text, code):
    with pytest.raises(Problem) as caught:
        check_successor(read(text), text, edition(CODE))
    assert code == caught.value.code
    return caught.value


def test_an_edition_ends_where_its_successor_begins():
    own = [e for e in succession([read(later())]) if e.id == CODE]
    spans = [(e.edition, e.in_force_from, e.in_force_to) for e in own]
    first = ("undated", date(2021, 1, 1), date(2027, 1, 1))
    assert [first, ("2027", date(2027, 1, 1), None)] == spans


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2019-12-31", "undated"), ("2026-12-31", "undated"), ("2027-01-01", "2027")],
)
def test_the_edition_of_a_day(day, expected):
    assert expected == edition_on(CODE, date.fromisoformat(day), [read(later())]).edition


def test_a_day_after_the_last_edition_is_an_error_that_names_them():
    ended = read(later(ends="\nin_force_to = 2028-01-01"))
    with pytest.raises(Problem) as caught:
        edition_on(CODE, date(2028, 1, 1), [ended])
    assert "edition_not_in_force" == caught.value.code
    assert "2027: 2027-01-01 – 2028-01-01" in caught.value.text("zh")
    assert "2028-01-01" in caught.value.text("en")


def test_the_same_account_under_a_new_name_is_a_successor():
    text = later()
    assert check_successor(read(text), text, edition(CODE)) is None


def test_a_total_that_others_look_for_may_not_go():
    text = later().replace('id = "code_neutral"', 'id = "neutral"')
    text = text.replace("code_neutral = ", "neutral = ").replace('"code_neutral"', '"neutral"')
    told = refused(text, "edition_total_lost")
    line = text.splitlines().index("[[total]]") + 1
    assert f"第 {line} 行：缺少合计 “code_neutral”" in told.text("zh")


def test_an_item_is_counted_or_left_out_with_a_reason():
    text = later().replace('items = ["heat.sold"]', 'items = ["heat.gone"]')
    told = refused(text, "edition_item_unplaced")
    assert "heat.sold" in told.text("en")


def test_the_quantum_stays():
    text = later().replace('"zj-code-account"', '"gbt-2589-2020"', 1)
    made = read(text)
    with pytest.raises(Problem) as caught:
        check_successor(made, text, edition("gbt-2589-2020"))
    assert "edition_quantum_other" == caught.value.code


def test_an_edition_brings_an_order_of_preference_of_its_own():
    made = read(later().replace('preferences = "province-average"', 'preferences = "own-grid"')
                + OWN_ORDER)  # fmt: skip
    order = made.order(made.line("power-purchased"))
    assert ("own-grid", 1) == (order.id, order.own)
    assert {"in_force"} == {s.rule for s in order.steps if s.source == "grid"}
    assert "heat_tco2_per_gj" in order.parameters


@pytest.mark.parametrize(
    ("was", "now", "code", "told"),
    [
        ('id = "own-grid"', 'id = "market-residual"', "edition_value_wrong", "market-residual"),
        ('id = "own-grid"', "id = \"own'; DROP\"", "edition_value_wrong", "a-z 0-9 -"),
        ('rule = "in_force"', 'rule = "newest"', "preference_value_unknown", "latest_published"),
        ('kind = "average"', 'kind = "mean"', "preference_finds_nothing", "mean"),
        ('choice = "default"', "choice = 3", "preference_value_unknown", "choice"),
        ('take = "ef"', 'take = "ef"\nover = "nothing"', "preference_value_unknown", "over"),
        ('based_on = "province-average"', 'based_on = "nowhere"', "preference_unknown", "nowhere"),
    ],
)
def test_a_wrong_order_is_refused_where_it_stands(was, now, code, told):
    text = later() + OWN_ORDER.replace(was, now)
    with pytest.raises(Problem) as caught:
        read(text)
    assert code == caught.value.code
    assert told in caught.value.text("en")
    if code.startswith("preference_value"):
        line = text.splitlines().index("[[order.step]]") + 1
        assert f"line {line}, step 1" in caught.value.text("zh")


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ('preferences = "province-average"', 'preferences = "nowhere"', "national-average"),
        ('industries = []', 'industries = ["1751\'"]', "1751"),
        ("totals = { code_gross = 1 }", 'totals = { code_gross = "1" }', "code_gross"),
        ("of = { code_gross = 1,", "of = { code_net = 1,", "code_net"),
        ('items = ["heat.sold"]', 'items = ["{a}.{a}"]', "{a}.{a}"),
        ('["heat", "default"]', '["heat", "{default"]', "heat_tco2_per_gj"),
        ("scope = 1", "scope = 3", "scope"),
        ('category = "heat"', 'category = "steam"', "category"),
        ('neutral_mg = "code_neutral"', 'offset_mg = "code_neutral"', "neutral_mg"),
        ("grid = [", "fuel = [", "frozen"),
        ('"330000", "2023"]', '"2023"]', "grid"),
        ('{ zh = "购入热力", en = "Heat bought" }', '{ zh = 1, en = "Heat bought" }', "name"),
        ("[[left_out]]", "[[left_out]]\nnot = 1", "not"),
    ],
)
def test_no_slip_of_a_draft_passes_the_loader(was, now, told):
    """A draft is written by hand on a page: whatever is wrong in it is told, with its line."""
    text = later().replace("\n[frozen]", "industries = []\n\n[frozen]", 1)
    assert was in text
    with pytest.raises(Problem) as caught:
        read(text.replace(was, now, 1))
    assert caught.value.code.startswith("edition_")
    assert told in caught.value.text("en")
    assert caught.value.params["line"] > 1


def test_a_line_whose_order_does_not_give_its_factor_is_refused():
    broken = later().replace('preferences = "province-average"', 'preferences = "bare"')
    bare = OWN_ORDER.replace('"own-grid"', '"bare"').replace('based_on = "province-average"\n', "")
    with pytest.raises(Problem) as caught:
        read(broken + bare)
    assert "edition_order_lacks" == caught.value.code
    assert "ncv_gj_per_unit" in caught.value.text("zh")
