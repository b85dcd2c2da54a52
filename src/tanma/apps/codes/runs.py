"""Computing a run: mirror up to date → pure evaluation in the lake → one relational transaction.

The transaction that inserts the run and its rows is the commit; run files that no row refers to
are swept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.db import transaction

from tanma import __version__
from tanma.apps.codes.flow import record
from tanma.apps.codes.models import AreaResult, Result, Run, Schedule
from tanma.apps.facts import door as facts
from tanma.apps.inventories import door as inventories
from tanma.apps.people.door import Viewer
from tanma.apps.rules import door as rules
from tanma.domain.factors.lookup import grid_place
from tanma.domain.factors.tables import factor_rows
from tanma.domain.identity import id_text, new_id
from tanma.domain.messages import Problem
from tanma.domain.periods import parse
from tanma.engine.disclosure import singles
from tanma.engine.evaluate import Plan
from tanma.engine.evaluate import run as evaluate_run
from tanma.engine.rules import scheme_of
from tanma.lake.facts import FactsMirror
from tanma.lake.results import Run as LakeRun

SCHEME = "zhejiang-carbon-efficiency"

COPIED = [
    "subject", "natural_key", "name", "industry", "area_code", "size_class", "data_basis",
    "reason", "level", "grade", "neutrality_band", "gross_mg", "deduction_mg", "net_mg",
    "value_added_fen", "output_fen", "energy_calorific_gce", "intensity", "ratio", "rank",
]  # fmt: skip
RENAMED = {
    "status": "state", "benchmark_group": "benchmark_key", "benchmark_value": "benchmark",
    "benchmark_n": "n", "rank_of": "ranked",
}  # fmt: skip
TEXTS = {
    "reason", "level", "neutrality_band", "benchmark_group", "data_basis", "size_class",
    "area_code", "industry",
}  # fmt: skip


def sync_lake(*, anew: bool = False) -> FactsMirror:
    """Bring the lake's mirror of the facts up to the store's watermark; `anew`: fetch all again."""
    mirror = FactsMirror(settings.TANMA.lake)
    take = mirror.anew if anew else mirror.sync
    take(facts.fetch, facts.watermark())
    return mirror


def compute(
    period: str, viewer: Viewer, *, scheme: str = SCHEME, known_at: int | None = None,
    schedule: Schedule | None = None,
) -> Run:  # fmt: skip
    """Evaluate a period as known at T (the newest mirrored time if None) and store the run."""
    viewer.require("start_run")
    span = parse(period)
    last = span.end - timedelta(days=1)
    region, level = _grid(last)
    mirror = sync_lake()
    chosen, texts = rules.pinned(scheme, last)
    plan = Plan(
        scheme=scheme, period=span.text, rules=texts, known_at=known_at or mirror.watermark,
        known_on=known_day(known_at or mirror.watermark), grid_region=region, grid_level=level,
        legal_basis=settings.TANMA.legal_basis,
    )  # fmt: skip
    run_id = new_id()
    files = evaluate_run(settings.TANMA.lake, plan, id_text(run_id))
    return _commit(run_id, plan, chosen.edition, files, viewer, schedule)


def _grid(day: date) -> tuple[str, str]:
    """Province and level of the grid factor; a Problem where the setting is empty or finds none.

    Without a factor of power no enterprise that buys any would have a result.
    """
    region, level = settings.TANMA.grid_region, settings.TANMA.grid_level
    if not region:
        raise Problem("run_grid_region_missing")
    place = grid_place(region, level, day)
    rows = factor_rows(rules.library_here().values())
    known = {row["region"] for family, row in rows if family == "grid"}
    if place not in known:
        listed = ", ".join(sorted(known - {"CN"}))
        raise Problem("run_grid_region_unknown", region=region, place=place, known=listed)
    return region, level


def known_day(stamp: int) -> str:
    """The UTC day of a stamp: which editions had been published by then."""
    return datetime.fromtimestamp(stamp / 1e6, UTC).date().isoformat()


def _commit(
    run_id: int, plan: Plan, edition: str, files: LakeRun, viewer: Viewer,
    schedule: Schedule | None,
) -> Run:  # fmt: skip
    results = files.table("results")
    run = Run(
        id=run_id, scheme=plan.scheme, edition=edition, period=plan.period,
        period_kind=plan.span.kind, period_end=plan.span.end, known_at=plan.known_at,
        digest=files.digest, code_version=__version__, summary=_summary(results),
        schedule=schedule,
    )  # fmt: skip
    with transaction.atomic():
        run.save(force_insert=True)
        Result.objects.bulk_create(_results(run, files), batch_size=500)
        AreaResult.objects.bulk_create(_areas(run, files.table("areas")), batch_size=500)
        record(run, "compute", viewer)
    return run


def _results(run: Run, files: LakeRun) -> Iterator[Result]:
    """One row per enterprise, without what is for statistics alone and what would tell it."""
    untold, population = inventories.untold_of(run.uid), scheme_of(files.meta).population
    table = untold.of_table(singles(files.table("results")), population)
    names = {name: name for name in COPIED} | RENAMED
    columns = {field: table[source].to_pylist() for field, source in names.items()}
    columns["flags"] = [f.split(",") if f else [] for f in table["flags"].to_pylist()]
    intensity, gap = table["intensity"].to_pylist(), table["gap_to_best"].to_pylist()
    columns["best_intensity"] = [
        i - g if i is not None and g is not None else None
        for i, g in zip(intensity, gap, strict=True)
    ]
    for field in TEXTS:
        columns[field] = [v or "" for v in columns[field]]
    for values in zip(*columns.values(), strict=True):
        yield Result(run=run, **dict(zip(columns, values, strict=True)))


def _areas(run: Run, table: pa.Table) -> Iterator[AreaResult]:
    for row in table.to_pylist():
        hierarchy, code = row.pop("hierarchy"), row.pop("area_code")
        yield AreaResult(run=run, hierarchy=hierarchy, area_code=code, figures=_json(row))


def _json(row: dict[str, Any]) -> dict[str, Any]:
    """Amounts as text: they pass 2⁵³, where JSON readers lose digits; counts stay numbers."""
    amounts = ("_mg", "_fen", "_gce")
    return {k: str(v) if k.endswith(amounts) and v is not None else v for k, v in row.items()}


def _summary(results: pa.Table) -> dict[str, Any]:
    """Counts that lists and the cockpit show at once."""
    grades = results["grade"].to_pylist()
    states = results["state"].to_pylist()
    told = zip(results["reason"].to_pylist(), states, strict=True)
    reasons = [reason for reason, state in told if state != "graded"]
    return {
        "enterprises": results.num_rows,
        "graded": states.count("graded"),
        "grades": {str(g): grades.count(g) for g in range(1, 6)},
        "reasons": {r: reasons.count(r) for r in sorted(set(reasons))},
    }


CAUSES = {
    "net_mg": "排放量变化", "value_added_fen": "增加值变化", "industry": "行业变化",
    "benchmark_group": "比较对象变化", "benchmark_value": "行业平均变化", "reason": "赋码状态变化",
}  # fmt: skip


def causes(was: Result, new: Result) -> list[str]:
    """Which inputs of the grade differ: own emission, value added, industry, benchmark."""
    return [text for field, text in CAUSES.items() if getattr(was, field) != getattr(new, field)]


def predecessor(run: Run) -> Run | None:
    """What a run is compared with: the newest publication of its period, else of the one before."""
    published = Run.objects.filter(
        scheme=run.scheme, period_kind=run.period_kind, state="published"
    ).exclude(pk=run.pk)
    same = published.filter(period=run.period).order_by("-number").first()
    return (
        same
        or published.filter(period_end__lt=run.period_end)
        .order_by("-period_end", "-number")
        .first()
    )


def files_of(run: Run) -> LakeRun:
    """The frozen files of a run."""
    return LakeRun(settings.TANMA.lake / "results" / f"run={run.uid}")
