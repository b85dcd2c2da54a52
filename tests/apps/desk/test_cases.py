"""What people decide: unknown codes, equal names, changed identities, shared accounts."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied

from tanma.apps.codes import door as codes
from tanma.apps.desk import accounts
from tanma.apps.desk import cases as desk
from tanma.apps.desk.cases import Decision
from tanma.apps.desk.models import DeskCase
from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.people import door as people
from tanma.apps.people.door import SYSTEM, Role
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tests.apps.imports.conftest import FIRST, REGISTER, SECOND, THIRD, energy, looks, person

pytestmark = [pytest.mark.db, pytest.mark.django_db]
DAY = date(2026, 9, 1)
METERS = "表计编号,统一社会信用代码,用电户号,计量项目,数据形式,单位,分辨率,生效日期\n"


def waiting(sheet, *months):
    rows = [f"{THIRD},2026-{m},电力,购入,{m},kWh,供电" for m in months]
    return [
        imports.import_file(sheet(f"e{n}.csv", energy(row)), SYSTEM) for n, row in enumerate(rows)
    ]


def decided(case, choice, viewer=SYSTEM, **more):
    return desk.decide(case, Decision(choice, DAY, "函〔2026〕1号", **more), viewer)


def power(subject):
    return sorted(f.value for f in facts.current(facts.facts_of(subject, "electricity.purchased")))


def test_rows_arrive_when_their_code_is_assigned(firms, sheet):
    first, _second = waiting(sheet, "08", "09")
    case = DeskCase.objects.get()
    assert (2, []) == (case.rows, power(firms[FIRST]))
    assert 2 == decided(case, "assign", target=firms[FIRST])
    assert [8000, 9000] == power(firms[FIRST])
    first.refresh_from_db()
    assert (0, 1, True) == (first.desk, first.good, first.complete)
    case.refresh_from_db()
    assert ("decided", "assign", firms[FIRST], DAY, "函〔2026〕1号") == (
        case.state, case.decision, case.target, case.effective, case.evidence,
    )  # fmt: skip
    (alias,) = [f for f in facts.facts_of(firms[FIRST]) if f.item.startswith("id.alias")]
    assert (THIRD, DAY) == (alias.text, alias.valid_from)
    code = [f.text for f in facts.current(facts.facts_of(firms[FIRST], "id.uscc"))]
    assert {FIRST} == set(code)


def placed(firms):
    """FIRST lies in area 330502, SECOND in 330503 of a small closure made for the test."""
    registry.Placement.objects.all().delete()
    for code, area in ((FIRST, "330502"), (SECOND, "330503")):
        registry.Placement.objects.create(subject=firms[code], area_code=area)


def county(area="330502"):
    return looks(person(f"x{area}", Role.BUREAU, area_code=area))


def test_cases_of_other_areas_and_without_one_are_not_a_countys(firms, sheet):
    waiting(sheet, "08")
    about = {"own": FIRST, "foreign": SECOND}
    for value, code in about.items():
        desk.open_case("conflict", "name", value, subject=str(firms[code]))
    desk.open_case("duplicate", "name", "both", firms={str(i): "" for i in firms.values()})
    desk.open_case("account", accounts.SCHEME, "nobody", codes=[])
    desk.open_case("account", accounts.SCHEME, "first", codes=[FIRST])
    placed(firms)
    cases = DeskCase.objects.all()
    assert {"own", "first"} == {c.value for c in people.visible(county(), cases)}
    assert {"foreign"} == {c.value for c in people.visible(county("330503"), cases)}
    assert 6 == people.visible(looks(person("all", Role.BUREAU, area_code="")), cases).count()
    assert 2 == sum(n for k, n in desk.counts(county_again("330502")).items() if k != "rows")


def county_again(area):
    return looks(people.User.objects.get(username=f"x{area}"))


def test_a_county_decides_neither_foreign_cases_nor_for_foreign_enterprises(firms, sheet):
    waiting(sheet, "08")
    unknown = DeskCase.objects.get()
    own = desk.open_case("account", accounts.SCHEME, "9901", codes=[FIRST])
    placed(firms)
    who = county()
    with pytest.raises(Problem, match="not about your area alone") as told:
        decided(unknown, "assign", who, target=firms[FIRST])
    assert "不只涉及您负责的区域" in told.value.text("zh")
    for more in ({"target": firms[SECOND]}, {"shares": ((firms[SECOND], 10**6),)}):
        with pytest.raises(Problem, match="lies outside your area") as told:
            decided(own, "share" if "shares" in more else "assign", who, **more)
        assert "“示例乙有限公司”不在您负责的区域" in told.value.text("zh")
    decided(own, "assign", who, target=firms[FIRST])
    assert "decided" == DeskCase.objects.get(pk=own.pk).state


def test_the_same_file_again_waits_once(firms, sheet):
    rows = (f"{THIRD},2026-08,电力,购入,8,kWh,供电", f"{THIRD},2026-09,电力,购入,x,kWh,供电")
    path = sheet("e.csv", energy(*rows))
    first, second = imports.import_file(path, SYSTEM), imports.import_file(path, SYSTEM)
    assert first.id != second.id
    assert 1 == DeskCase.objects.get().rows
    assert 1 == decided(DeskCase.objects.get(), "assign", target=firms[FIRST])
    first.refresh_from_db()
    assert 0 == first.desk


def test_later_files_find_an_assigned_code(firms, sheet):
    waiting(sheet, "08")
    decided(DeskCase.objects.get(), "assign", target=firms[FIRST])
    row = f"{THIRD},2026-07,电力,购入,7,kWh,供电"
    batch = imports.import_file(sheet("later.csv", energy(row)), SYSTEM)
    assert (1, 0) == (batch.good, batch.desk)


def test_a_code_can_be_registered_as_a_new_enterprise(firms, sheet):
    waiting(sheet, "09")
    decided(DeskCase.objects.get(), "register")
    assert [9000] == power(registry.find("uscc", [THIRD])[THIRD])


def test_a_code_that_is_not_wanted_leaves_its_rows_outside(firms, sheet):
    waiting(sheet, "09")
    assert 0 == decided(DeskCase.objects.get(), "dismiss")
    assert {} == registry.find("uscc", [THIRD])


def test_a_withdrawn_batch_brings_nothing_by_a_later_decision(firms, sheet):
    (batch,) = waiting(sheet, "09")
    imports.withdraw(batch, SYSTEM, "错误文件")
    assert 0 == decided(DeskCase.objects.get(), "assign", target=firms[FIRST])


@pytest.mark.parametrize(
    ("choice", "evidence", "target", "code", "zh", "en"),
    [
        ("assign", " ", 1, "desk_evidence_missing", "没有写明依据", "names no evidence"),
        ("assign", "x", 1, "desk_target_missing", "没有指定", "names no enterprise"),
        ("same", "x", 1, "desk_choice_wrong", "不能用", "cannot be decided by"),
    ],
)
def test_a_decision_needs_evidence_target_and_a_choice_of_its_kind(
    firms, sheet, choice, evidence, target, code, zh, en
):
    waiting(sheet, "09")
    case = DeskCase.objects.get()
    with pytest.raises(Problem) as caught:
        desk.decide(case, Decision(choice, DAY, evidence, target), SYSTEM)
    assert code == caught.value.code
    assert zh in caught.value.text("zh")
    assert en in caught.value.text("en")
    case.refresh_from_db()
    assert "open" == case.state


def test_a_case_is_decided_once(firms, sheet):
    waiting(sheet, "09")
    case = DeskCase.objects.get()
    decided(case, "dismiss")
    with pytest.raises(Problem) as caught:
        decided(case, "register")
    assert "desk_choice_wrong" == caught.value.code


def test_an_enterprise_decides_nothing(firms, sheet):
    waiting(sheet, "09")
    viewer = looks(person("jia", Role.ENTERPRISE, subject=firms[FIRST]))
    with pytest.raises(PermissionDenied):
        decided(DeskCase.objects.get(), "assign", viewer, target=firms[FIRST])


def register(sheet, *rows, name="more.csv"):
    text = REGISTER + "".join(f"{row},330502,规上,在营,2024-01-01\n" for row in rows)
    return imports.import_file(sheet(name, text), SYSTEM)


def test_two_enterprises_with_one_name_are_asked_about_once(firms, sheet):
    register(sheet, f"{THIRD},示例甲有限公司,3011")
    case = DeskCase.objects.get(kind="duplicate")
    third = registry.find("uscc", [THIRD])[THIRD]
    assert {str(firms[FIRST]), str(third)} == set(case.details["firms"])
    decided(case, "different")
    register(sheet, f"{THIRD},示例甲有限公司,3012", name="again.csv")
    assert 1 == DeskCase.objects.filter(kind="duplicate").count()


def test_the_same_enterprise_twice_becomes_one(firms, sheet):
    register(sheet, f"{THIRD},示例甲有限公司,3011")
    third = registry.find("uscc", [THIRD])[THIRD]
    decided(DeskCase.objects.get(kind="duplicate"), "same", target=firms[FIRST])
    assert firms[FIRST] == registry.find("uscc", [THIRD])[THIRD]
    assert "closed" == registry.Enterprise.objects.get(id=third).status


def test_a_changed_industry_under_the_same_dates_can_be_taken_back(firms, sheet):
    register(sheet, f"{FIRST},示例甲有限公司,3012")
    case = DeskCase.objects.get(kind="conflict")
    assert ("industry", "3011", "3012") == (
        case.scheme, case.details["old"], case.details["new"],
    )  # fmt: skip
    assert "3012" == registry.Enterprise.objects.get(id=firms[FIRST]).industry
    decided(case, "return_old")
    assert "3011" == registry.Enterprise.objects.get(id=firms[FIRST]).industry
    assert 3 == len(facts.facts_of(firms[FIRST], "industry"))


def meters(sheet, *rows):
    lines = (
        f"{m},{code},{account},购入电量,区间量,kWh,0.01,2024-01-01\n" for m, code, account in rows
    )
    return imports.import_file(sheet("meters.csv", METERS + "".join(lines)), SYSTEM)


def holders(account, day=None):
    return [(h.subject, h.share_ppm) for h in accounts.held(day).get(account, [])]


def test_accounts_of_one_enterprise_are_matched_and_shared_ones_asked_about(firms, sheet):
    meters(sheet, ("M1", FIRST, "9901"), ("M2", FIRST, "9902"), ("M3", FIRST, "9903"),
           ("M4", SECOND, "9903"))  # fmt: skip
    assert [(firms[FIRST], 1_000_000)] == holders("9901")
    assert {"accounts": 3, "matched": 2, "open": 1, "shared": 0, "several": 1} == accounts.counts()
    case = DeskCase.objects.get(kind="account")
    assert ("9903", [FIRST, SECOND]) == (case.value, case.details["codes"])
    decided(case, "share", shares=((firms[FIRST], 700_000), (firms[SECOND], 300_000)))
    assert [(firms[FIRST], 700_000), (firms[SECOND], 300_000)] == holders("9903")
    assert {"accounts": 3, "matched": 3, "open": 0, "shared": 1, "several": 1} == accounts.counts()


def test_a_change_of_holder_and_a_closure_keep_what_was(firms, sheet):
    meters(sheet, ("M1", FIRST, "9901"))
    accounts.hold("9901", [(firms[SECOND], accounts.WHOLE)], DAY, "过户单", "li")
    accounts.hold("9901", [], date(2026, 11, 1), "销户单", "li")
    assert [(firms[FIRST], 1_000_000)] == holders("9901", date(2026, 8, 31))
    assert [(firms[SECOND], 1_000_000)] == holders("9901", DAY)
    assert [] == holders("9901", date(2026, 11, 1))


@pytest.mark.parametrize("shares", [(700_000, 400_000), (0,), (-1, 5)])
def test_shares_are_positive_and_at_most_the_whole(firms, shares):
    with pytest.raises(Problem) as caught:
        accounts.hold("9901", [(firms[FIRST], s) for s in shares], DAY, "x", "li")
    assert "account_shares_wrong" == caught.value.code
    assert "不超过 100 %" in caught.value.text("zh")
    assert "at most 100 %" in caught.value.text("en")
    assert [] == holders("9901")


def test_open_cases_are_counted_by_kind(firms, sheet):
    waiting(sheet, "08", "09")
    assert (1, 2) == (desk.counts(SYSTEM)["unknown"], desk.counts(SYSTEM)["rows"])


@pytest.fixture
def twins(firms, sheet):
    """One enterprise under two entries: July and August stated of one, September of the other."""
    register(sheet, f"{THIRD},示例甲有限公司,3011")
    rows = (f"{code},2026-{month},电力,购入,{month}000,kWh,供电"
            for code in (FIRST, SECOND, THIRD) for month in ("07", "08", "09")
            if (code == THIRD) == (month == "09") or code == SECOND)  # fmt: skip
    imports.import_file(sheet("power.csv", energy(*rows)), SYSTEM)
    money = "统一社会信用代码,期间,工业增加值,金额单位,来源\n"
    months = ((FIRST, "07"), (FIRST, "08"), (THIRD, "08"), (THIRD, "09"),
              (SECOND, "07"), (SECOND, "08"), (SECOND, "09"))  # fmt: skip
    money += "".join(f"{code},2026-{m},{m}.5,万元,申报\n" for code, m in months)
    batch = imports.import_file(sheet("money.csv", money), SYSTEM, package="economics")
    assert 7 == batch.good
    return firms[FIRST], registry.find("uscc", [THIRD])[THIRD]


def test_what_was_stated_of_a_duplicate_becomes_the_kept_ones(twins):
    first, third = twins
    case = DeskCase.objects.get(kind="duplicate")
    assert 2 == decided(case, "same", target=first)  # the equal month of August is there already
    assert [7_000_000, 8_000_000, 9_000_000] == power(first)
    assert [] == power(third)
    case.refresh_from_db()
    assert (2, 0) == (case.details["moved"], case.details["left"])
    (moved,) = [f for f in facts.facts_of(first, "electricity.purchased") if f.value == 9_000_000]
    assert moved.evidence.startswith("batch:")
    assert moved.evidence.endswith(f"merge:{case.uid}")
    codes = {f.text for f in facts.facts_of(first) if f.item.startswith("id.alias.uscc.")}
    assert {THIRD} == codes


def test_a_month_that_both_entries_state_differently_stays_with_the_kept_one(twins, sheet):
    first, third = twins
    row = f"{THIRD},2026-08,电力,购入,999,kWh,供电"
    imports.import_file(sheet("other.csv", energy(row)), SYSTEM)
    case = DeskCase.objects.get(kind="duplicate")
    decided(case, "same", target=first)
    case.refresh_from_db()
    assert ([7_000_000, 8_000_000, 9_000_000], [999_000]) == (power(first), power(third))
    assert 1 == case.details["left"]


def results(period):
    """subject → result of a run now"""
    run = codes.compute(period, SYSTEM)
    return {r.subject: r for r in codes.Result.objects.filter(run=run)}


def test_a_run_after_the_merge_counts_the_enterprise_once_and_whole(twins, firms, settings):
    settings.TANMA = settings.TANMA.model_copy(
        update={"grid_region": "330000", "grid_level": "region", "legal_basis": "样例依据文件"}
    )
    first, third = twins
    before = results("2026Q3")
    split = [before[s].net_mg for s in (first, third)]
    assert all(split)
    decided(DeskCase.objects.get(kind="duplicate"), "same", target=first)
    after = results("2026Q3")
    assert third not in after
    assert (75_000 + 85_000 + 95_000) * 100 == after[first].value_added_fen
    # the other enterprise states the same power under one entry
    assert after[firms[SECOND]].net_mg == after[first].net_mg == sum(split)
