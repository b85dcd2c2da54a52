"""What the enterprise, officials of its area and holders of its consent see beside the grade.

Everything here is handed out by `context` after the one check `see_figures`; the public page never
comes through this module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import duckdb
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.codepages import public
from tanma.apps.codepages.base import Base, base_of
from tanma.apps.codepages.market import Market, market_of, slots
from tanma.apps.codepages.peers import peers
from tanma.apps.codes.door import (
    Objection,
    Result,
    Run,
    files_of,
    for_viewer,
    number_of,
    open_preview,
    published,
    why_not_compared,
    word,
)
from tanma.apps.inventories import door as inventories
from tanma.apps.kit.door import (
    Chart,
    Column,
    DotPlot,
    Figure,
    Series,
    Table,
    grade_html,
    intensity,
    lang,
    period_name,
    period_short,
    significant,
    statistics_only,
    tonnes,
)
from tanma.apps.people.door import Consent, Viewer, visible
from tanma.apps.registry.door import Enterprise, industry_text
from tanma.domain.rating.attention import index_rule
from tanma.engine.untold import COMPARED

PERIODS = 8
NEAR_CUT = 0.05
"""Where a run gave no probability, a grade that a change below this share flips is marked 临界. Our
own choice, not a published rule."""

SMALLEST_CHANCE = 0.005
"""A grade less probable than this would be shown as 0 %."""

SOURCES = {
    "metered": _("计量与结算数据"),
    "statistics": _("统计报表数据"),
    "declared": _("企业申报数据"),
}
FLAGS = {
    "DENOMINATOR_MISSING": _("没有增加值数据"),
    "DENOMINATOR_NOT_POSITIVE": _("增加值不为正"),
    "DENOMINATOR_TINY": _("增加值占产值的比例低于方案规定"),
    "DENOMINATOR_FALLBACK": _("改用总产值与行业比较，不定碳效水平"),
    "NUMERATOR_MISSING": _("能源数据不完整，不推算"),
    "UNRATED": _("暂不评级"),
    "NET_NEGATIVE": _("净排放为负"),
    "NO_BENCHMARK": _("没有可用的行业平均"),
    "BENCHMARK_CLIMBED": _("本行业企业太少，改与上一级行业比较"),
    "BENCHMARK_SHRUNK": _("本行业企业太少，所用平均介于本行业与上一级行业之间"),
    "BENCHMARK_SMALL": _("参与比较的企业少于方案规定，请谨慎使用"),
    "DOMINANT": _("本企业在行业平均中占比很大"),
    "OUTLIER": _("比值远离同行，请核对数据"),
    "BORDERLINE": _("等级把握不足，处在分界附近"),
    "NOT_MEMBER": _("按行业平均定级，但不参与形成行业平均"),
}
"""Marks of the rating in words."""
BESIDE = (
    "benchmark_level", "margin_better", "margin_worse", "margin", "shadow_grade", "probability",
    "probabilities",
)  # fmt: skip


def basis_link(enterprise: Enterprise, period: str) -> str:
    """Where every number of a period comes from."""
    return f"{reverse('accountpages:basis', args=[enterprise.uid])}?period={period}"


def nothing() -> dict[str, Any]:
    """What the page of a visitor has instead of figures and actions."""
    return {"figures": None, "history": None, "table": None, "consent": None, "actions": []}


def context(
    request: HttpRequest, who: Viewer, enterprise: Enterprise, record: public.PublicCode
) -> dict[str, Any]:
    """Figures, history and actions of a viewer; the same as a visitor's without the right."""
    if not who.may("see_figures", enterprise.id):
        return nothing()
    rows = history(who, enterprise.id)
    return {
        "figures": figures_of(who, enterprise, record),
        "history": chart(rows),
        "table": table(rows, request),
        "consent": consent_in_use(request, who, enterprise.id),
        "actions": actions(who, enterprise, record),
    }


def export(context: dict[str, Any]) -> HttpResponse | StreamingHttpResponse | None:
    """The file of the periods' table when the address asks for it."""
    return context["table"].export(f"code-{context['record'].code}") if context["table"] else None


