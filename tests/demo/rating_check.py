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


def economy(made, quarters):
    """(code, period) → (output, value added) in 10⁴ yuan."""
    parts = ("劳动者报酬", "生产税净额", "固定资产折旧", "营业盈余")
    found = {}
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
