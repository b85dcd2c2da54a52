"""The office's pages: list, one run, what moved and why, uncoded enterprises, starting a run."""

import csv
import io
from datetime import date
from zipfile import ZipFile

import pytest
from django.core.management import call_command

from tanma.apps.codes import door as codes
from tanma.apps.codes.models import Result, Run
from tanma.apps.codes.moves import moved
from tanma.apps.codes.publication import number_of
from tanma.apps.codes.tasks import compute_run
from tanma.apps.facts import door as facts
from tests.apps.region import FIRMS, KWH, PREVIEW, PUBLISHED, fact, publish, viewer_of
from tests.apps.rules.test_released_factors import grid, released

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def rows_of(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.fixture
def corrected(published):
    """A new run of the newest published period, after the power of D was corrected upwards."""
    span = {"kind": "amount", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1)}
    more = 10 * FIRMS["D"].power_kwh * KWH
    row = fact(
        published.subject("D"), "electricity.purchased", **span, value=more, source="grid",
        reported=str(more),
    )  # fmt: skip
    facts.append(facts.table([row]), author="test")
    return codes.compute(PUBLISHED[-1], viewer_of("admin"))


def test_every_move_is_listed_with_its_cause(published, corrected):
    found = {
        m.now.name: m for m in moved(viewer_of("city"), corrected, published.run(PUBLISHED[0]))
    }
    d = found[FIRMS["D"].name]
    assert (2, 4, 2) == (d.before.grade, d.now.grade, d.steps)
    assert ["排放量变化", "行业平均变化"] == d.causes
    page = published.client_of("reviewer").get(f"/publications/{corrected.uid}/").content.decode()
    assert FIRMS["D"].name in page
    assert "排放量变化、行业平均变化" in page


def test_the_moves_are_complete_and_exported_as_they_stand(published, corrected):
    before = {r.subject: r.grade for r in codes.predecessor(corrected).results.all()}
    expected = {r.name for r in corrected.results.all() if before[r.subject] != r.grade}
    client = published.client_of("city")
    table = rows_of(client.get(f"/publications/{corrected.uid}/?m-export=csv"))
    assert expected == {row[0] for row in table[1:]}
    assert expected
    book = client.get(f"/publications/{corrected.uid}/?m-export=xlsx").content
    assert "xl/worksheets/sheet1.xml" in ZipFile(io.BytesIO(book)).namelist()


def test_a_county_sees_its_own_moves_only(published, corrected):
    before = codes.predecessor(corrected)
    names = {m.now.name for m in moved(viewer_of("county1"), corrected, before)}
    assert FIRMS["D"].name not in names
    assert [] == moved(viewer_of("county1"), corrected, None)


def test_the_list_filters_by_its_address_and_exports(published):
    client = published.client_of("city")
    assert 3 == len(rows_of(client.get("/publications/?export=csv"))) - 1
    assert 2 == len(rows_of(client.get("/publications/?state=published&export=csv"))) - 1
    assert 0 == len(rows_of(client.get("/publications/?kind=year&export=csv"))) - 1
    assert 1 == len(rows_of(client.get("/publications/?period=2025&export=csv"))) - 1


def test_the_uncoded_list_says_why_filters_and_exports_safe_cells(published):
    run = published.run()
    Result.objects.filter(run=run, name=FIRMS["G"].name).update(name="=HYPERLINK(1)")
    client, path = published.client_of("city"), f"/publications/{run.uid}/uncoded/"
    (row,) = rows_of(client.get(f"{path}?export=csv"))[1:]
    assert "'=HYPERLINK(1)" == row[0]
    assert ["部分月份的能源数据尚未报送", "购入电力 2025-06—2026-03"] == row[-2:]
    assert 0 == len(rows_of(client.get(f"{path}?size=below&export=csv"))) - 1
    assert 1 == len(rows_of(client.get(f"{path}?reason=energy_gaps&export=csv"))) - 1
    assert 0 == len(rows_of(client.get(f"{path}?q=none&export=csv"))) - 1


def test_the_run_page_logs_the_six_steps_of_the_evaluation(published):
    run = published.run()
    answer = published.client_of("city").get(f"/publications/{run.uid}/")
    told = {step.name: step.told for step in answer.context["six"]}
    assert ["目的、对象与边界", "排放源与温室气体", "活动数据", "排放因子", "核算与评价",
            "分级结果与报告"] == list(told)  # fmt: skip
    assert "未经主管部门确认" in told["目的、对象与边界"]
    # seven firms with twelve months of power, one with solar generation and export beside it,
    # one that fell silent
    lines = 7 * 12 + 2 * 12 + 2
    assert told["活动数据"].startswith(f"{lines} 条，8 家企业")
    assert told["活动数据"].endswith("1 家有缺报")
    assert f"{run.summary['graded']} 家定级，1 家暂不赋码" in told["核算与评价"]
    assert f"第 {run.number} 号发布" in told["分级结果与报告"]
    for step in answer.context["six"][:-1]:
        assert 200 == published.client_of("city").get(step.href).status_code