@dataclass(frozen=True)
class Figures:
    """One result with what the run's files say beside it."""

    result: Result
    beside: dict[str, Any]
    rules: Any
    basis: str

    @property
    def neutrality_rate(self) -> float | None:
        """碳中和率 = deduction ÷ gross."""
        gross, deduction = self.result.gross_mg, self.result.deduction_mg
        return deduction / gross if gross and deduction is not None else None

    @property
    def gap_to_best(self) -> float | None:
        """L above the best of the industry [t/10⁴ yuan]."""
        own, best = self.result.intensity, self.result.best_intensity
        return own - best if own is not None and best is not None else None

    @property
    def source(self) -> str:
        return str(SOURCES.get(self.result.data_basis, gettext("暂无数据")))

    @property
    def flags(self) -> list[str]:
        return [str(FLAGS.get(code, code)) for code in self.result.flags]

    @property
    def near_cut(self) -> bool:
        if self.beside.get("probability") is not None:
            return "BORDERLINE" in self.result.flags
        margin = self.beside.get("margin")
        return margin is not None and margin < NEAR_CUT

    @property
    def chances(self) -> list[tuple[int, float]]:
        """The grades that are likely at all, each with its probability."""
        found = enumerate(self.beside.get("probabilities") or (), 1)
        return [(grade, share) for grade, share in found if share >= SMALLEST_CHANCE]

    @property
    def benchmark_group(self) -> str:
        """The population compared with: depth and name, 小类 1751 …"""
        return self._population(self.beside.get("benchmark_level"), self.result.benchmark_group)

    def _population(self, level: str | None, code: str) -> str:
        words = self.rules.population.levels if self.rules else ()
        depth = next((word(lv) for lv in words if lv.id == level), "")
        return f"{depth} {industry_text(code)}".strip()

    @cached_property
    def base(self) -> Base | None:
        return base_of(self.result, self.rules)

    @property
    def base_group(self) -> str:
        """The population of the base period's average."""
        return self._population(self.base.level, self.base.group) if self.base else ""

    @property
    def flip(self) -> Flip | None:
        """The smallest change of its own net emission that would give another grade."""
        return smallest_flip(
            self.result.net_mg, self.result.grade, self.beside.get("margin_better"),
            self.beside.get("margin_worse"),
        )  # fmt: skip

    @property
    def peers(self) -> DotPlot | None:
        return peers(self.result)

    @property
    def why(self) -> str:
        """Why this viewer is not shown how it stands among the others."""
        return why_not_compared(self.result)

    @property
    def region(self) -> Region | None:
        return region_of(self.result.run)

    @cached_property
    def market(self) -> Market | None:
        return market_of(self.result.subject)

    @property
    def market_slots(self) -> list[tuple[Any, list[tuple[Any, int]]]]:
        return slots(self.market)

    @property
    def shadow_differs(self) -> bool:
        shadow = self.beside.get("shadow_grade")
        return shadow is not None and shadow != self.result.grade


@dataclass(frozen=True)
class Flip:
    """A change of the own net emission, all else as published, and the grade it leads to."""

    mg: int
    share: float
    grade: int

    @property
    def better(self) -> bool:
        return self.mg < 0

    @property
    def size_mg(self) -> int:
        return abs(self.mg)


def smallest_flip(
    net_mg: int | None, grade: int | None, better: float | None, worse: float | None
) -> Flip | None:
    """From the two margins of K, which moves as the emission does; None without a way to move.

    better: share by which K must fall to the next cut-off, worse: by which it must rise past it.
    """
    if net_mg is None or net_mg <= 0 or grade is None:
        return None
    ways = []
    if better is not None:
        ways.append(Flip(-round(better * net_mg), better, grade - 1))
    if worse is not None:
        ways.append(Flip(round(worse * net_mg), worse, grade + 1))
    return min(ways, key=lambda way: way.share, default=None)


@dataclass(frozen=True)
class Region:
    """The whole region's own level: Σ net emission ÷ Σ value added of who has both."""

    intensity: float | None
    enterprises: int
    why: str = ""
    """Why the level is not shown."""


REGION_SQL = """
    SELECT net_with_value_added_mg, value_added_fen, enterprises, area_code FROM read_parquet(?)
    WHERE hierarchy = 'statutory' ORDER BY enterprises DESC, area_code LIMIT 1"""


def region_of(run: Run) -> Region | None:
    """The level of the region of a run [t/10⁴ yuan]; None with few enterprises or no money."""
    with duckdb.connect() as con:
        rows = con.execute(REGION_SQL, [str(files_of(run).path("areas"))]).fetchall()
    if not rows or rows[0][2] < index_rule().disclosure.min_n or not rows[0][1]:
        return None
    net, fen, count, code = rows[0]
    untold = inventories.untold_of(run.uid)
    if any(untold.has(kind, "statutory", code) for kind in ("money", "energy")):
        return Region(None, count, statistics_only())
    return None if net is None or fen <= 0 else Region(net / fen / 1000, count)


def figures_alone(result: Result) -> Figures:
    """A result without what the run's files say beside it, for those who may read its figures."""
    return Figures(result, {}, None, "")


def figures_of(who: Viewer, enterprise: Enterprise, record: public.PublicCode) -> Figures | None:
    result = newest(who, enterprise.id)
    if result is None:
        return None
    return Figures(result, beside(result), record.rules, basis_link(enterprise, result.run.period))


def newest(who: Viewer, subject: int) -> Result | None:
    """The result in force, among the rows this viewer may see."""
    rows = Result.objects.filter(run=published().first(), subject=subject)
    return next(iter(for_viewer(who, visible(who, rows).select_related("run"))), None)


def beside(result: Result) -> dict[str, Any]:
    """Columns that only the run's files keep; {} when the files have no such row."""
    path = str(files_of(result.run).path("results"))
    with duckdb.connect() as con:
        rows = con.execute(
            f"SELECT {', '.join(BESIDE)} FROM read_parquet(?) WHERE natural_key = ?",
            [path, result.natural_key],
        ).fetchall()
    found = dict(zip(BESIDE, rows[0], strict=True)) if rows else {}
    return {k: v for k, v in found.items() if not (why_not_compared(result) and k in COMPARED)}


