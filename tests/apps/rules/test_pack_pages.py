"""Pages of packs: draft by form and by file, refusals in words, review, release, files for all."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tanma.apps.codes.models import Result, Run, Step
from tanma.apps.portal.users import UserForm
from tanma.apps.rules import packs
from tanma.apps.rules.models import Kind, Pack, State
from tests.apps.region import client_of, viewer_of
from tests.apps.rules.conftest import ACCOUNT, BASE, CODE, card, release, stricter

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


NAMES = {
    "a scheme": (f"scheme:{BASE}", "2024-draft", 40),
    "an accounting edition": (f"edition:{ACCOUNT}/undated", "undated", 60),
}


@pytest.mark.parametrize("case", sorted(NAMES))
def test_a_name_that_does_not_fit_its_column_is_told_in_the_form(published, case):
    base, edition, most = NAMES[case]
    pack = start(base)
    ((_file, text),) = pack.files.items()
    client, address = client_of("admin"), f"/rules/packs/{pack.uid}/"
    for length, status in ((most, 302), (most + 1, 200)):
        said = text.replace(f'edition = "{edition}"', f'edition = "{"版" * length}"')
        answer = client.post(address, {"toml": said})
        assert status == answer.status_code
    assert f"有 {most + 1} 个字符，最多 {most} 个" in answer.text
    pack.refresh_from_db()
    assert "版" * most == pack.edition


def test_the_name_of_a_factor_table_and_of_its_edition_are_bounded_too(published):
    pack = start("factors:grid", "本省电网")
    row = (
        "grid/2024/330000/average,浙江,Zhejiang,electricity,ef,average,330000,2024,,0.5001,"
        "tCO2/MWh,,某省公告,2024-01-01,2025-01-01,2025-12-01,recalled,recalled,\n"
    )
    toml = card(pack.files["region.toml"]).replace('edition = "某省"', f'edition = "{"版" * 61}"')
    said = {"table": "zhejiang_grid", "csv": pack.files["region.csv"] + row, "toml": toml}
    answer = client_of("admin").post(f"/rules/packs/{pack.uid}/", said)
    assert "有 61 个字符，最多 60 个" in answer.text


def test_a_file_with_null_characters_is_told_and_not_kept(published):
    pack = start(f"scheme:{BASE}")
    file = SimpleUploadedFile("x.toml", b'edition = "a\0b"')
    answer = client_of("admin").post(f"/rules/packs/{pack.uid}/", {"toml_file": file})
    assert "U+0000" in answer.text


def test_the_bounds_of_names_are_those_of_the_columns():
    def held(model, name):
        return model._meta.get_field(name).max_length

    both = {"id": held(Pack, "name"), "edition": held(Pack, "edition")}
    runs = {"id": held(Run, "scheme"), "edition": held(Run, "edition")}
    expected = dict.fromkeys((Kind.EDITION, Kind.FACTORS), both)
    assert expected | {Kind.SCHEME: runs} == packs.MOST_LETTERS
    assert held(Result, "level") == packs.MOST_LEVEL
    assert held(Result, "neutrality_band") == packs.MOST_BAND
    assert held(Step, "by") == UserForm.base_fields["username"].max_length


def test_an_id_that_results_cannot_hold_is_a_fault_of_the_draft(drafted):
    pack = drafted.scheme
    ((file, text),) = pack.files.items()
    packs.edit(pack, {file: text.replace('"low"', '"lowest-of-all"')}, viewer_of("admin"))
    fault = packs.fault(Pack.objects.get(pk=pack.pk))
    assert ("pack_text_long", "intensity.bands.id") == (fault.code, fault.params["key"])
    assert "有 13 个字符，最多 8 个" in fault.text("zh")
    assert "has 13 characters, at most 8" in fault.text("en")