def test_a_step_is_confirmed_with_a_note_and_recorded(published, corrected):
    client, path = published.client_of("reviewer"), f"/publications/{corrected.uid}/take/review/"
    assert "另一位同事复核" in client.get(path).content.decode()
    client.post(path, {"text": "已核对前十名变化"})
    step = corrected.steps.get(action="review")
    assert ("reviewer", "已核对前十名变化") == (step.by, step.note)
    assert "reviewed" == Run.objects.get(pk=corrected.pk).state
    told = client.post(path, {"text": ""}, follow=True).content.decode()
    assert "不能执行" in told


def test_the_digest_is_computed_again_from_the_files(published):
    run, client = published.run(), published.client_of("city")
    path = f"/publications/{run.uid}/verify/"
    assert "一致" in client.post(path, follow=True).content.decode()
    file = codes.files_of(run).path("areas")
    file.chmod(0o644)
    content = codes.files_of(published.run(PUBLISHED[0])).path("areas").read_bytes()
    file.write_bytes(content)
    assert "重新计算的摘要与发布时一致" not in client.post(path, follow=True).content.decode()


@pytest.mark.django_db(transaction=True, databases=["default", "work"])
def test_a_run_is_started_in_the_background(published):
    client = published.client_of("city")
    sent = client.post("/publications/start/", {"kind": "quarter", "period": "2026Q1"})
    assert "排队中" in client.get(sent["Location"]).content.decode()
    assert not Run.objects.filter(period="2026Q1").exists()
    call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)
    run = Run.objects.get(period="2026Q1")
    assert "city" == run.steps.get().by
    assert f"/publications/{run.uid}/" in client.get(sent["Location"]).content.decode()


@pytest.mark.django_db(transaction=True, databases=["default", "work"])
def test_a_run_without_data_says_what_to_do(published):
    client = published.client_of("city")
    sent = client.post("/publications/start/", {"kind": "year", "period": "2021"})
    call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)
    assert "没有可用的能源活动数据" in client.get(sent["Location"]).content.decode()


@pytest.mark.parametrize(
    ("kind", "period", "told"),
    [("rolling", "abc", "abc"), ("year", "2026Q1", "不一致"), ("half", "2026", "不一致")],
)
def test_a_period_that_does_not_fit_is_refused(published, kind, period, told):
    page = published.client_of("city").post(
        "/publications/start/", {"kind": kind, "period": period}
    )
    assert told in page.content.decode()


@pytest.mark.parametrize("path", ["/publications/none/", "/publications/0000000000000/uncoded/"])
def test_an_unknown_run_is_not_found(published, path):
    assert 404 == published.client_of("city").get(path).status_code


@pytest.mark.parametrize(
    ("region", "level", "zh", "en"),
    [
        ("", "province", "请把设置 TANMA_GRID_REGION 设为", "Set TANMA_GRID_REGION"),
        ("999999", "province", "因子表中没有电网 999999 的因子", "330000"),
        ("", "region", "TANMA_GRID_REGION=330000", "restart"),
    ],
)
def test_a_run_without_a_grid_says_which_setting_is_missing(
    published, settings, region, level, zh, en
):
    settings.TANMA = settings.TANMA.model_copy(
        update={"grid_region": region, "grid_level": level}
    )
    runs = Run.objects.count()
    told = compute_run.call("2026Q1", 0, "admin")
    assert zh in told["zh"]
    assert en in told["en"]
    assert runs == Run.objects.count()


def test_a_grid_of_a_released_table_is_enough(published, settings):
    settings.TANMA = settings.TANMA.model_copy(update={"grid_region": "540000"})
    released("grid", grid("540000", 2024, "0.2000"))
    run = codes.compute("2026Q1", viewer_of("admin"))
    rows = {r["grid_tco2_per_mwh_row"] for r in codes.files_of(run).table("factors").to_pylist()
            if r["preference"] == "province-average"}  # fmt: skip
    assert "own/2024/540000" in rows


def test_a_restated_period_is_told_by_its_number(published):
    again = publish(PUBLISHED[-1])
    text = published.client_of("city").get(f"/publications/{again.uid}/").content.decode()
    first = published.run(PUBLISHED[0])
    assert again.supersedes.number != again.number
    assert f"的四个季度（{number_of(again.supersedes)}）" in text
    assert number_of(first) not in text


def test_what_was_not_used_is_told_on_the_run_page(published):
    span = {"kind": "amount", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1)}
    rows = [
        fact(published.subject("A"), f"fuel.coke.{what}", **span, value=value, source="declared")
        for what, value in (("consumed", 10**6), ("feedstock", 3 * 10**6))
    ]
    facts.append(facts.table(rows), author="test")
    run = publish(PREVIEW.replace("2026Q2", "2026Q1"), upto="check")
    text = published.client_of("city").get(f"/publications/{run.uid}/").content.decode()
    assert "报送而未采用" in text
    assert "差额为负" in text
    other = published.client_of("county2").get(f"/publications/{run.uid}/").content.decode()
    assert "差额为负" not in other
    assert viewer_of("county2").may("use_desk")