def history(who: Viewer, subject: int) -> list[Result]:
    """The last periods, oldest first, each from the newest publication of that period."""
    rows = Result.objects.filter(subject=subject, run__in=published())
    newest: dict[str, Result] = {}
    for row in visible(who, rows).select_related("run").order_by("run__period_end", "run__number"):
        newest[row.run.period] = row
    return for_viewer(who, list(newest.values())[-PERIODS:])


def chart(rows: list[Result]) -> Chart | None:
    """与行业平均比值 of each period, measured against that period's own benchmark."""
    if not rows:
        return None
    ratio = Series(_("与行业平均比值"), [r.ratio for r in rows], draw="line", digits=3)
    return Chart(
        "line", _("近 8 期"), [period_short(r.run.period) for r in rows], [ratio],
        note=_("每期与当期行业平均相比，数值越小越好"), name="history", size="s",
        grades=[r.grade for r in rows], category_label=_("期间"),
    )  # fmt: skip


def table(rows: list[Result], request: HttpRequest) -> Table:
    """The same periods in figures, for reading and download."""
    ton_per_wan = _("吨/万元")
    columns = [
        Column("period", _("期间"), lambda r: r.run.period,
               lambda r: period_name(r.run.period, lang())),
        Column("grade", _("碳效等级"), lambda r: r.grade, lambda r: grade_html(r.grade),
               kind="plain"),
        Column("intensity", _("碳效值"), lambda r: r.intensity,
               lambda r: significant(r.intensity), unit=ton_per_wan, kind="number"),
        Column("benchmark", _("行业平均"), lambda r: r.benchmark_value,
               lambda r: significant(r.benchmark_value), unit=ton_per_wan, kind="number",
               why=why_not_compared),
        Column("ratio", _("与行业平均比值"), lambda r: r.ratio, lambda r: significant(r.ratio),
               kind="number", why=why_not_compared),
        Column("n", _("参与比较企业"), lambda r: r.benchmark_n, unit=_("家"), kind="number"),
        Column("edition", _("规则版本"), lambda r: r.run.edition),
        Column("number", _("发布编号"), lambda r: number_of(r.run)),
    ]  # fmt: skip
    return Table(columns, rows[::-1], request.GET, prefix="h-", caption=_("近 8 期"))


def for_certificate(who: Viewer, enterprise: Enterprise) -> tuple[Figure, ...]:
    """The figures of the certificate; none for a viewer without the right."""
    if not who.may("see_figures", enterprise.id):
        return ()
    result = newest(who, enterprise.id)
    if result is None:
        return ()
    smaller = gettext("数值越小越好")
    return (
        Figure(gettext("碳排放总量"), tonnes(result.gross_mg), "tCO₂",
               gettext("碳效码口径，扣减后 %(net)s 吨") % {"net": tonnes(result.net_mg)}),
        Figure(gettext("碳效值"), intensity(result.net_mg, result.value_added_fen)
               if result.intensity is not None else "—", gettext("吨/万元"), smaller),
        Figure(gettext("与行业平均比值"), significant(result.ratio), "", smaller),
    )  # fmt: skip


def consent_in_use(request: HttpRequest, who: Viewer, subject: int) -> Consent | None:
    """The link through which this viewer looks, when there is no other right."""
    if not replace(who, consented=frozenset()).may("see_figures", subject):
        tokens = request.session.get("consents", [])
        return Consent.objects.filter(
            token_hash__in=tokens, subject=subject, expires_at__gt=timezone.now(), revoked_at=None
        ).order_by("-expires_at").first()  # fmt: skip
    return None


def actions(
    who: Viewer, enterprise: Enterprise, record: public.PublicCode
) -> list[tuple[str, str, str]]:
    """(label, what it gives, address) of what this viewer can really do now."""
    subject = enterprise.id

    def at(page: str) -> str:
        return reverse(f"codepages:{page}", args=[record.code])

    wanted = [
        (record.graded, gettext("下载证书"), "PDF/A", at("certificate")),
        (bool(record.period) and who.may("see_basis", subject), gettext("查看依据"),
         gettext("每个数从哪里来"), basis_link(enterprise, record.period)),
        (who.may("consent", subject), gettext("授权他人查看"), gettext("发出或收回查看链接"),
         at("consents")),
        (who.may("declare", subject), gettext("申报数据"), gettext("补报能源与经济数据"),
         reverse("catalogue:declare")),
        (who.may("object", subject) and open_preview(subject) is not None,
         gettext("查看预览并提出异议"), gettext("发布前可核对"), at("preview")),
        (who.may("object", subject) and Objection.objects.filter(subject=subject).exists(),
         gettext("我的异议"), gettext("查看答复"), at("preview")),
    ]  # fmt: skip
    shown = [(label, gives, href) for may, label, gives, href in wanted if may]
    # the first of several actions with the same address is enough
    return list({action[2]: action for action in reversed(shown)}.values())[::-1]
