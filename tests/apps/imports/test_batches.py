"""From a file to facts: what goes in, what is left out, and what a second time changes."""

import json
from datetime import date

import pyarrow.csv as pacsv
import pytest

from tanma.apps.desk.models import DeskCase
from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.imports import files
from tanma.apps.people.door import SYSTEM, Role
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tests.apps.imports.conftest import FIRST, REGISTER, SECOND, THIRD, energy, looks, person

pytestmark = [pytest.mark.db, pytest.mark.django_db]
GOOD = f"{FIRST},2026-09,电力,购入,1250.5,MWh,供电"
OTHER = f"{SECOND},2026-09,电力,购入,800,kWh,供电"


def power(subject):
    return [
        (f.value, f.reported)
        for f in facts.current(facts.facts_of(subject, "electricity.purchased"))
    ]


def bring(sheet, *rows, name="energy.csv", viewer=SYSTEM, **more):
    return imports.import_file(sheet(name, energy(*rows)), viewer, **more)


def test_good_rows_become_facts_with_text_source_and_evidence(firms, sheet):
    batch = bring(sheet, GOOD, OTHER)
    assert (2, 2, 0, 2) == (batch.rows, batch.good, batch.bad, batch.new)
    assert [(1_250_500_000, "1250.5 MWh")] == power(firms[FIRST])
    (fact,) = facts.facts_of(firms[FIRST], "electricity.purchased")
    assert (f"batch:{batch.uid}#2", "grid", "operator") == (
        fact.evidence, fact.source, fact.author.replace("system", "operator"),
    )  # fmt: skip
    assert (date(2026, 9, 1), date(2026, 10, 1)) == (batch.first_day, batch.last_day)


def test_the_registry_shows_the_enterprises_of_a_register(firms):
    first = registry.Enterprise.objects.get(id=firms[FIRST])
    assert ("示例甲有限公司", "3011", "330502", "above") == (
        first.name, first.industry, first.area_code, first.size_class,
    )  # fmt: skip


def test_the_same_file_twice_changes_nothing(firms, sheet):
    first = bring(sheet, GOOD)
    before = facts.watermark()
    again = bring(sheet, GOOD, name="renamed.csv")
    assert (True, first.id) == (again.repeated, again.id)
    assert (before, 1) == (
        facts.watermark(),
        imports.Batch.objects.filter(package="energy").count(),
    )


def test_the_same_rows_in_another_file_are_counted_as_unchanged(firms, sheet):
    bring(sheet, GOOD)
    batch = bring(sheet, GOOD, OTHER)
    assert (1, 1, 0) == (batch.new, batch.unchanged, batch.superseded)


def test_a_corrected_file_supersedes_and_keeps_the_old_fact(firms, sheet):
    bring(sheet, GOOD)
    batch = bring(sheet, GOOD.replace("1250.5", "1300"))
    assert (0, 1) == (batch.new, batch.superseded)
    assert [(1_300_000_000, "1300 MWh")] == power(firms[FIRST])
    versions = facts.facts_of(firms[FIRST], "electricity.purchased")
    assert [1_250_500_000, 1_300_000_000] == [f.value for f in versions]
    assert [1_250_500_000] == [f.value for f in facts.current(versions, versions[0].stamp)]


def test_bad_rows_are_reported_and_given_back_while_good_ones_stay(firms, sheet):
    batch = bring(sheet, GOOD, f"{SECOND},2026-09,电力,购入,many,kWh,供电")
    assert (1, 1) == (batch.good, batch.new)
    (line,) = imports.report_lines(batch, 9, code="number_not_decimal")
    assert (3, "数量", "many") == (line["row"], line["column"], line["value"])
    assert line["zh"].startswith("第 3 行：")
    assert line["en"].startswith("Row 3:")
    rejects = pacsv.read_csv(files.rejects(batch, ".csv"))
    assert batch.bad == rejects.num_rows
    assert "原因 reason" in rejects.column_names
    assert files.rejects(batch, ".xlsx").read_bytes().startswith(b"PK")


def test_rejects_are_no_formulas(firms, sheet):
    batch = bring(sheet, "=cmd|'/C calc'!A0,2026-09,电力,购入,1,kWh,供电", GOOD)
    text = files.rejects(batch, ".csv").read_text(encoding="utf-8-sig")
    assert "'=cmd|'/C calc'!A0" in text.splitlines()[1]


