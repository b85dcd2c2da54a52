"""`tanma lake signed`: the signature of a batch, checked long after it came."""

import gzip
import json

import pyarrow as pa
import pytest

from tanma.apps.metering import door as metering
from tanma.client import Signer
from tanma.intake.http.signatures import signature
from tanma.lake import raw
from tanma.lake.landing import Landing, entry
from tanma.site.cli import main
from tests.apps.metering.conftest import FIRST, firms  # noqa: F401
from tests.intake.http.test_signatures import HEADERS, Asked
from tests.lake.reading_model import table

pytestmark = [pytest.mark.db, pytest.mark.django_db]
BODY = gzip.compress(json.dumps([{"channel": 1, "time": 0, "value": 1}]).encode(), mtime=0)


@pytest.fixture
def gateway(firms, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("TANMA_HOME", str(tmp_path))
    return metering.create_gateway("签名网关", firms[FIRST], author="t")[0]


def receive(root, gateway, key="", signed_body=BODY):
    """A batch as the service takes it in; signed when a key is given."""
    text = ""
    if key:
        headers = HEADERS | Signer(key).headers("POST", signed_body, HEADERS)
        (scope,) = metering.intake_scopes().values()
        text = signature(Asked(headers), signed_body, scope).as_text()
    one = entry(table([(1, 0, 5, None)]), body=BODY, source=gateway.uid, signature=text)
    Landing(root).take([one], writer="http-1")
    Landing(root).seal()


def check(capsys, *more):
    code = main(["lake", "signed", "http-1/1", *more])
    return code, capsys.readouterr().out


def test_a_signature_is_checked_with_digest_key_and_who(gateway, tmp_path, capsys):
    key = metering.sign_by_secret(gateway, author="张三")
    receive(tmp_path / "lake", gateway, key)
    metering.sign_by_secret(gateway, author="李四")  # ended keys still check what they signed
    code, text = check(capsys, "--out", str(tmp_path / "out"))
    assert 0 == code
    assert 4 == text.count("是 yes")
    for told in (key.partition(".")[0], "hmac-sha256", "签名网关", "张三", gateway.uid):
        assert told in text
    assert key.partition(".")[2] not in text
    assert BODY == (tmp_path / "out" / "body.bin").read_bytes()
    base = (tmp_path / "out" / "signature-base.txt").read_bytes()
    assert Signer(key)._sign(base) == (tmp_path / "out" / "signature.bin").read_bytes()


def test_it_holds_when_only_the_digest_is_left(gateway, tmp_path, capsys):
    receive(tmp_path / "lake", gateway, metering.sign_by_secret(gateway, author="t"))
    import datetime as dt

    assert 1 == raw.drop_bodies(tmp_path / "lake", dt.date(2100, 1, 1))
    code, text = check(capsys, "--out", str(tmp_path / "out"))
    assert 0 == code
    assert "只留摘要 digest alone" in text
    assert not (tmp_path / "out" / "body.bin").exists()


def test_a_signature_of_another_body_or_gateway_does_not_hold(
    gateway, tmp_path, capsys, firms  # noqa: F811
):  # fmt: skip
    receive(tmp_path / "lake", gateway, metering.sign_by_secret(gateway, author="t"), b"other")
    code, text = check(capsys)
    assert 1 == code
    assert "否 NO    签名覆盖该摘要" in text
    assert 3 == text.count("是 yes")


def test_a_batch_without_a_signature_says_so(gateway, tmp_path, capsys):
    receive(tmp_path / "lake", gateway)
    code, text = check(capsys)
    assert (1, True) == (code, "无 none" in text)


def test_a_changed_body_is_told(gateway, tmp_path, capsys):
    receive(tmp_path / "lake", gateway, metering.sign_by_secret(gateway, author="t"))
    [file] = raw.table(tmp_path / "lake").files()
    sheet = pa.parquet.read_table(file.uri, partitioning=None)
    at = sheet.schema.get_field_index("body")
    forged = pa.array([raw.compress(b"forged")], pa.binary())
    pa.parquet.write_table(sheet.set_column(at, "body", forged), file.uri)
    code, text = check(capsys)
    assert (1, True) == (code, "否 NO    报文与摘要一致" in text)


def test_a_receipt_that_nobody_has_is_told(gateway, capsys):
    assert 0 != main(["lake", "signed", "http-9/1"])
    assert "http-9/1" in capsys.readouterr().err
