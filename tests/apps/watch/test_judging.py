"""The sheet 报警限值: rows become dated limits of channels; those that do not fit are reported."""

from __future__ import annotations

import datetime as dt

import pytest

from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.people import door as people
from tanma.apps.people.door import Grant, Role, Viewer
from tanma.apps.registry import door as registry
from tanma.apps.watch import limits
from tanma.domain.messages import Problem
from tanma.intake.tables import write_template
from tests.apps.live.conftest import FIRST, SECOND

pytestmark = [pytest.mark.db, pytest.mark.django_db]
HEAD = (
    "统一社会信用代码,表计编号,计量项目名称,每小时用量上限,每日用量上限,超过用量档案（%）,"
    "数值上限,数值下限,生效日期,失效日期,文号,修订号"
)
BOUGHT = "购入电力"


@pytest.fixture
def bring(plant, tmp_path):
    def brought(*rows, viewer=people.SYSTEM, dry_run=False):
        file = tmp_path / "limits.csv"
        file.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
        return imports.import_file(file, viewer, package="limits", dry_run=dry_run)

    return brought


def row(meter="T-一车间", item=BOUGHT, firm=FIRST, **more):
    names = ("hour", "day", "profile", "greatest", "least", "since", "until", "document", "more")
    said = {"since": "2026-01-01"} | more
    return ",".join([firm, meter, item, *(str(said.get(n, "")) for n in names)])


def codes(batch):
    return [(line["row"], line["code"]) for line in imports.report_lines(batch, 20)]


def test_rows_become_dated_limits_with_their_document(bring, plant):
    batch = bring(
        row(hour=30, day=600.5, document="制度 3"),
        row(meter="T-总表", item="state.power.active", greatest=50, least=-1.5),
    )
    assert (2, 0, 4) == (batch.good, batch.bad, batch.new)
    shop, board = plant.number("一车间"), plant.number("总表", "state.power.active")
    assert {"hour_limit": "30", "day_limit": "600.5"} == limits.now([shop])[shop]
    assert {"greatest": "50", "least": "-1.5"} == limits.now([board])[board]
    (fact,) = facts.facts_of(shop, "alarm.day_limit")
    assert fact.evidence.endswith("#2 doc:制度 3")


def test_the_same_file_changes_nothing_and_a_correction_supersedes(bring, plant):
    shop = plant.number("一车间")
    bring(row(hour=30))
    assert bring(row(hour=30)).repeated
    again = bring(row(hour=30, document="另一份文件"))
    assert (0, 1) == (again.new, again.unchanged)
    corrected = bring(row(hour=28))
    assert (0, 1) == (corrected.new, corrected.superseded)
    assert {"hour_limit": "28"} == limits.now([shop])[shop]
    assert 2 == len(facts.facts_of(shop, "alarm.hour_limit"))
    bring(row(hour=28, until="2026-02-01"))
    bring(row(hour=40, since="2026-02-01"))
    assert {"hour_limit": "40"} == limits.now([shop])[shop]


def test_a_word_takes_a_limit_back_from_a_day_on_and_an_empty_cell_leaves_it(bring, plant):
    shop = plant.number("一车间")
    bring(row(hour=30, day=600))
    bring(row(day="撤销", since="2026-03-01"))
    assert {"hour_limit": "30"} == limits.now([shop])[shop]
    (day,) = [r for r in limits.limits([shop]).to_pylist() if r["rule"] == "day_limit"]
    assert (dt.date(2026, 1, 1), dt.date(2026, 3, 1)) == (day["from_day"], day["to_day"])
    bring(row(day=500, since="2026-04-01"))
    assert {"hour_limit": "30", "day_limit": "500"} == limits.now([shop])[shop]
    board = row(meter="T-总表", item="有功功率", greatest="撤销", least=5)
    assert (1, 0) == (bring(board).good, bring(row(hour="撤掉")).good)  # no other word does


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [({}, "limit_missing", "没有填任何限值"),
     ({"greatest": 9}, "limit_unfit", "不适用于该通道"),
     ({"meter": "T-其余", "profile": 30}, "limit_unfit", "虚拟表没有用量档案"),
     ({"meter": "T-总表", "item": "state.power.active", "hour": 9}, "limit_unfit", "不适用"),
     ({"meter": "T-总表", "item": "有功功率", "greatest": 5, "least": 5}, "limit_order", "不小于"),
     ({"meter": "没有的表", "hour": 9}, "import_channel_unknown", "没有这只表计"),
     ({"item": "用水量", "hour": 9}, "import_channel_unknown", "没有这个计量项目"),
     ({"firm": SECOND, "hour": 9}, "import_channel_unknown", "没有这只表计"),
     ({"item": "不是项目", "hour": 9}, "cell_metered_unknown", "不是表计可以计量的项目"),
     ({"hour": -1}, "cell_out_of_range", "")],
)  # fmt: skip
def test_a_row_that_cannot_be_taken_is_reported_and_the_rest_goes_in(
    bring, plant, more, code, words
):
    batch = bring(row(**more), row(meter="T-二车间", hour=9))
    assert (1, 1) == (batch.good, batch.bad)
    assert [(2, code)] == codes(batch)
    assert words in next(iter(imports.report_lines(batch, 1)))["zh"]
    assert {"hour_limit": "9"} == limits.now([plant.number("二车间")])[plant.number("二车间")]
    assert {} == limits.now([plant.number("一车间")])


def test_a_trial_writes_nothing(bring, plant):
    assert 1 == bring(row(hour=30), dry_run=True).good
    assert {} == limits.now([plant.number("一车间")])


def test_an_enterprise_states_its_own_limits_and_nobody_elses(bring, plant):
    def firm(code):
        subject = registry.Enterprise.objects.get(natural_key=f"uscc:{code}").id
        return Viewer(user_id=9, name="甲", grants=(Grant(Role.ENTERPRISE, subject=subject),))

    assert 1 == bring(row(hour=30), viewer=firm(FIRST)).good
    other = bring(row(hour=31), viewer=firm(SECOND))
    assert [(2, "import_not_yours")] == codes(other)
    assert {"hour_limit": "30"} == limits.now([plant.number("一车间")])[plant.number("一车间")]


def test_an_official_of_another_area_states_none(bring, plant):
    far = Viewer(user_id=9, name="乙", grants=(Grant(Role.BUREAU, area_code="990199"),))
    assert 0 == bring(row(hour=30), viewer=far).good
    assert {} == limits.now([plant.number("一车间")])


def test_a_limit_of_a_sheet_and_of_the_page_are_one(bring, plant):
    shop = plant.number("一车间")
    about = {"author": "user:1", "evidence": "页面"}
    limits.state(shop, {"hour_limit": "25"}, dt.date(2026, 1, 1), **about)
    assert 1 == bring(row(hour=26)).superseded
    assert {"hour_limit": "26"} == limits.now([shop])[shop]


def test_a_sheet_taken_back_leaves_no_limit(bring, plant):
    batch = bring(row(hour=30))
    imports.withdraw(batch, people.SYSTEM, "填错了")
    assert {} == limits.now([plant.number("一车间")])


def test_the_filled_template_is_read_back(bring, plant, tmp_path):
    path = write_template("limits", tmp_path / "limits.xlsx", filled=True)
    batch = imports.import_file(path, people.SYSTEM, dry_run=True)
    assert ("limits", 3) == (batch.package, batch.rows)
    assert {"import_channel_unknown"} == {code for _, code in codes(batch)}
    with pytest.raises(Problem):
        imports.import_file(tmp_path / "none.xlsx", people.SYSTEM)
