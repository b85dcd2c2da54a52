from __future__ import annotations

import json

import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.demo.rating_check import read


def test_table_holds_what_the_grid_company_wrote(made):
    table = pq.read_table(made.out / "truth.parquet")
    assert made.truth_rows == table.num_rows
    power = table.filter(pc.equal(table["item"].cast("string"), "electricity.purchased"))
    september = power.filter(pc.equal(power["month"].cast("string"), "2026-09"))
    truth = dict(zip(september["uscc"].cast("string").to_pylist(), september["amount"].to_pylist()))
    written = {
        row["统一社会信用代码"]: float(row["数量"])
        for row in read(made.out / "grid/2026Q3-power.csv")
        if row["期间"] == "2026-09" and row["统一社会信用代码"] in truth
    } | {
        row["户主统一社会信用代码"]: float(row["数量"])
        for row in read(made.out / "grid/2026Q3-accounts.csv")
        if row["期间"] == "2026-09" and row["户主统一社会信用代码"]
    }
    assert truth == written


def test_summary_counts_agree_with_the_register(made):
    told = json.loads((made.out / "truth.json").read_text(encoding="utf-8"))
    now = {row["统一社会信用代码"]: row for row in read(made.out / "registry/enterprises.csv")}
    active = [row for row in now.values() if row["状态"] == "在营"]
    assert told["enterprises_listed"] == len(now)
    assert told["above_active_last_month"] == sum(row["规模"] == "规上" for row in active)
    assert told["below_active_last_month"] == sum(row["规模"] == "规下" for row in active)
    assert told["industries"] == len({row["行业代码"] for row in now.values()})
