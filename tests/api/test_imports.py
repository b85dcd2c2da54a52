"""Tables handed in by another system: what it is told, and that it gets no further than a page."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tanma.apps.facts import door as facts
from tanma.apps.people.door import Role, User, create_token
from tests.apps.imports.conftest import FIRST, SECOND, firms, home, person, sheet

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
HEAD = "统一社会信用代码,期间,品种,流向,数量,单位,来源\n"
PATH = "/api/v1/imports"


__all__ = ["firms", "home", "sheet"]


@pytest.fixture
def users(firms):
    """A bureau, an enterprise and a checker."""
    person("bureau", Role.BUREAU)
    person("jia", Role.ENTERPRISE, subject=firms[FIRST])
    person("checker", Role.CHECKER)


def power(*codes, amount="800", name="energy.csv"):
    """A month of power of some enterprises."""
    rows = "".join(f"{code},2026-05,电力,购入,{amount},kWh,申报\n" for code in codes)
    return SimpleUploadedFile(name, (HEAD + rows).encode())


def hand_in(client, user, file, **more):
    _, key = create_token(User.objects.get(username=user), "script", 9)
    return client.post(PATH, {"file": file, **more}, headers={"authorization": f"Bearer {key}"})


def office(client):
    client.force_login(User.objects.get(username="bureau"))
    return client


def test_a_sheet_handed_in_with_a_key_becomes_facts_and_its_report_can_be_read(users, client):
    before = facts.watermark()
    answer = hand_in(client, "bureau", power(FIRST, SECOND))
    said = answer.json()
    assert (200, "done", "energy", 2, 2, 0) == (
        answer.status_code, said["state"], said["package"], said["rows_read"], said["rows_taken"],
        said["rows_refused"],
    )  # fmt: skip
    assert facts.watermark() > before
    office(client)
    assert said == client.get(f"{PATH}/{said['uid']}").json()
    assert said == client.get(PATH).json()["items"][0]
    report = client.get(f"{PATH}/{said['uid']}/report").json()
    assert said["report_lines"] == report["count"] == len(report["items"])


def test_a_row_that_cannot_be_taken_is_told_with_its_place_and_the_others_go_in(users, client):
    file = power(FIRST)
    text = file.read().decode() + power(SECOND, amount="many").read().decode()[len(HEAD) :]
    answer = hand_in(client, "bureau", SimpleUploadedFile("two.csv", text.encode())).json()
    assert (1, 1) == (answer["rows_taken"], answer["rows_refused"])
    report = office(client).get(f"{PATH}/{answer['uid']}/report").json()
    wrong = [line for line in report["items"] if line["severity"] == "error"]
    assert [(2, "many", "number_not_decimal")] == [
        (line["row"] - 1, line["value"], line["code"]) for line in wrong
    ]
    assert "many" in wrong[0]["zh"]
    assert "many" in wrong[0]["en"]


def test_the_same_file_again_changes_nothing_and_says_so(users, client):
    first = hand_in(client, "bureau", power(FIRST)).json()
    mark = facts.watermark()
    again = hand_in(client, "bureau", power(FIRST)).json()
    assert (first["uid"], True) == (again["uid"], again["repeated"])
    assert mark == facts.watermark()


def test_a_check_alone_imports_nothing(users, client):
    mark = facts.watermark()
    said = hand_in(client, "bureau", power(FIRST), dry_run="true").json()
    assert ("checked", 1) == (said["state"], said["rows_taken"])
    assert mark == facts.watermark()


def test_an_enterprise_writes_of_itself_alone(users, client):
    said = hand_in(client, "jia", power(FIRST, SECOND)).json()
    assert (1, 1) == (said["rows_taken"], said["rows_refused"])
    refused = hand_in(client, "jia", power(FIRST), package="enterprises")
    assert (400, "import_package_not_yours") == (refused.status_code, refused.json()["code"])


@pytest.mark.parametrize("name", ["nonsense", "/etc/tanma.toml", "../energy.toml"])
def test_a_name_of_no_sheet_is_told_and_never_read_as_a_path(users, client, name):
    answer = hand_in(client, "bureau", power(FIRST), package=name)
    assert (400, "table_package_unknown") == (answer.status_code, answer.json()["code"])
    assert name in answer.json()["en"]


def test_who_may_not_hand_in_is_told_so(users, client):
    answer = hand_in(client, "checker", power(FIRST))
    assert (403, "api_forbidden") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    ("content", "state", "code"),
    [(b"", None, "file_empty"), (b"PK\x03\x04broken", "failed", "workbook_broken")],
)
def test_a_file_that_is_none_is_told_with_its_name(users, client, content, state, code):
    answer = hand_in(client, "bureau", SimpleUploadedFile("odd.xlsx", content)).json()
    told = answer["problem"] if state else answer
    assert (state, True) == (answer.get("state"), "odd.xlsx" in told["zh"])
    assert code == told["code"]


def test_a_file_that_takes_long_is_answered_at_once_and_asked_for_again(users, client, monkeypatch):
    from tanma.apps.imports import tasks

    monkeypatch.setattr(tasks, "AT_ONCE_BYTES", 10)
    answer = hand_in(client, "bureau", power(FIRST))
    assert (202, "waiting") == (answer.status_code, answer.json()["state"])
