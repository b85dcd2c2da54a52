from __future__ import annotations

import numpy as np
import pytest

from tanma.demo import writing

ROW = {
    "uscc": ["91990101MA0DEM001L"],
    "period": ["2026-09"],
    "output_value": np.array([12345678.125]),
    "value_added": np.array([np.nan]),
    "money_unit": ["万元"],
}


def test_csv_has_chinese_headers_plain_numbers_and_empty_cells(tmp_path):
    path = tmp_path / "a" / "e.csv"
    assert 1 == writing.write(path, "economics", ROW)
    assert (
        "统一社会信用代码,期间,工业总产值,工业增加值,金额单位\n"
        "91990101MA0DEM001L,2026-09,12345678.125,,万元\n"
    ) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_other_encodings_carry_the_same_text(tmp_path, encoding):
    writing.write(tmp_path / "plain.csv", "economics", ROW)
    writing.write(tmp_path / "other.csv", "economics", ROW, encoding)
    plain = (tmp_path / "plain.csv").read_text(encoding="utf-8")
    assert plain == (tmp_path / "other.csv").read_text(encoding=encoding)
    assert (tmp_path / "plain.csv").read_bytes() != (tmp_path / "other.csv").read_bytes()


def test_xlsx_is_readable_and_the_same_twice(tmp_path):
    from python_calamine import CalamineWorkbook

    for name in ("one.xlsx", "two.xlsx"):
        writing.write(tmp_path / name, "economics", ROW)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    rows = CalamineWorkbook.from_path(str(tmp_path / "one.xlsx")).get_sheet_by_index(0).to_python()
    assert ["91990101MA0DEM001L", "2026-09", 12345678.125, "", "万元"] == rows[1]


def test_a_column_the_package_lacks_is_refused(tmp_path):
    with pytest.raises(KeyError, match="certificate_no"):
        writing.write(tmp_path / "x.csv", "economics", {"certificate_no": ["1"]})