def test_an_unknown_code_waits_at_the_desk_with_its_words(firms, sheet):
    batch = bring(sheet, GOOD, f"{THIRD},2026-09,电力,购入,5,kWh,供电")
    assert (1, 1, 0) == (batch.good, batch.desk, batch.bad)
    assert not batch.complete
    (line,) = imports.report_lines(batch, 9)
    assert f"第 3 行：「统一社会信用代码」{THIRD} 不在企业名录中" in line["zh"]
    assert f"{THIRD} is not in the register" in line["en"]
    case = DeskCase.objects.get()
    assert ("unknown", "uscc", THIRD, 1) == (case.kind, case.scheme, case.value, case.rows)
    assert {} == registry.find("uscc", [THIRD])


def test_a_trial_writes_nothing_at_all(firms, sheet, home):
    before = facts.watermark(), imports.Batch.objects.count()
    batch = bring(sheet, GOOD, f"{THIRD},2026-09,电力,购入,5,kWh,供电", dry_run=True)
    assert ("checked", 1, 1) == (batch.state, batch.good, batch.desk)
    assert before == (facts.watermark(), imports.Batch.objects.count())
    assert not DeskCase.objects.exists()
    assert 1 == len(imports.report_lines(batch, 9))


def test_a_trial_of_a_register_knows_what_it_would_register(db, sheet):
    text = "统一社会信用代码,单位名称,行业代码,行政区划代码,规模,状态,生效日期\n"
    path = sheet("e.csv", text + f"{FIRST},甲,3011,330502,规上,在营,2024-01-01\n")
    batch = imports.import_file(path, SYSTEM, dry_run=True)
    assert (1, 0) == (batch.good, batch.desk)
    assert {} == registry.find("uscc", [FIRST])


def test_a_file_that_cannot_be_read_is_a_failed_batch_with_its_reason(firms, sheet):
    with pytest.raises(Problem) as caught:
        imports.import_file(sheet("photo.csv", "什么,都不是\n1,2\n"), SYSTEM)
    failed = imports.Batch.objects.get(state="failed")
    assert (caught.value.code, caught.value.text("zh")) == (
        failed.problem["code"], failed.problem["zh"],
    )  # fmt: skip
    assert failed.problem["en"] == caught.value.text("en")


def test_a_batch_that_meets_an_unexpected_error_has_failed_and_says_so(
    firms, sheet, monkeypatch, caplog
):
    def breaks(*_args, **_more):
        raise ValueError("year 10000 is out of range")

    monkeypatch.setattr("tanma.apps.imports.batches.tables.check", breaks)
    with pytest.raises(Problem) as told:
        bring(sheet, f"{FIRST},2026-09,电力,购入,1,kWh,供电")
    batch = imports.Batch.objects.get(file="energy.csv")
    assert ("failed", "import_unexpected") == (batch.state, batch.problem["code"])
    assert "year 10000 is out of range" in told.value.text("zh")
    assert batch.uid in batch.problem["en"]
    assert "Traceback" in caplog.text


def test_a_period_out_of_bounds_is_a_row_that_is_refused(firms, sheet):
    batch = bring(sheet, f"{FIRST},9999-12,电力,购入,1,kWh,供电")
    assert ("done", 1, 0) == (batch.state, batch.bad, batch.good)


def test_a_missing_file_is_named(db, tmp_path):
    with pytest.raises(Problem) as caught:
        imports.import_file(tmp_path / "none.csv", SYSTEM)
    assert "import_path_missing" == caught.value.code
    assert "找不到" in caught.value.text("zh")
    assert "does not exist" in caught.value.text("en")


def test_a_slip_of_unit_is_held_back_by_history_and_let_in_when_verified(firms, sheet):
    months = [GOOD.replace("2026-09", f"2026-0{m}").replace("MWh", "kWh") for m in range(1, 9)]
    bring(sheet, *months)
    slip = GOOD.replace("1250.5,MWh", "1249,MWh")
    batch = bring(sheet, slip, name="slip.csv")
    assert (0, 1) == (batch.good, batch.bad)
    (line,) = imports.report_lines(batch, 9)
    assert "10^3" in line["zh"]
    assert "10^3" in line["en"]
    seen = bring(sheet, slip, name="slip.csv", accept_suspected=True)
    assert (1, 1) == (seen.good, seen.new)


def test_progress_reaches_the_end(firms, sheet):
    told = []
    bring(sheet, GOOD, OTHER, progress=told.append)
    assert ["read", "check"] == [p.stage for p in told[:2]]
    assert ("append", 2, 2) == (told[-1].stage, told[-1].done, told[-1].total)


