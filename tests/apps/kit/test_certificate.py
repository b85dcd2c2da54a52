"""The certificate: PDF/A with extractable Chinese; figures only when handed over."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tanma.apps.kit import samples
from tanma.apps.kit.certificate import (
    Certificate,
    certificate_data,
    certificate_pdf,
    grouped_digest,
)


@pytest.fixture
def certificate() -> Certificate:
    return samples.certificate("zh-hans", figures=False)


def text_of(pdf: bytes, folder: Path) -> str:
    file = folder / "certificate.pdf"
    file.write_bytes(pdf)
    answer = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True
    )
    return answer.stdout.decode()


def test_it_is_pdf_a_with_readable_text(certificate: Certificate, tmp_path: Path) -> None:
    pdf = certificate_pdf(certificate)
    assert pdf.startswith(b"%PDF")
    assert b"pdfaid:part>2<" in pdf
    assert b"NotoSansSC" in pdf.replace(b"#20", b"").replace(b"-", b"")
    text = text_of(pdf, tmp_path)
    for wanted in ("样例新材料有限公司", "未经主管部门确认", "未确认", "2026-0003", "2027-01-31"):
        assert wanted in text
    assert "高碳2级" in text.replace(" ", "")
    assert "碳效指标" not in text


def test_the_same_data_gives_the_same_bytes(certificate: Certificate) -> None:
    first, second = (certificate_pdf(certificate) for _ in range(2))
    assert first == second


def test_figures_are_printed_only_when_given(tmp_path: Path) -> None:
    pdf = certificate_pdf(samples.certificate("zh-hans", figures=True))
    assert "12,346" in text_of(pdf, tmp_path)


def test_the_rate_needs_its_own_permission(certificate: Certificate) -> None:
    assert "" == certificate_data(certificate, "zh-hans")["neutrality_rate"]
    shown = replace(certificate, show_neutrality_rate=True)
    assert "碳中和率 8.4%" == certificate_data(shown, "zh-hans")["neutrality_rate"]


def test_demo_is_printed_across_and_absent_otherwise(
    certificate: Certificate, tmp_path: Path
) -> None:
    assert "演示数据" in text_of(certificate_pdf(certificate), tmp_path)
    real = replace(certificate, demo=False)
    assert "演示数据" not in text_of(certificate_pdf(real), tmp_path)


def test_english(tmp_path: Path) -> None:
    english = certificate_pdf(samples.certificate("en", figures=False), "en")
    assert "High-carbon, grade 2" in text_of(english, tmp_path)


def test_lines_without_a_text_are_left_out(certificate: Certificate) -> None:
    labels = [f[0] for f in certificate_data(certificate, "zh-hans")["facts"]]
    assert "复核状态" not in labels
    reviewed = replace(certificate, review_status="已复核")
    assert ["复核状态", "已复核"] in certificate_data(reviewed, "zh-hans")["facts"]


def test_a_digest_is_grouped_for_the_eye() -> None:
    assert "sha256: 9f2c41d8 77a0e3b5" == grouped_digest("sha256:9f2c41d877a0e3b5")
