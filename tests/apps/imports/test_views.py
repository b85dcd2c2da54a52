"""Every page by every kind of visitor, and the way of a file through the pages."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from tanma.apps.desk.models import DeskCase
from tanma.apps.imports import door as imports
from tanma.apps.imports import tasks
from tanma.apps.people import door as people
from tanma.apps.people.door import SYSTEM, Role
from tests.apps.imports.conftest import FIRST, SECOND, THIRD, energy, person

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
MINE = f"{FIRST},2026-09,电力,购入,1250.5,MWh,申报"
OTHER = f"{SECOND},2026-09,电力,购入,800,kWh,申报"
STRANGE = f"{THIRD},2026-09,电力,购入,5,kWh,供电"
PAGES = {
    "imports:home": True, "imports:templates": True, "desk:home": False, "desk:accounts": False,
    "catalogue:home": False, "catalogue:mismatch": False, "catalogue:missing": False,
}  # fmt: skip
"""page → whether an enterprise may open it"""


@pytest.fixture
def visit(firms, client):
    """`visit(name)`: the client signed in as that person; "" stays anonymous."""
    users = {
        "bureau": person("bureau", Role.BUREAU),
        "jia": person("jia", Role.ENTERPRISE, subject=firms[FIRST]),
        "yi": person("yi", Role.ENTERPRISE, subject=firms[SECOND]),
        "checker": person("checker", Role.CHECKER),
    }

    def sign_in(name):
        client.logout()
        if name:
            client.force_login(users[name])
        return client

    return sign_in


def upload(client, text, name="energy.csv", **more):
    file = SimpleUploadedFile(name, text.encode(), "text/csv")
    return client.post(reverse("imports:home"), {"file": file, "package": "", **more}, follow=True)


def newest():
    return imports.Batch.objects.order_by("-created_at").first()


@pytest.mark.parametrize("where", PAGES)
def test_who_may_open_a_page(visit, where):
    address = reverse(where)
    anonymous = visit("").get(address)
    assert 302 == anonymous.status_code
    assert reverse("account_login") in anonymous["Location"]
    assert 200 == visit("bureau").get(address).status_code
    assert (200 if PAGES[where] else 403) == visit("jia").get(address).status_code


def test_the_start_leads_to_the_files(visit):
    assert reverse("imports:home") == visit("bureau").get(reverse("imports:start"))["Location"]


def test_a_checker_looks_at_the_desk_and_imports_nothing(visit):
    assert 200 == visit("checker").get(reverse("desk:home")).status_code
    assert 403 == visit("checker").get(reverse("imports:home")).status_code


def test_a_file_goes_in_and_its_report_is_shown(visit):
    client = visit("bureau")
    page = upload(client, energy(MINE, STRANGE, OTHER.replace("800", "many")))
    batch = newest()
    assert ("done", 1, 1, 1) == (batch.state, batch.good, batch.bad, batch.desk)
    text = page.content.decode()
    assert "不在企业名录中" in text
    assert reverse("imports:rejects", args=[batch.uid, "csv"]) in text
    one = client.get(reverse("imports:batch", args=[batch.uid]), {"code": "number_not_decimal"})
    assert "many" in one.content.decode()
    assert "不在企业名录中。本行数据已保留" not in one.content.decode().partition('id="report"')[2]


def test_rejects_come_back_as_the_same_sheet(visit):
    client = visit("bureau")
    upload(client, energy(MINE, OTHER.replace("800", "many")))
    answer = client.get(reverse("imports:rejects", args=[newest().uid, "csv"]))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert [*energy().strip().split(","), "原因 reason"] == rows[0]
    assert OTHER.replace("800", "many").split(",") == rows[1][:-1]


def test_the_english_page_says_the_same_in_english(visit):
    client = visit("bureau")
    upload(client, energy(MINE, STRANGE))
    page = client.get(
        reverse("imports:batch", args=[newest().uid]), headers={"accept-language": "en"}
    )
    assert "is not in the register" in page.content.decode()


def test_the_same_file_again_leads_to_its_first_batch(visit):
    client = visit("bureau")
    upload(client, energy(MINE))
    first = newest()
    page = upload(client, energy(MINE))
    assert reverse("imports:batch", args=[first.uid]) == page.redirect_chain[-1][0]
    assert "此前已经导入" in page.content.decode()


def test_an_enterprise_sees_its_own_batches_only(visit):
    upload(visit("jia"), energy(MINE))
    mine = newest()
    upload(visit("bureau"), energy(OTHER), name="bureau.csv")
    upload(visit("yi"), energy(OTHER.replace("800", "801")), name="yi.csv")
    client = visit("jia")
    page = client.get(reverse("imports:home")).content.decode()
    assert mine.uid in page
    assert "bureau.csv" not in page
    assert "yi.csv" not in page
    for batch in imports.Batch.objects.exclude(id=mine.id):
        for name in ("batch", "progress", "withdraw"):
            assert 404 == client.get(reverse(f"imports:{name}", args=[batch.uid])).status_code
        rejects = reverse("imports:rejects", args=[batch.uid, "csv"])
        assert 404 == client.get(rejects).status_code
        assert 404 == client.post(reverse("imports:go", args=[batch.uid])).status_code


def test_content_that_another_brought_does_not_show_whose_it_was(visit):
    upload(visit("bureau"), energy(MINE))
    page = upload(visit("jia"), energy(MINE))
    assert 200 == page.status_code
    assert ("jia", 1) == (newest().who, newest().unchanged)


def test_a_trial_can_be_imported_afterwards(visit):
    client = visit("bureau")
    page = upload(client, energy(MINE), dry_run="on")
    trial = newest()
    assert ("checked", 0) == (trial.state, trial.new)
    assert "数据还没有导入" in page.content.decode()
    client.post(reverse("imports:go", args=[trial.uid]))
    assert ("done", 1) == (newest().state, newest().new)


def test_a_large_file_is_left_to_the_worker_and_shows_its_progress(visit, monkeypatch):
    monkeypatch.setattr(tasks, "AT_ONCE_BYTES", 10)
    client = visit("bureau")
    page = upload(client, energy(MINE))
    batch = newest()
    progress = reverse("imports:progress", args=[batch.uid])
    (task,) = DBTaskResult.objects.all()
    assert ("waiting", [batch.uid, "bureau"]) == (batch.state, task.args_kwargs["args"])
    assert f'hx-get="{progress}"' in page.content.decode()
    assert "hx-get" in client.get(progress).content.decode()
    tasks.run_batch.call(*task.args_kwargs["args"])
    batch.refresh_from_db()
    assert ("done", 1) == (batch.state, batch.good)
    assert reverse("imports:batch", args=[batch.uid]) == client.get(progress)["HX-Redirect"]


def test_a_file_that_is_no_table_is_explained_on_its_page(visit):
    page = upload(visit("bureau"), "什么,都不是\n1,2\n", name="letter.csv")
    assert "failed" == newest().state
    assert newest().problem["zh"] in page.content.decode().replace("&quot;", '"')


def test_a_wrong_header_shows_the_columns_and_offers_the_template(visit):
    header = "统一社会信用代码,期间,项目,流向,数里,单位,审核人\n"
    text = upload(visit("bureau"), header + MINE + ",李\n", name="h.csv").content.decode()
    assert "tanma template" not in text
    assert "表头怎么改" in text
    none = '<span class="muted">没有相近的</span>'
    for missing, near in (("数量", "数里"), ("数里", "数量"), ("审核人", none)):
        assert f'<th scope="row">{missing}</th><td>{near}</td>' in text
    assert reverse("imports:template_file", args=["empty", "energy", "xlsx"]) in text


def test_an_unknown_header_leads_to_all_templates(visit):
    text = upload(visit("bureau"), "什么,都不是\n1,2\n", name="letter.csv").content.decode()
    assert reverse("imports:templates") in text
    assert "最接近的表" not in text


def test_an_empty_file_is_told_with_what_to_do(visit):
    empty, before = SimpleUploadedFile("空.csv", b""), newest()
    page = visit("bureau").post(reverse("imports:home"), {"file": empty})
    assert "文件 空.csv 是空的。请选择有表头和数据行的文件。" in page.content.decode()
    assert before == newest()


def test_a_batch_is_withdrawn_after_confirmation(visit):
    client = visit("bureau")
    upload(client, energy(MINE))
    address = reverse("imports:withdraw", args=[newest().uid])
    assert "还有 1 条数据在用" in client.get(address).content.decode()
    assert "done" == newest().state
    page = client.post(address, {"reason": "文件有误"}, follow=True)
    assert "withdrawn" == newest().state
    assert "已撤回，1 条数据不再采用" in page.content.decode()


@pytest.mark.parametrize("kind", ["empty", "example"])
@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_templates_can_be_downloaded(visit, kind, suffix):
    address = reverse("imports:template_file", args=[kind, "energy", suffix])
    answer = visit("jia").get(address)
    assert 200 == answer.status_code
    assert f".{suffix}" in answer["Content-Disposition"]
    assert answer.content


def test_an_enterprise_is_offered_its_own_sheets_only(visit):
    client = visit("jia")
    page = client.get(reverse("imports:templates")).content.decode()
    assert 'id="energy"' in page
    assert 'id="enterprises"' not in page
    address = reverse("imports:template_file", args=["empty", "enterprises", "csv"])
    assert 404 == client.get(address).status_code


def test_a_case_is_decided_on_its_page(visit, firms):
    client = visit("bureau")
    upload(client, energy(STRANGE))
    case = DeskCase.objects.get()
    address = reverse("desk:case", args=[case.uid])
    said = {"choice": "assign", "effective": "2026-09-01", "evidence": "电话核实"}
    wrong = client.post(address, said | {"code": "000"})
    assert "名录中没有" in wrong.content.decode()
    page = client.post(address, said | {"code": FIRST}, follow=True)
    assert "已认定，1 条数据随之采用" in page.content.decode()
    case.refresh_from_db()
    assert ("assign", firms[FIRST]) == (case.decision, case.target)
    assert "电话核实" in client.get(address).content.decode()


def test_a_checker_cannot_decide(visit):
    upload(visit("bureau"), energy(STRANGE))
    address = reverse("desk:case", args=[DeskCase.objects.get().uid])
    said = {"choice": "dismiss", "effective": "2026-09-01", "evidence": "x"}
    assert 403 == visit("checker").post(address, said).status_code
    assert "open" == DeskCase.objects.get().state


def test_exports_run_no_formulas(visit):
    client = visit("bureau")
    upload(client, energy(MINE.replace(FIRST, "=1+1")), name="=cmd.csv")
    answer = client.get(reverse("imports:batch", args=[newest().uid]), {"export": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=1+1" in text
    assert ",=1+1" not in text


def test_the_command_line_sees_everything(firms, sheet):
    batch = imports.import_file(sheet("e.csv", energy(MINE)), SYSTEM)
    assert [batch.id] == list(
        people.visible(SYSTEM, imports.Batch.objects.filter(package="energy")).values_list(
            "id", flat=True
        )
    )


def test_a_message_names_the_file_as_its_owner_does(visit):
    page = upload(visit("bureau"), "只有一列\n", name="九月能源.csv")
    text = page.content.decode()
    assert "source.csv" not in text
    assert "九月能源.csv" in text
    assert "未能导入" in text
    assert "没有发现问题" not in text


def test_a_file_of_which_nothing_was_good_enough_is_not_called_imported(visit):
    page = upload(visit("bureau"), energy(f"{FIRST},2026-09,电力,购入,x,kWh,申报"))
    text = page.content.decode()
    assert "没有采纳任何行" in text
    assert "撤回本批次" not in text
    good = upload(visit("bureau"), energy(MINE), name="good.csv").content.decode()
    assert "撤回本批次" in good
    assert "没有采纳任何行" not in good
