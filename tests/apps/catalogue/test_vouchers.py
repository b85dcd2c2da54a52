"""Vouchers: kept once with their digest, seen by the enterprise and its office, by nobody else."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tanma.apps.catalogue import vouchers
from tanma.apps.catalogue.models import Voucher
from tanma.apps.people.door import Role
from tanma.domain.messages import Problem
from tanma.domain.periods import parse
from tests.apps.imports.conftest import FIRST, SECOND, looks, person

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
PDF = b"%PDF-1.7 one invoice"
PERIOD = parse("2026Q3")


@pytest.fixture
def users(firms):
    return {
        "jia": person("jia", Role.ENTERPRISE, subject=firms[FIRST]),
        "yi": person("yi", Role.ENTERPRISE, subject=firms[SECOND]),
        "bureau": person("bureau", Role.BUREAU),
    }


def file(content=PDF, name="../发票.pdf"):
    return SimpleUploadedFile(name, content)


def kept(users, firms, **more):
    given = {"upload": file(), "subject": firms[FIRST], "period": PERIOD, "note": "购煤"} | more
    return vouchers.keep(viewer=looks(users["jia"]), **given)


def test_a_file_is_kept_under_our_name_with_its_digest(users, firms, home):
    voucher = kept(users, firms)
    path = vouchers.place(voucher)
    assert home / "uploads" / "vouchers" == path.parent
    assert (PDF, "发票.pdf", "2026Q3") == (path.read_bytes(), voucher.file, voucher.period)
    assert vouchers.intact(voucher)
    assert voucher.digest.startswith("sha256:")


def test_the_same_file_twice_is_one_voucher(users, firms):
    assert kept(users, firms).pk == kept(users, firms).pk
    assert kept(users, firms).pk != kept(users, firms, period=parse("2026Q2")).pk


def test_nobody_hands_in_for_somebody_else(users, firms):
    with pytest.raises(PermissionDenied):
        kept(users, firms, subject=firms[SECOND])
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    ("content", "name", "code", "zh", "en"),
    [
        (b"<html>", "发票.pdf", "voucher_kind", "内容与后缀一致", "what the suffix says"),
        (b"MZ", "发票.exe", "voucher_kind", "“发票.exe”", "发票.exe is no voucher"),
        (
            PDF + bytes(21 * 10**6),
            "大.pdf",
            "voucher_too_large",
            "超过上限 20 MB",
            "limit of 20 MB",
        ),
    ],
    ids=["disguised", "program", "large"],
)
def test_what_is_no_voucher_is_refused(users, firms, content, name, code, zh, en):
    with pytest.raises(Problem) as caught:
        kept(users, firms, upload=file(content, name))
    assert code == caught.value.code
    assert zh in caught.value.text("zh")
    assert en in caught.value.text("en")
    assert not Voucher.objects.exists()


def test_the_page_takes_a_file_and_the_office_sees_it(users, client):
    client.force_login(users["jia"])
    said = {"period": "2026Q3", "file": file(), "note": "购煤"}
    client.post(reverse("catalogue:vouchers"), said)
    voucher = Voucher.objects.get()
    address = reverse("catalogue:voucher", args=[voucher.uid])
    for name, status in (("jia", 200), ("bureau", 200), ("yi", 404)):
        client.force_login(users[name])
        answer = client.get(address)
        assert status == answer.status_code
        listed = client.get(reverse("catalogue:vouchers")).content.decode()
        assert (status == 200) == (voucher.digest in listed)
    client.force_login(users["bureau"])
    answer = client.get(address)
    assert PDF == b"".join(answer.streaming_content)
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_file_that_changed_on_the_disk_is_not_given_out(users, firms, client):
    voucher = kept(users, firms)
    vouchers.place(voucher).write_bytes(b"%PDF-1.7 another invoice")
    client.force_login(users["jia"])
    assert 404 == client.get(reverse("catalogue:voucher", args=[voucher.uid])).status_code


def test_a_bad_file_is_explained_on_the_page(users, client):
    client.force_login(users["jia"])
    said = {"period": "2026Q3", "file": file(b"MZ", "x.exe")}
    page = client.post(reverse("catalogue:vouchers"), said).content.decode()
    assert "不是可以接受的凭证文件" in page
