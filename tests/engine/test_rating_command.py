"""`tanma rate`: any table in, grades out; what is wrong with a file is told with its row."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tanma.domain.messages import Problem
from tanma.domain.rating.loader import FOLDER
from tanma.site.cli import main
from tanma.site.commands._rating_file import read_rating_file

HEAD = "id,group,numerator,denominator"
TWO_FIRMS = f"{HEAD}\nA,3011,100,100\nB,3011,300,100\n"


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rated(
    path: Path, capsys: pytest.CaptureFixture[str], scheme: str = "zhejiang-carbon-efficiency"
) -> list[dict[str, Any]]:
    assert 0 == main(["rate", str(path), "--scheme", scheme, "--json"])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_object_per_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = rated(write(tmp_path, TWO_FIRMS), capsys)
    wanted = ("id", "group", "benchmark", "ratio", "level", "grade", "pair")
    assert ("A", "3011", 2.0, 0.5, "中碳", 1, "中碳1级") == tuple(first[name] for name in wanted)
    assert ("B", "3011", 2.0, 1.5, "高碳", 4, "高碳4级") == tuple(second[name] for name in wanted)
    assert ("unconfirmed", "2024-draft") == (first["evidence"], first["edition"])
    assert ("400", "200") == (first["sum_numerator"], first["sum_denominator"])


def test_readable_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, TWO_FIRMS)
    assert 0 == main(["rate", str(path), "--scheme", "zhejiang-carbon-efficiency"])
    out = capsys.readouterr().out
    assert "碳效码分级（公开资料整理，未经主管部门确认） · 2024-draft · unconfirmed" in out
    assert "数值越小越好 · Smaller is better" in out
    assert "远优于行业平均" in out
    assert "可比企业太少" in out
    assert "few enterprises to compare with" in out


def test_output_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, output = write(tmp_path, TWO_FIRMS), tmp_path / "grades.jsonl"
    command = ["rate", str(path), "--scheme", "zhejiang-carbon-efficiency", "--json"]
    assert 0 == main([*command, "--output", str(output)])
    assert "" == capsys.readouterr().out
    lines = output.read_text(encoding="utf-8").splitlines()
    assert ["A", "B"] == [json.loads(line)["id"] for line in lines]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, f"{HEAD}\n甲厂,水泥,1,1\n".encode(encoding))
    assert [("甲厂", "水泥")] == [(row["id"], row["group"]) for row in rated(path, capsys)]


def test_decimals_are_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0.1 three times is 0.3 and lies on the cut-off; the next digit is above it."""
    peers = "".join(f"p{i},x,1,0.1,1\n" for i in range(5))
    rows = "on,x,0.0600000000000000,0.01,0\nabove,x,0.06000000000000001,0.01,0\n"
    path = write(tmp_path, f"{HEAD},member\n{peers}{rows}")
    found = {row["id"]: row for row in rated(path, capsys)}
    assert (1, 2) == (found["on"]["grade"], found["above"]["grade"])
    assert ("5", "0.5") == (found["on"]["sum_numerator"], found["on"]["sum_denominator"])


def test_exponents_and_negative_numbers(tmp_path: Path) -> None:
    given = read_rating_file(write(tmp_path, f"{HEAD}\nA,x,1.5e3,-2\nB,x,2E-2,+7\n"))
    numerators = [
        Decimal(n).scaleb(-given.numerator_scale) for n in given.table["numerator"].to_pylist()
    ]
    assert [Decimal(1500), Decimal("0.02")] == numerators
    assert [-2, 7] == given.table["denominator"].to_pylist()


def test_periods_and_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "A,x,100,100,0.3,2025\nB,x,300,100,0.1,2025\nA,x,50,100,1,2026\n"
    found = rated(write(tmp_path, f"{HEAD},weight,period\n{rows}"), capsys)
    assert [1.5, 1.5, 0.5] == [row["benchmark"] for row in found]
    assert ["60", "40"] == [found[0]["sum_numerator"], found[0]["sum_denominator"]]
    assert ["2025", "2025", "2026"] == [row["period"] for row in found]


