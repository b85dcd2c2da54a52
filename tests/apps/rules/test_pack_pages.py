"""Pages of packs: draft by form and by file, refusals in words, review, release, files for all."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tanma.apps.rules.models import Pack, State
from tests.apps.region import client_of
from tests.apps.rules.conftest import BASE, CODE, card, release, stricter

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def start(base, purpose="年度调整"):
    answer = client_of("admin").post("/rules/packs/new/", {"base": base, "purpose": purpose})
    assert 302 == answer.status_code
    return Pack.objects.get(purpose=purpose)


def test_a_draft_is_started_and_saved_by_form(published):
    pack = start(f"scheme:{BASE}")
    address = f"/rules/packs/{pack.uid}/"
    client = client_of("admin")
    text = client.get(address).content.decode()
    assert "已有版本" in text
    own = stricter(next(iter(pack.files.values())))
    client.post(address, {"toml": own, "note": "界限"})
    page = client.get(address).content.decode()
    assert "文件可以读入" in page
    assert "<ins>+ edition = &quot;2026-own&quot;</ins>" in page
    assert "<del>− edition = &quot;2024-draft&quot;</del>" in page


def test_a_table_is_handed_in_as_files(published):
    pack = start("factors:grid", "本省电网")
    row = (
        "grid/2024/330000/average,浙江,Zhejiang,electricity,ef,average,330000,2024,,0.5001,"
        "tCO2/MWh,,某省公告,2024-01-01,2025-01-01,2025-12-01,recalled,recalled,\n"
    )
    files = {
        "csv_file": SimpleUploadedFile("x.csv", (pack.files["region.csv"] + row).encode()),
        "toml_file": SimpleUploadedFile("x.toml", card(pack.files["region.toml"]).encode()),
    }
    client = client_of("admin")
    answer = client.post(f"/rules/packs/{pack.uid}/", {"table": "zhejiang_grid", **files})
    assert 302 == answer.status_code
    pack.refresh_from_db()
    assert {"zhejiang_grid.csv", "zhejiang_grid.toml"} == set(pack.files)
    assert "文件可以读入" in client.get(f"/rules/packs/{pack.uid}/").content.decode()


def test_a_file_that_is_not_utf_8_is_told(published):
    pack = start(f"scheme:{BASE}")
    file = SimpleUploadedFile("x.toml", "界限".encode("gb18030"))
    answer = client_of("admin").post(f"/rules/packs/{pack.uid}/", {"toml_file": file})
    assert "UTF-8" in answer.content.decode()


def test_review_and_release_on_the_page(drafted):
    address = f"/rules/packs/{drafted.scheme.uid}/"
    assert "审核通过" not in client_of("admin").get(address).content.decode()
    client_of("reviewer").post(f"{address}take/review/", {"note": "已核对"})
    answer = client_of("publisher").post(f"{address}take/release/", {"note": ""}, follow=True)
    assert "请填写说明" in answer.content.decode()
    answer = client_of("publisher").post(f"{address}take/release/", {"note": "发布"}, follow=True)
    assert "已办理：发布" in answer.content.decode()
    drafted.scheme.refresh_from_db()
    assert State.RELEASED == drafted.scheme.state
    assert drafted.scheme.digest in client_of("admin").get(address).content.decode()
    assert 404 == client_of("reviewer").post(f"{address}take/burn/").status_code


def test_released_files_and_rules_are_open_to_everybody_and_drafts_are_not(drafted):
    file = f"/rules/packs/{drafted.scheme.uid}/file/{CODE}.toml"
    assert 404 == client_of("").get(file).status_code
    release(drafted.scheme)
    release(drafted.table)
    answer = client_of("").get(file)
    assert drafted.scheme.files[f"{CODE}.toml"] == answer.content.decode()
    assert "2026-own" in client_of("").get("/rules/schemes/").content.decode()
    page = client_of("").get("/rules/factors/own_coal/").content.decode()
    assert "power_coal/2024/330000/supply" in page
    assert 404 == client_of("").get(file.replace(CODE, "other")).status_code


def test_the_list_shows_state_and_exports(drafted):
    page = client_of("county1").get("/rules/packs/").content.decode()
    assert "年度调整" in page
    assert 403 == client_of("firm_a").get("/rules/packs/").status_code
    lines = b"".join(client_of("admin").get("/rules/packs/", {"export": "csv"}).streaming_content)
    assert "草稿" in lines.decode()
