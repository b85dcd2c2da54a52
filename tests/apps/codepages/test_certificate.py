"""The certificate: public without figures, with figures for the entitled, marked in a demo."""

import subprocess

import pytest

from tanma.apps.codepages import views_code

pytestmark = [pytest.mark.db, pytest.mark.django_db]
PRIVATE_WORDS = ("碳排放总量", "与行业平均比值", "吨/万元", "152.1", "0.8613", "0.4031")


@pytest.fixture
def text_of(published, tmp_path):
    """The text of the certificate that a user downloads, without white space."""
    views_code._pages.clear()

    def text(who, key="A", query=""):
        code = published.enterprise(key).public_code
        answer = published.client_of(who).get(f"/c/{code}/certificate.pdf{query}")
        assert "application/pdf" == answer["Content-Type"]
        assert b"pdfaid:part>2<" in answer.content
        file = tmp_path / "certificate.pdf"
        file.write_bytes(answer.content)
        done = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True)
        return "".join(done.stdout.decode().split())

    return text


@pytest.mark.parametrize("who", ["", "firm_b", "county2"])
def test_without_the_right_it_has_no_figures(text_of, who):
    text = text_of(who)
    assert [] == [word for word in PRIVATE_WORDS if word in text]
    for wanted in (
        "甲纺织样例有限公司",
        "中碳1级",
        "2026-0002",
        "2024-draft",
        "2027-03-31",
        "未确认",
    ):
        assert wanted in text


@pytest.mark.parametrize("who", ["firm_a", "city", "county1"])
def test_with_the_right_it_has_them(text_of, who):
    text = text_of(who)
    assert [] == [word for word in PRIVATE_WORDS if word not in text]


def test_declared_data_are_marked_for_everybody(text_of):
    assert "申报数据" in text_of("", "S")
    assert "申报数据" not in text_of("", "A")


def test_it_carries_number_and_digest_of_the_publication(published, text_of):
    digest = published.run().digest.removeprefix("sha256:")
    assert digest[:8] in text_of("")
    assert digest[-8:] in text_of("")


def test_a_demo_is_marked(published, text_of, settings):
    assert "演示数据" not in text_of("")
    settings.TANMA = settings.TANMA.model_copy(update={"demo": True})
    assert "演示数据" in text_of("")


def test_it_comes_in_english(text_of):
    text = text_of("", query="?lang=en")
    assert "Mid-carbon,grade1" in text
    assert "notconfirmedbytheauthority" in text