def test_empty_cells_are_missing_not_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "A,x,,100\nB,x,5,\nC,x,5,10\n"
    found = rated(write(tmp_path, f"{HEAD}\n{rows}"), capsys)
    assert [None, None, 3] == [row["grade"] for row in found]
    assert ["NUMERATOR_MISSING", "UNRATED"] == found[0]["flags"]
    assert ["DENOMINATOR_MISSING", "UNRATED"] == found[1]["flags"]


def test_uncertainty_gives_a_probability(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "A,x,100,100,0.05\nB,x,300,100,\n"
    found = rated(write(tmp_path, f"{HEAD},uncertainty\n{rows}"), capsys)
    assert [True, False] == [row["probability"] is not None for row in found]


def test_columns_not_used_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, f"{HEAD},name\n\nA,x,1,1,甲\n,,,,\n")
    assert 0 == main(["rate", str(path), "--scheme", "uk-ets-allocation"])
    assert "未使用的列 · columns not used: name" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    rows = "".join(f"e{i},x,1,1\n" for i in range(3000))
    path = write(tmp_path, f"{HEAD}\n{rows}")
    command = [sys.executable, "-m", "tanma.site.cli", "rate", str(path), "--json"]
    process = subprocess.Popen(
        [*command, "--scheme", "uk-ets-allocation"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b'{"id": "e0"')
    process.stdout.close()
    assert b"" == process.stderr.read()
    process.stderr.close()
    assert 0 == process.wait(timeout=60)


def test_output_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["rate", str(write(tmp_path, TWO_FIRMS)), "--scheme", "uk-ets-allocation"]
    assert 2 == main([*command, "--output", str(tmp_path / "no" / "grades.json")])
    err = capsys.readouterr().err
    assert "请换一个可写的路径" in err
    assert "Choose a path that can be written" in err


BAD = [
    (
        "rating_cell_wrong",
        "period,id,group,numerator,denominator\n2026Q3,A,1,1,1\n2026Q9,B,1,1,1\n",
        "2026Q9",
        "2026Q9",
    ),
    ("rating_column_missing", "id,group,numerator\nA,x,1\n", "缺少列 denominator", "Needed: id"),
    ("rating_column_twice", f"{HEAD},group\n", "列 group 出现了两次", "column group stands twice"),
    ("rating_file_empty", "", "没有数据行", "no data rows"),
    ("rating_file_empty", f"{HEAD}\n\n", "没有数据行", "no data rows"),
    ("rating_cell_wrong", f"{HEAD}\nA,x,1,1\nB,x,二,1\n", "第 3 行：numerator：“二”", "row 3"),
    ("rating_cell_wrong", f"{HEAD}\nA,x,=1+1,1\n", "不要写公式", "without formula"),
    ("rating_cell_wrong", f"{HEAD}\nA,x,NaN,1\n", "不是十进制数", "not a decimal number"),
    ("rating_cell_wrong", f"{HEAD}\nA,x,1,{10**19}\n", "超出可保存的范围", "out of range"),
    ("rating_cell_empty", f"{HEAD}\nA,,1,1\n", "第 2 行：group 为空", "row 2: group is empty"),
    (
        "rating_id_twice",
        f"{HEAD}\nA,x,1,1\nA,y,2,1\n",
        "已在第 2 行出现",
        "already stands in row 2",
    ),
    ("rating_row_ragged", f"{HEAD}\nA,x,1\n", "第 2 行有 3 个单元格", "row 2 has 3 cells"),
    ("rating_member_wrong", f"{HEAD},member\nA,x,1,1,yes\n", "member 写的是 “yes”", "is 'yes'"),
    ("rating_weight_not_positive", f"{HEAD},weight\nA,x,1,1,0\n", "权重 0 不大于 0", "weight 0"),
    ("rating_cell_empty", f"{HEAD},weight\nA,x,1,1,\n", "weight 为空", "weight is empty"),
    ("rating_uncertainty_wrong", f"{HEAD},uncertainty\nA,x,1,1,5\n", "5% 写作 0.05", "5 % as 0.05"),
    ("rating_file_unreadable", b"PK\x03\x04\0\0", "not a text file", "UTF-8 or GB18030"),
    ("rating_file_unreadable", b"id,\xff\xff", "GB18030", "neither UTF-8 nor GB18030"),
    ("rating_file_unreadable", f'{HEAD}\nA,"x,1,1\n', "line 2", "line 2"),
]


@pytest.mark.parametrize(("code", "content", "zh", "en"), BAD)
def test_bad_file(code: str, content: str | bytes, zh: str, en: str, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        read_rating_file(write(tmp_path, content))
    assert code == caught.value.code
    assert zh in caught.value.text("zh")
    assert en in caught.value.text("en")
    assert "table.csv" in caught.value.text("zh")


def test_missing_file_and_unknown_scheme(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(["rate", str(tmp_path / "no.csv"), "--scheme", "uk-ets-allocation"])
    assert "no.csv 读不出来" in capsys.readouterr().err
    assert 2 == main(["rate", str(write(tmp_path, TWO_FIRMS)), "--scheme", "no"])
    assert "现有方案：regional-carbon-index, uk-ets-allocation, zhejiang" in capsys.readouterr().err


SHRINK = """[population.shrink]
evidence = "proposed"
fallback_k = "2"
k = "1"

[fallback]"""


def shrinking(folder: Path) -> Path:
    text = (FOLDER / "zhejiang-carbon-efficiency.toml").read_text(encoding="utf-8")
    path = folder / "own.toml"
    path.write_text(text.replace("[fallback]", SHRINK, 1), encoding="utf-8")
    return path


def test_a_scheme_of_ones_own_and_what_its_averages_were_made_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """L 1 among six of 18.5: the group has 16, w = 1/2, so the average is 4."""
    rows = "A,3011,100,100\n" + "".join(f"o{i},3012,1850,100\n" for i in range(6))
    found = rated(write(tmp_path, f"{HEAD}\n{rows}"), capsys, str(shrinking(tmp_path)))
    wanted = ("benchmark", "ratio", "own_level", "own_key", "own_n", "own_n_eff", "shrink_weight")
    assert (4.0, 0.25, "class", "3011", 1, 1.0, "0.500000") == tuple(found[0][n] for n in wanted)
    assert 4 * Decimal(found[0]["sum_denominator"]) == Decimal(found[0]["sum_numerator"])
    assert found[1]["shrink_weight"] is None


def test_two_years_beside_the_base_period(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Halved in a year: K stays 1, against 2024 it is 0.5, against its path 0.5 ÷ 0.961."""
    rows = "A,3011,200,100,2024\nA,3011,100,100,2025\n"
    found = rated(write(tmp_path, f"{HEAD},period\n{rows}"), capsys)
    wanted = ("ratio", "base_benchmark", "ratio_frozen", "target_benchmark", "ratio_pathway")
    assert (1.0, 2.0, 0.5, 1.922, pytest.approx(0.5 / 0.961)) == tuple(found[1][n] for n in wanted)
    assert {*wanted[1:]}.isdisjoint(
        rated(write(tmp_path, f"{HEAD},period\n{rows}"), capsys, "uk-ets-allocation")[0]
    )


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_scheme_file_that_cannot_be_read(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content:
        write(tmp_path, content, "own.toml")
    table = write(tmp_path, TWO_FIRMS)
    assert 2 == main(["rate", str(table), "--scheme", str(tmp_path / "own.toml")])
    err = capsys.readouterr().err
    assert "own.toml 读不出来" in err
    assert "Give the path of a TOML file or the id of a built-in scheme" in err
