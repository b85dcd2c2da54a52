"""An independent rating of the written files: plain Python, factors from the reference tables.

Nothing of `tanma.demo` is used to compute, so that a mistake there cannot hide here.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from importlib.resources import files

FUEL_SET = "NDRC-2015"
CUTS = (0.6, 0.8, 1.2, 2.0)


def factor_rows(name):
    text = files("tanma.domain.factors").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def fuel_tco2_per_unit():
    """Fuel id → tCO2 per reported unit: calorific value × carbon × oxidation × 44/12."""
    part = defaultdict(dict)
    for row in factor_rows("fuels.csv"):
        if row["set_id"] == FUEL_SET:
            part[row["key"]][row["parameter"]] = float(row["value"])
    return {k: v["ncv"] * v["cc"] * v["of"] * 44 / 12 for k, v in part.items() if len(v) >= 3}


def grid_tco2_per_kwh(grid_region, year=2023):
    found = [
        float(row["value"]) / 1000
        for row in factor_rows("grid.csv")
        if row["region"] == grid_region
        and row["data_year"] == str(year)
        and row["kind"] == "average"
    ]
    assert 1 == len(found)
    return found[0]


HEAT_TCO2_PER_GJ = 0.11


def read(path):
    data = path.read_bytes()
    text = data.decode("gb18030" if path.name.endswith("-tax.csv") else "utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def tables_of(made, packages, quarters):
    """Rows of every file of these packages and quarters; corrections come last, as in the steps."""
    for step in made.steps:
        name = step.path.rpartition("/")[2]
        if step.package in packages and name[:6] in quarters:
            yield from read(made.file(step))


def emissions(made, quarters, carriers):
    """(code, month) → tonnes, the last version of each key winning."""
    by_name = {name: c.carrier for c in carriers.values() for name in (c.name_zh, *c.names)}
    fuels = fuel_tco2_per_unit()
    power = grid_tco2_per_kwh(made.grid_region)
    told = {}
    for row in tables_of(made, {"energy"}, quarters):
        key = (row["统一社会信用代码"], row["期间"], row["项目"], row["流向"], row["来源"])
        told[key] = (float(row["数量"]), row["单位"])
    for row in tables_of(made, {"grid_accounts"}, quarters):
        if row["户主统一社会信用代码"]:
            key = (row["户主统一社会信用代码"], row["期间"], "电力", "购入", row["用电户号"])
            told[key] = (float(row["数量"]), row["单位"])
    told |= told_on_forms(made, quarters)
    total = defaultdict(float)
    for (code, month, name, flow, _), (amount, unit) in told.items():
        carrier = by_name.get(name, name)
        if carrier == "electricity":
            each = power * (1000 if unit == "MWh" else 1)
        elif carrier == "heat":
            each = HEAT_TCO2_PER_GJ
        elif flow == "燃烧":
            each = fuels[carrier.removeprefix("fuel.")]
        else:
            continue
        total[code, month] += (-1 if flow == "售出" else 1) * amount * each
    return total


def differences(rows, month, since):
    """(code, carrier) and month → amount: from 本月 where nothing is before it, else differences.

    January is reported with February: its own amount is 0 here.
    """
    cumulative, alone = {}, {}
    for row in rows:  # a correction comes later and counts
        about = (row["统一社会信用代码"], row.get("能源名称", ""))
        if row[since]:
            cumulative[about, row["报告期别"]] = float(row[since])
        if row[month]:
            alone[about, row["报告期别"]] = float(row[month])
    found = {}
    for about, period in cumulative.keys() | alone.keys():
        year, number = period.split("-")
        before = cumulative.get((about, f"{year}-{int(number) - 1:02d}"))
        if number == "02":
            found[about, f"{year}-01"] = 0.0
            found[about, period] = cumulative[about, period]
        elif before is None:
            found[about, period] = alone[about, period]
        else:
            found[about, period] = cumulative[about, period] - before
    return found


def told_on_forms(made, quarters):
    """Burnt fuel and bought heat of enterprises that report on statistics forms."""
    rows = list(tables_of(made, {"form_205_1"}, quarters))
    consumed = differences(rows, "消费量合计本月", "消费量合计1-本月")
    rows = tables_of(made, {"form_205_2"}, quarters)
    transformed = differences(
        [r for r in rows if r["能源名称"] == "烟煤"], "加工转换投入本月", "加工转换投入1-本月"
    )
    found = {}
    for (about, period), amount in consumed.items():
        code, name = about
        flow = "购入" if name == "热力" else "燃烧"
        burnt = amount - transformed.get((about, period), 0.0)
        found[code, period, name, flow, "form"] = (burnt, "")
    return found


def economy_on_forms(made, quarters):
    parts = ("劳动者报酬", "生产税净额", "固定资产折旧", "营业盈余")
    rows = list(tables_of(made, {"form_finance"}, quarters))
    each = [differences(rows, f"{p}本月", f"{p}1-本月") for p in parts]
    rows = list(tables_of(made, {"form_output"}, quarters))
    output = differences(rows, "工业总产值本月", "工业总产值1-本月")
    return {
        (about[0], period): (output[about, period], sum(e[about, period] for e in each))
        for about, period in each[0]
    }


def economy(made, quarters):
    """(code, period) → (output, value added) in 10⁴ yuan."""
    parts = ("劳动者报酬", "生产税净额", "固定资产折旧", "营业盈余")
    found = economy_on_forms(made, quarters)
    for row in tables_of(made, {"economics"}, quarters):
        declared = row["工业增加值"]
        added = float(declared) if declared else sum(float(row[p]) for p in parts)
        found[row["统一社会信用代码"], row["期间"]] = (float(row["工业总产值"]), added)
    return found


def grade(ratio):
    return 1 + sum(ratio > cut for cut in CUTS)


def benchmark(members, code):
    """Ratio of sums of the first level of the code with 5 members and 3 effective ones."""
    for digits in (4, 3, 2, 0):
        group = [(e, v) for industry, e, v in members if industry[:digits] == code[:digits]]
        base = sum(v for _, v in group)
        if len(group) >= 5 and base**2 / sum(v * v for _, v in group) >= 3:
            return sum(e for e, _ in group) / base
    raise AssertionError(f"no benchmark for {code}")