def test_an_enterprise_states_only_its_own_and_in_its_own_name(firms, sheet):
    viewer = looks(person("jia", Role.ENTERPRISE, subject=firms[FIRST]))
    mine, theirs = GOOD.replace("供电", "申报"), OTHER.replace("供电", "申报")
    stranger = theirs.replace(SECOND, THIRD)
    batch = bring(sheet, mine, theirs, GOOD, stranger, viewer=viewer)
    assert (1, 3, 0) == (batch.good, batch.bad, batch.desk)
    lines = {line["row"]: line for line in imports.report_lines(batch, 9)}
    assert {3: "import_not_yours", 4: "import_source_not_yours", 5: "import_not_yours"} == {
        row: line["code"] for row, line in lines.items()
    }
    assert "不在您的职责范围内" in lines[3]["zh"]
    assert "outside" in lines[3]["en"]
    assert "不能由企业提交" in lines[4]["zh"]
    assert "cannot be handed in" in lines[4]["en"]
    assert not DeskCase.objects.exists()


def test_an_enterprise_may_not_bring_a_register(firms, sheet):
    viewer = looks(person("jia", Role.ENTERPRISE, subject=firms[FIRST]))
    text = "统一社会信用代码,单位名称,行业代码,行政区划代码,规模,状态,生效日期\n"
    path = sheet("e.csv", text + f"{THIRD},丙,3011,330502,规上,在营,2024-01-01\n")
    with pytest.raises(Problem) as caught:
        imports.import_file(path, viewer)
    assert "import_package_not_yours" == caught.value.code
    assert "企业不能提交“企业名录”表，只能提交：能源" in caught.value.text("zh")
    english = caught.value.text("en")
    assert "cannot hand in the sheet “Enterprises”, only: Declared energy" in english
    assert {} == registry.find("uscc", [THIRD])


def test_statistical_data_keeps_its_class(firms, sheet):
    head = "统一社会信用代码,报告期别,能源名称,单位,消费量合计1-本月"
    text = f"{head}\n{FIRST},2026-03,烟煤,吨,7750.5\n"
    batch = imports.import_file(sheet("205-1.csv", text), SYSTEM, package="form_205_1")
    assert (1, 0) == (batch.good, batch.bad), imports.report_lines(batch, 5)
    (fact,) = facts.facts_of(firms[FIRST], "fuel.bituminous.consumed")
    assert ("statistical_only", "cumulative") == (fact.data_class, fact.kind)


def test_batches_that_fail_in_between_are_taken_up_again(firms, sheet, monkeypatch):
    path = sheet("energy.csv", energy(GOOD, OTHER))
    monkeypatch.setattr(facts, "APPEND_LIMIT", 1)
    real = facts.append_all

    def cut(table, **more):
        yield next(real(table.slice(0, 1), **more))
        raise KeyboardInterrupt

    monkeypatch.setattr(facts, "append_all", cut)
    with pytest.raises(KeyboardInterrupt):
        imports.import_file(path, SYSTEM)
    monkeypatch.setattr(facts, "append_all", real)
    batch = imports.import_file(path, SYSTEM)
    assert (1, 1, False) == (batch.new, batch.unchanged, batch.repeated)


def test_params_of_the_report_are_json(firms, sheet):
    batch = bring(sheet, f"{THIRD},2026-09,电力,购入,5,kWh,供电", GOOD)
    table = files.read_table(batch, "report")
    assert THIRD == json.loads(table["params"][0].as_py())["text"]


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        ("甲" * 161, "有 161 个字符，最多 160 个", "has 161 characters; at most 160"),
        ("甲\u202e公司", "U+202E", "invisible character U+202E"),
        ("甲\u0007公司", "U+0007", "invisible character U+0007"),
    ],
)
def test_a_name_that_does_not_fit_or_hides_something_is_refused(db, sheet, name, zh, en):
    text = REGISTER + f"{FIRST},{name},3011,330502,规上,在营,2024-01-01\n"
    batch = imports.import_file(sheet("enterprises.csv", text), SYSTEM)
    assert (1, 0) == (batch.bad, batch.good)
    (found,) = imports.report_lines(batch, 5)
    assert zh in found["zh"]
    assert en in found["en"]
    assert "\u202e" not in found["zh"]
    assert len(found["zh"]) < 160


def test_a_name_of_the_full_length_is_kept(db, sheet):
    text = REGISTER + f"{FIRST},{'甲' * 160},3011,330502,规上,在营,2024-01-01\n"
    assert imports.import_file(sheet("enterprises.csv", text), SYSTEM).complete
    assert "甲" * 160 == registry.Enterprise.objects.get().name
