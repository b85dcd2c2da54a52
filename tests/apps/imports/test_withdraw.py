"""Withdrawal: what stood before counts again, later corrections stay, history shows all of it."""

import duckdb
import pytest

from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.imports import withdraw
from tanma.apps.people.door import SYSTEM
from tanma.domain.messages import Problem
from tanma.lake.readings import Readings
from tests.apps.imports.conftest import FIRST, SECOND, energy

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def bring(sheet, value, code=FIRST, revision=""):
    head = "统一社会信用代码,期间,品种,流向,数量,单位,来源,修订号\n"
    text = f"{head}{code},2026-09,电力,购入,{value},kWh,供电,{revision}\n"
    return imports.import_file(sheet(f"{value}.csv", text), SYSTEM)


def power(subject):
    return [f.value for f in facts.current(facts.facts_of(subject, "electricity.purchased"))]


def test_a_withdrawn_batch_leaves_no_current_fact_and_its_history(firms, sheet):
    batch = bring(sheet, 5)
    assert 1 == withdraw.still_current(batch)
    imports.withdraw(batch, SYSTEM, "文件有误")
    assert ([], "withdrawn", 1) == (power(firms[FIRST]), batch.state, batch.withdrawn)
    versions = facts.facts_of(firms[FIRST], "electricity.purchased")
    assert [5000, None] == [f.value for f in versions]
    assert f"withdrawn batch:{batch.uid} 文件有误" == versions[-1].evidence


def test_the_older_value_counts_again(firms, sheet):
    bring(sheet, 5)
    imports.withdraw(bring(sheet, 7), SYSTEM, "x")
    assert [5000] == power(firms[FIRST])


def test_a_revision_does_not_keep_a_withdrawn_value_alive(firms, sheet):
    bring(sheet, 5)
    imports.withdraw(bring(sheet, 7, revision=3), SYSTEM, "x")
    assert [5000] == power(firms[FIRST])


def test_a_later_correction_stays(firms, sheet):
    first = bring(sheet, 5)
    bring(sheet, 7)
    imports.withdraw(first, SYSTEM, "x")
    assert ([7000], 0) == (power(firms[FIRST]), first.withdrawn)


def test_facts_of_other_batches_stay(firms, sheet):
    first = bring(sheet, 5)
    bring(sheet, 6, SECOND)
    imports.withdraw(first, SYSTEM, "x")
    assert ([], [6000]) == (power(firms[FIRST]), power(firms[SECOND]))


def test_a_batch_is_withdrawn_once(firms, sheet):
    batch = bring(sheet, 5)
    imports.withdraw(batch, SYSTEM, "x")
    with pytest.raises(Problem) as caught:
        imports.withdraw(batch, SYSTEM, "x")
    assert "import_not_withdrawable" == caught.value.code
    assert "不能撤回" in caught.value.text("zh")
    assert "cannot be withdrawn" in caught.value.text("en")


def test_a_withdrawn_file_may_be_imported_again_and_its_rows_are_known(firms, sheet):
    imports.withdraw(bring(sheet, 5), SYSTEM, "x")
    again = bring(sheet, 5)
    assert (False, 1) == (again.repeated, again.unchanged)
    assert [] == power(firms[FIRST])


def test_many_facts_are_withdrawn_in_slices(firms, sheet, monkeypatch):
    monkeypatch.setattr(withdraw, "CHUNK", 3)
    rows = [f"{FIRST},20{y}-{m:02},电力,购入,{m},kWh,供电" for y in (24, 25) for m in range(1, 13)]
    batch = imports.import_file(sheet("many.csv", energy(*rows)), SYSTEM)
    imports.withdraw(batch, SYSTEM, "x")
    assert ([], 24) == (power(firms[FIRST]), batch.withdrawn)


def test_readings_are_withdrawn_too(firms, sheet, home):
    meters = "表计编号,统一社会信用代码,计量项目,数据形式,单位,分辨率,生效日期\n"
    row = f"M1,{FIRST},购入电量,区间量,kWh,0.001,2024-01-01\n"
    imports.import_file(sheet("meters.csv", meters + row), SYSTEM)
    head = "表计编号,计量项目,开始时间,结束时间,读数,单位\n"
    text = head + "M1,购入电量,2026-09-01 00:00,2026-09-01 00:15,12.5,kWh\n"
    batch = imports.import_file(sheet("readings.csv", text), SYSTEM)
    assert [12500] == values(home)
    imports.withdraw(batch, SYSTEM, "x")
    assert ([], 1) == (values(home), batch.withdrawn)


def values(home):
    import datetime as dt

    lake = Readings(home / "lake")
    with duckdb.connect() as con:
        span = (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
        lake.known(con, None, *span, lake.watermark)
        return [v for (v,) in con.execute("SELECT value FROM readings").fetchall()]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_batches_taken_back_in_either_order_leave_nothing(firms, sheet, order):
    rows = (f"{FIRST},2026-09,电力,购入,{n},kWh,供电" for n in (1, 2))
    batches = [imports.import_file(sheet(f"{n}.csv", energy(r)), SYSTEM)
               for n, r in enumerate(rows)]  # fmt: skip
    for which in order:
        imports.withdraw(batches[which], SYSTEM, "文件有误")
    assert [] == facts.current(facts.facts_of(firms[FIRST], "electricity.purchased"))
