"""Write a demo region as table packages, in the order in which a first page needs them.

`generate` is the door of this folder. Newest four quarters come first, then documents and meters,
then older quarters backwards, then corrections that arrive late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tanma.demo import (
    faults,
    form_sheets,
    ledgers,
    lots,
    manifest,
    names,
    region,
    registers,
    sheets,
    truth,
    writing,
)  # fmt: skip
from tanma.demo.faults import Fault
from tanma.demo.manifest import Manifest, Step
from tanma.demo.plan import CITY, Plan
from tanma.demo.region import Region
from tanma.demo.sheets import Scope

Progress = Callable[[str, float], None]
Columns = dict[str, Any]
FIRST_QUARTERS = 4
DEPARTMENTS = {
    "grid": ("供电企业：月度用电量", "Grid company: monthly power"),
    "statistics": ("统计部门：能源购进消费", "Statistics: energy bought and used"),
    "economics": ("统计部门：产值、增加值、收入", "Statistics: output, value added, revenue"),
    "tax": ("税务部门：计税营业额与税额", "Tax authority: turnover and tax"),
    "small": ("规下企业手机申报：产值与增加值", "Small enterprises by phone: output, value added"),
    "small-energy": ("规下企业手机申报：燃料", "Small enterprises by phone: fuels"),
    "renewables": ("光伏发电与上网电量", "PV generation and export"),
    "accounts": ("供电企业：户号月度用电量", "Grid company: monthly power by account"),
    "form-energy": ("统计报表 205-1：能源购进、消费与库存", "Form 205-1: energy"),
    "form-transformation": ("统计报表 205-2：能源加工转换", "Form 205-2: transformation"),
    "form-finance": ("统计报表：财务状况", "Form: finance"),
    "form-output": ("统计报表：工业产销总值", "Form: industrial output"),
    "form-water": ("统计报表 205-4：工业用水", "Form 205-4: water"),
    "production": ("统计部门：产品产量", "Statistics: output of products"),
}


@dataclass
class _Work:
    """State of one generation: where to write, what was written, what was planted."""

    world: Region
    out: Path
    progress: Progress
    total: int
    steps: list[Step] = field(default_factory=list)
    planted: list[Fault] = field(default_factory=list)
    late: list[tuple[str, str, Columns]] = field(default_factory=list)

    def put(
        self, path: str, package: str, words: tuple[str, str], columns: Columns,
        encoding: str = "utf-8",
    ) -> None:  # fmt: skip
        rows = writing.write(self.out / path, package, columns, encoding)
        if rows:
            self.steps.append(Step(path, package, words[0], words[1], rows))
        self.progress(path, min(len(self.steps) / self.total, 1.0))


def generate(
    out: Path,
    *,
    seed: int = 20261120,
    enterprises: int = 3800,
    small: int = 5000,
    quarters: int = 12,
    last: str = "2026Q3",
    region: str = CITY,
    progress: Progress | None = None,
) -> Manifest:
    """Write the region into `out` and return its manifest; equal arguments give equal bytes."""
    plan = Plan(seed, enterprises, small, quarters, last, region)
    return generate_plan(out, plan, progress or (lambda _what, _part: None))


def generate_plan(out: Path, plan: Plan, progress: Progress) -> Manifest:
    out.mkdir(parents=True, exist_ok=True)
    progress("region", 0.0)
    world = region.build(plan)
    files = plan.quarters * len(DEPARTMENTS) * plan.cities + 10
    work = _Work(world, out, progress, files)
    _registers(work)
    newest = list(range(plan.quarters - 1, -1, -1))
    for quarter in newest[:FIRST_QUARTERS]:
        _quarter(work, quarter)
    _documents(work)
    for quarter in newest[FIRST_QUARTERS:]:
        _quarter(work, quarter)
    _corrections(work)
    return _finish(work)


def _finish(work: _Work) -> Manifest:
    """Write the truth and the manifest."""
    plan, out = work.world.plan, work.out
    rows = truth.write_table(work.world, out / "truth.parquet")
    content = truth.summary(work.world)
    content["errors"] = [fault.as_dict() for fault in work.planted]
    truth.write_summary(out / "truth.json", content)
    done = Manifest(
        out=out,
        region=plan.region,
        seed=plan.seed,
        periods=[plan.quarter_text(q) for q in range(plan.quarters)],
        grid_region=manifest.GRID_REGION,
        names=_names(work.world),
        steps=work.steps,
        truth_rows=rows,
    )
    done.write()
    work.progress(manifest.FILE, 1.0)
    return done


def _names(world: Region) -> dict[str, str]:
    """Invented offices, for pages that must name an issuer."""
    city = world.land.cities[0]
    return {
        "province": names.PROVINCE_NAME,
        "city": city,
        "city_code": str(world.land.city_codes[0]),
        "issuer": f"{city}工业碳效管理办公室（演示）",
        "bank": f"{city[:-1]}绿融银行（演示）",
        "grid": f"{city[:-1]}供电公司（演示）",
        "verifier": f"{city[:-1]}碳核查中心（演示）",
    }


def _registers(work: _Work) -> None:
    world = work.world
    work.put(
        "registry/areas.xlsx", "areas", ("区域名录", "Register of areas"), registers.areas(world)
    )
    words = ("企业名录", "Register of enterprises")
    work.put("registry/enterprises.csv", "enterprises", words, registers.enterprises(world))


def _documents(work: _Work) -> None:
    world = work.world
    plain = (
        ("government/targets.xlsx", "targets", ("目标文件", "Targets"), registers.targets),
        ("statistics/gdp.xlsx", "gdp", ("地区生产总值", "Regional product"), registers.gdp),
        ("registry/sites.xlsx", "sites", ("生产场所", "Sites"), registers.sites),
        ("grid/meters.csv", "meters", ("计量器具与用电户号", "Meters and accounts"),
         registers.meters),
        ("grid/readings.csv", "readings", ("表计读数样例", "Sample of readings"),
         registers.readings),
        ("portal/batches.csv", "batches", ("企业：生产批次", "Enterprises: production batches"),
         lots.batches),
        ("portal/purchases.csv", "purchases", ("企业：购买台账", "Enterprises: purchase ledgers"),
         ledgers.purchases),
        ("renewables/certificates.xlsx", "certificates", ("绿色电力证书", "Green certificates"),
         registers.certificates),
        ("government/carbon-market.xlsx", "carbon_market",
         ("碳配额与碳交易", "Carbon allowances and trading"), registers.carbon_market),
    )  # fmt: skip
    for path, package, words, make in plain:
        work.put(path, package, words, make(world))


def _scopes(work: _Work, quarter: int) -> list[tuple[str, Scope]]:
    """One file for the city; in a province one for each city, named by its code."""
    world = work.world
    if world.plan.cities == 1:
        return [("", Scope(quarter, np.arange(world.people.count)))]
    county = world.land.county_of[world.people.township]
    city = world.land.city_of_county[county]
    return [
        (f"-{code}", Scope(quarter, np.flatnonzero(city == number)))
        for number, code in enumerate(world.land.city_codes)
    ]


def _quarter(work: _Work, quarter: int) -> None:
    """All departments for one quarter; the grid company first, since every code needs power."""
    text = work.world.plan.quarter_text(quarter)
    for suffix, scope in _scopes(work, quarter):
        _department_files(work, scope, f"{text}{suffix}")


def _department_files(work: _Work, scope: Scope, text: str) -> None:
    world = work.world
    power = sheets.grid_power(world, scope)
    energy = sheets.statistics_energy(world, scope)
    economics = sheets.statistics_economics(world, scope)
    files: list[tuple[str, str, str, Columns, str]] = [
        ("grid", f"grid/{text}-power.csv", "energy", power, "utf-8-sig"),
        ("statistics", f"statistics/{text}-energy.csv", "energy", energy, "utf-8"),
        ("economics", f"statistics/{text}-economics.csv", "economics", economics, "utf-8"),
        ("tax", f"tax/{text}-tax.csv", "tax", sheets.tax(world, scope), "gb18030"),
        ("small", f"portal/{text}-economics.csv", "economics",
         sheets.small_economics(world, scope), "utf-8"),
        ("small-energy", f"portal/{text}-energy.csv", "energy",
         sheets.small_energy(world, scope), "utf-8"),
        ("renewables", f"renewables/{text}-pv.csv", "renewables",
         sheets.renewables(world, scope), "utf-8"),
        ("accounts", f"grid/{text}-accounts.csv", "grid_accounts",
         sheets.grid_accounts(world, scope), "utf-8-sig"),
        ("form-energy", f"statistics/{text}-205-1.csv", "form_205_1",
         form_sheets.energy(world, scope), "utf-8"),
        ("form-transformation", f"statistics/{text}-205-2.csv", "form_205_2",
         form_sheets.transformation(world, scope), "utf-8"),
        ("form-finance", f"statistics/{text}-finance.csv", "form_finance",
         form_sheets.finance(world, scope), "utf-8"),
        ("form-output", f"statistics/{text}-output.csv", "form_output",
         form_sheets.output(world, scope), "utf-8"),
        ("form-water", f"statistics/{text}-205-4.csv", "form_205_4",
         form_sheets.water(world, scope), "utf-8"),
        ("production", f"statistics/{text}-production.csv", "production",
         sheets.production(world, scope), "utf-8"),
    ]  # fmt: skip
    for department, path, package, columns, encoding in files:
        written = _planted(work, department, path, columns, scope.quarter)
        zh, en = DEPARTMENTS[department]
        work.put(path, package, (f"{text} {zh}", f"{text} {en}"), written, encoding)


def _planted(work: _Work, department: str, path: str, columns: Columns, quarter: int) -> Columns:
    """The columns with the errors that this department makes in this quarter."""
    plan = work.world.plan
    rng = plan.stream(f"faults {path}")
    age = plan.quarters - 1 - quarter
    fix = f"corrections/{path.rpartition('/')[2]}"
    if department == "statistics" and age in (1, 4, 6):
        return _late(work, columns, "quantity", faults.LATE_ENERGY, path, fix, rng)
    if department == "form-energy" and age in (1, 5):
        value, count = "consumption_cumulative", faults.LATE_FORMS
        return _late(work, columns, value, count, path, fix, rng)
    if department == "economics" and age in (1, 3, 5):
        return _late(work, columns, "output_value", faults.LATE_ECONOMICS, path, fix, rng)
    if department == "grid" and age in (2, 5):
        wrong, right, found = faults.power_in_wrong_unit(columns, path, fix, rng)
        work.late.append((fix, "energy", right))
        work.planted += found
        return wrong
    return _plain_faults(work, department, path, columns, age, rng)


def _plain_faults(
    work: _Work,
    department: str,
    path: str,
    columns: Columns,
    age: int,
    rng: np.random.Generator,
) -> Columns:
    """Errors that nobody corrects: strangers, coal in kilograms, keys given twice."""
    found: list[Fault] = []
    if department == "grid" and age == 0:
        columns, found = faults.strangers(work.world, columns, path, rng)
    elif department == "statistics" and age == 2:
        columns, found = faults.coal_thousandfold(columns, path, rng)
    elif department == "statistics" and age == 5:
        columns, found = faults.duplicates(columns, path, rng)
    work.planted += found
    return columns


def _late(
    work: _Work,
    columns: Columns,
    value: str,
    count: int,
    path: str,
    fix: str,
    rng: np.random.Generator,
) -> Columns:
    wrong, right, found = faults.late_figures(columns, value, count, path, fix, rng)
    package = {"quantity": "energy", "output_value": "economics"}.get(value, "form_205_1")
    work.late.append((fix, package, right))
    work.planted += found
    return wrong


def _corrections(work: _Work) -> None:
    """Files that departments deliver later, by date of their quarter."""
    for path, package, columns in sorted(work.late, key=lambda item: item[0]):
        quarter = path.rpartition("/")[2][:6]
        words = (f"{quarter} 迟到的更正", f"{quarter} late corrections")
        work.put(path, package, words, columns)
