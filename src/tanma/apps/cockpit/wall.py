"""What the wall shows: everything is computed from one run's frozen files and its predecessors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, ngettext

from tanma.apps.areas.door import (
    QUOTIENT,
    AreaFigures,
    Frozen,
    Row,
    area_figures,
    children,
    comparison,
    frozen,
    month_values,
    publications,
)
from tanma.apps.attention import door as attention
from tanma.apps.cockpit import breakdowns, disclosure, places
from tanma.apps.codes import door as codes
from tanma.apps.facts import door as facts
from tanma.apps.kit.door import (
    Amount,
    Chart,
    Series,
    Target,
    big_tce,
    big_tonnes,
    known_time,
    lang,
    percent,
    period_short,
    scaled,
    signed,
    significant,
)
from tanma.apps.registry.door import Area
from tanma.domain.periods import month_number, parse
from tanma.engine.disclosure import few

PERIODS = 8
MONTHS = 12
BELOW = 5
TARGET = "target.emission_intensity"
TARGET_SCALE = 6


@dataclass(frozen=True)
class View:
    """Which run, area, hierarchy and map a page shows, and who may open its links."""

    run: codes.Run
    runs: list[codes.Run]
    """Publications in force, newest period first."""
    figures: AreaFigures
    map: str = "index"
    aggregates_only: bool = False
    """A kiosk: no names of enterprises, no figure with too few enterprises behind it."""

    @property
    def data(self) -> Frozen:
        return frozen(self.run)

    def hides(self, figures: AreaFigures) -> bool:
        """Too few enterprises reported for the sums of an area to be shown here."""
        return self.aggregates_only and few(figures.reporting)

    @property
    def earlier(self) -> list[codes.Run]:
        """The run and those before it, oldest first, at most eight periods."""
        own = [r for r in self.runs if r.period_end <= self.run.period_end]
        return own[:PERIODS][::-1]


def context(view: View) -> dict[str, Any]:
    figures = view.figures
    return {
        "view": view, "area": figures, "run": view.run,
        "tiles": tiles(view), "counts": figures.grades, "before": _previous_grades(view),
        "benchmark": breakdowns.benchmark(view.data, figures, closed=view.aggregates_only),
        "high": breakdowns.high_carbon(view.data, figures, closed=view.aggregates_only),
        "fuels": breakdowns.fuels(view.data, figures, closed=view.aggregates_only),
        "sectors": breakdowns.sectors(view.data, figures, closed=view.aggregates_only),
        "places": places.hexagons(view.data, figures.code, view.map, linked=not
                                  view.aggregates_only),
        "below": _below(view), "trend": trend(view), "composition": composition(view),
        "reporting": reporting(view), "watch": watch(view),
    }  # fmt: skip


# --- key figures


def then_of(view: View, run: codes.Run) -> AreaFigures | None:
    """The same area in another run."""
    own = view.figures
    return area_figures(frozen(run), own.hierarchy, own.code, own.name)


def history(view: View, value: Callable[[AreaFigures], Any]) -> list[float | None]:
    """A figure of the area over the published periods, oldest first."""
    found: list[float | None] = []
    for run in view.earlier:
        then = then_of(view, run)
        number = value(then) if then and not view.hides(then) else None
        found.append(None if number is None else float(number))
    return found


def tiles(view: View) -> list[dict[str, Any]]:
    """The six key figures: value, unit, change against the year before, eight periods."""
    area = view.figures
    rule = gettext("规则 %(edition)s") % {"edition": view.run.edition}
    basis = gettext("截至%(period)s四个季度") % {"period": period_short(view.run.period)}
    made = [
        *_sums(view, lang()),
        _tile(gettext("已赋码企业"), Amount(scaled(area.coded, 0), gettext("家")),
              _more(_coded_before(view)),
              history(view, lambda a: a.coded),
              gettext("未赋码 %(none)s 家") % {"none": scaled(area.uncoded, 0)}),
        _tile(gettext("5级企业"), Amount(scaled(area.grade_5, 0), gettext("家")),
              _more(area.grade_5_change),
              history(view, lambda a: a.grade_5),
              gettext("高碳 %(n)s 家") % {"n": scaled(area.level_high, 0)}),
    ]  # fmt: skip
    return [t | {"source": f"{basis} · {rule}"} for t in made]


def _sums(view: View, language: str) -> list[dict[str, Any]]:
    """The four key figures that are sums or quotients of them."""
    area = view.figures
    made = [
        _tile(gettext("净碳排放"), big_tonnes(area.net_mg, language),
              _yearly(area.yearly(lambda y: y.amount("net_mg"))),
              history(view, lambda a: a.net_mg),
              gettext("企业口径合计")),
        _tile(gettext("综合能源消费量"), big_tce(area.energy_calorific_gce, language),
              _yearly(area.yearly(lambda y: y.amount("energy_calorific_gce"))),
              history(view, lambda a: a.energy_calorific_gce), gettext("当量值")),
        _tile(gettext("碳效值"), Amount(significant(area.intensity), gettext("吨/万元")),
              _yearly(area.yearly(lambda y: y.intensity)),
              history(view, lambda a: a.intensity), gettext("越小越好")),
        _tile(gettext("能耗强度"), Amount(significant(area.energy_intensity),
                                      gettext("tce/万元")),
              _yearly(area.yearly(lambda y: y.energy_intensity)),
              history(view, lambda a: a.energy_intensity),
              gettext("当量值")),
    ]  # fmt: skip
    if view.hides(area):
        return [t | {"value": None, "note": disclosure.words()} for t in made]
    rests_on = (("energy",), ("energy",), QUOTIENT, QUOTIENT)
    return [
        t | {"value": None, "note": why} if (why := area.why(*kinds)) else t
        for t, kinds in zip(made, rests_on, strict=True)
    ]


def _tile(
    label: str, value: Amount, yearly: str, spark: list[float | None], note: str
) -> dict[str, Any]:
    return {"label": label, "value": value, "note": f"{yearly} · {note}", "spark": spark}


def _yearly(share: float | None) -> str:
    if share is None:
        return gettext("同比不可比")
    return gettext("同比 %(n)s%%") % {"n": signed(percent(share))}


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{signed(percent(share))}%"


def _more(difference: int | None) -> str:
    if difference is None:
        return gettext("同比不可比")
    return gettext("同比 %(n)s") % {"n": signed(scaled(difference, 0))}


def _coded_before(view: View) -> int | None:
    """Coded enterprises now less those of the publication of the year before, if there was one."""
    year = attention.year_before(view.run)
    then = then_of(view, year) if year else None
    return None if then is None else int(view.figures.coded - then.coded)


def _previous_grades(view: View) -> dict[int, int] | None:
    earlier = view.earlier[:-1]
    if not earlier:
        return None
    then = then_of(view, earlier[-1])
    return then.grades if then else None


# --- course over time


def composition(view: View) -> Chart:
    """Shares of the five grades over the published periods."""
    found = [then_of(view, r) for r in view.earlier]
    series = [
        Series(gettext("%(g)s级") % {"g": g}, [f.grades[g] if f else None for f in found],
               unit=gettext("家"), grade=g, digits=0)
        for g in range(5, 0, -1)
    ]  # fmt: skip
    return Chart(
        "share", gettext("等级构成"), [period_short(r.period) for r in view.earlier], series,
        note=gettext("每期按当期行业平均"), category_label=gettext("评价期"), size="s",
        name="composition",
    )  # fmt: skip


def trend(view: View) -> Chart:
    """Net emission by month and emission per value added by quarter, with an entered target."""
    months = _months(view)
    rows = view.data.rows("monthly", view.figures.hierarchy, view.figures.code)
    net = month_values(
        r for r in rows if not (view.aggregates_only and few(r["enterprises"]))
    )
    by_quarter, note = _quarterly(view, months)
    scale, unit = (13, "万吨") if lang() == "zh" else (12, "kt")
    return Chart(
        "bars", gettext("排放与强度"), [f"{m:%y-%m}" for m in months],
        [
            Series(gettext("碳效值"), by_quarter, unit=gettext("吨/万元"), draw="line", axis=1,
                   digits=3),
            Series(gettext("净排放"), [_scaled(net.get(m), scale) for m in months], unit=unit,
                   digits=1),
        ],
        note=note, category_label=gettext("月份"), target=target(view), name="trend",
    )  # fmt: skip


def _scaled(count: int | None, decimals: int) -> float | None:
    return None if count is None else float(Fraction(count, 10**decimals))


def _months(view: View) -> list[date]:
    end = view.data.period.end_month
    return [date(m // 12, m % 12 + 1, 1) for m in range(end - MONTHS, end)]


def _quarterly(view: View, months: Sequence[date]) -> tuple[list[float | None], str]:
    """Each month's quarter: from quarter publications where all are there, else rolling ones.

    A period before the first publication has no value.
    """
    ends = [month_number(m) // 3 * 3 + 3 for m in months]
    whole = _ending(view, "quarter", ends)
    if all(end in whole for end in ends):
        return [whole[end] for end in ends], gettext("碳效值按单季度发布值")
    rolling = _ending(view, "rolling", ends)
    return [rolling.get(end) for end in ends], gettext("碳效值为滚动四季度值")


def _ending(view: View, kind: str, ends: Sequence[int]) -> dict[int, float | None]:
    """Emission per value added by the month number at which its publication ends."""
    runs = [r for r in publications(kind) if parse(r.period).end_month in ends]
    then = {parse(r.period).end_month: then_of(view, r) for r in runs}
    return {
        end: figures.intensity if figures and not view.hides(figures) else None
        for end, figures in then.items()
    }


def target(view: View) -> Target | None:
    """The entered target of emission per value added that holds at the end of the period."""
    area = Area.objects.filter(code=view.figures.code).first()
    if area is None:
        return None
    last = view.data.period.months[-1]
    stated = facts.current(facts.facts_of(area.id, TARGET), view.run.known_at)
    now = [f for f in stated if f.valid_from <= last < f.valid_to and f.value is not None]
    if not now:
        return None
    fact = min(now, key=lambda f: f.valid_to - f.valid_from)
    document = fact.evidence.partition("doc:")[2].strip()
    name = gettext("%(year)s年目标") % {"year": last.year} + (f" {document}" if document else "")
    return Target(name, float(Fraction(fact.value or 0, 10**TARGET_SCALE)), axis=1)


# --- freshness, completeness, attention, areas below


def reporting(view: View) -> dict[str, Any]:
    """Enterprises that reported everything expected ÷ those expected, and the last arrival."""
    row = view.figures.completeness
    expected, complete = row["expected"], row["complete"]
    return {
        "expected": expected, "complete": complete, "missing": expected - complete,
        "share": percent(complete / expected) if expected else None,
        "bound": _bound(view, row), "unbounded": row["unbounded"],
        "known_at": known_time(view.run.known_at, settings.TIME_ZONE),
        "arrived": last_arrival(), "comparison": comparison(view.figures),
    }  # fmt: skip


def _bound(view: View, row: Row) -> Any:
    """What the missing part may come to at most; on a kiosk not where that is one enterprise's."""
    missing = row["expected"] - row["complete"]
    if view.aggregates_only and 0 < missing and few(missing):
        return disclosure.words()
    return view.figures.bound(lang())


