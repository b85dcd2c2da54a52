"""The six steps of an evaluation, each with what this run used or made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
from django.urls import reverse
from django.utils.translation import gettext

from tanma.apps.codes.door import Run, files_of, word
from tanma.apps.kit.door import lang, scaled
from tanma.apps.rules import door as rules
from tanma.domain.methods import Edition
from tanma.engine.rules import edition_of
from tanma.lake.results import Run as LakeRun

COUNTS = """
    SELECT l.*, r.* FROM
        (SELECT count(*) AS lines, count(DISTINCT item) AS items, count(DISTINCT subject) AS firms,
                count(DISTINCT source) AS sources FROM read_parquet($lines)) l,
        (SELECT count(*) FILTER (missing > 0) AS missing, count(*) FILTER (member) AS members
         FROM read_parquet($results)) r"""
EVIDENCE = """
    SELECT count(*) AS used, count(*) FILTER (evidence = 'recalled') AS recalled
    FROM (UNPIVOT (SELECT COLUMNS('.*_evidence$') FROM read_parquet($factors))
          ON COLUMNS(*) INTO NAME parameter VALUE evidence)"""


@dataclass(frozen=True)
class Step:
    """One step: its name, what was done, and where it can be looked at."""

    name: str
    told: str
    href: str = ""


def six_steps(run: Run) -> list[Step]:
    """From purpose and boundary to the published grade, told from the run's own files."""
    files = files_of(run)
    told = _counts(files, run)
    first = edition_of(files.meta, files.meta["editions"][0])
    return [
        Step(gettext("目的、对象与边界"), _purpose(run, first), reverse("rules:schemes")),
        Step(gettext("排放源与温室气体"),
             gettext("二氧化碳；%(items)s 种活动数据") % told,
             rules.edition_address(first)),
        Step(gettext("活动数据"),
             gettext("%(lines)s 条，%(firms)s 家企业，%(sources)s 类来源；%(missing)s 家有缺报")
             % told, reverse("publications:activity", args=[run.uid])),
        Step(gettext("排放因子"),
             gettext("按数据项和月份取值 %(used)s 个，其中 %(recalled)s 个未核实") % told,
             reverse("rules:factors")),
        Step(gettext("核算与评价"),
             gettext("%(members)s 家形成行业平均，%(graded)s 家定级，%(none)s 家暂不赋码") % told,
             reverse("publications:uncoded", args=[run.uid])),
        Step(gettext("分级结果与报告"), _outcome(run)),
    ]  # fmt: skip


def _purpose(run: Run, made: Edition) -> str:
    scheme = rules.scheme(run.scheme, run.edition)
    title = word(scheme.title) if scheme else run.scheme
    return f"{title}{'; ' if lang() == 'en' else '；'}{made.boundary[lang()]}"


def _outcome(run: Run) -> str:
    if run.number is None:
        return gettext("尚未发布")
    return gettext("第 %(number)s 号发布；每家一页、一证书、一份依据") % {"number": run.number}


def _counts(files: LakeRun, run: Run) -> dict[str, str]:
    with duckdb.connect(config={"threads": 1}) as con:
        found: dict[str, Any] = {}
        for query, names in ((COUNTS, ("lines", "results")), (EVIDENCE, ("factors",))):
            cursor = con.execute(query, {name: str(files.path(name)) for name in names})
            columns = [column[0] for column in cursor.description or ()]
            found |= dict(zip(columns, cursor.fetchall()[0], strict=True))
    graded, every = run.summary["graded"], run.summary["enterprises"]
    found |= {"graded": graded, "none": every - graded}
    return {name: scaled(count, 0) for name, count in found.items()}