def last_arrival() -> str:
    """When the newest fact of any source came in."""
    stamp = facts.watermark()
    return known_time(stamp or None, settings.TIME_ZONE)


def watch(view: View) -> dict[str, Any]:
    """How many enterprises each rule calls up, and the townships with an abnormal index."""
    found = attention.listed_in(
        view.data, attention.listed(view.run), view.figures.hierarchy, view.figures.code
    )
    return {
        "grade": _count(found, "grade"), "drop": _count(found, "drop"),
        "ratio": _count(found, "ratio"), "all": len(found),
        "towns": attention.abnormal_towns(view.data, view.figures.code),
        "compared": attention.year_before(view.run) is not None,
    }  # fmt: skip


def _count(found: list[attention.Item], reason: str) -> int:
    return sum(reason in case.reasons for case in found)


def _below(view: View) -> list[dict[str, Any]]:
    """The areas directly below: index, change, and how many enterprises of grade 5."""
    below = children(view.data, "statutory", view.figures.code)
    hidden = {a.code for a in places.hidden(below)} if view.aggregates_only else set()
    if len(below) > BELOW:
        below = sorted(below, key=lambda a: -(a.index or 0))
    return [
        {
            "area": a, "index": significant(a.index, 3), "why": a.why(*QUOTIENT),
            "change": _percent(a.index_change),
            "rising": (a.index_change or 0) > 0,
            "five": ngettext("5级 %(n)s 家", "5级 %(n)s 家", a.grade_5)
            % {"n": scaled(a.grade_5, 0)},
        }
        for a in below[:BELOW]
        if a.code not in hidden
    ]  # fmt: skip
