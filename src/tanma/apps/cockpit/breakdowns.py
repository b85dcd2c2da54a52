"""Where an area's emissions come from, and how its industries stand against the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext

from tanma.apps.areas.door import AreaFigures, Frozen, Row, item_name, quotient
from tanma.apps.cockpit.disclosure import Part
from tanma.apps.kit.door import Chart, Series, lang, percent, rounded, statistics_only
from tanma.apps.registry import door as registry
from tanma.domain.rating import find
from tanma.engine import disclosure

SHOWN = 8
SOURCES_SHOWN = 5


def zh() -> bool:
    return lang() == "zh"


def emission_unit() -> tuple[int, str]:
    """Decimals below mg and the unit of amounts in charts: 万吨 or kt."""
    return (13, "万吨") if zh() else (12, "kt")


def division_name(code: str) -> str:
    """The division's name, shortened at the word 业 for a narrow axis in Chinese."""
    name = registry.industry_name(code)
    return name if zh() else name.removeprefix("Manufacture of ").capitalize()


def _largest(rows: list[Row], amount: str) -> list[Row]:
    return sorted(rows, key=lambda r: (-(r[amount] or 0), str(r.get("division"))))


def _withheld(data: Frozen, figures: AreaFigures, rows: list[Row], part: str, *kinds: str) -> int:
    """How many rows of an area are not shown, since they are for statistics alone."""
    has = data.untold.has
    return sum(any(has(kind, *figures.key, r[part]) for kind in kinds) for r in rows)


def _noted(note: str, withheld: int) -> str:
    if not withheld:
        return note
    return f"{note} · " + gettext("另有 %(n)s 项仅供统计，不予显示") % {"n": withheld}


# --- industries against the benchmark


@dataclass(frozen=True)
class Spread:
    """One division: average, p10, p90 and best of its members, in t per 10⁴ yuan or as ratios."""

    name: str
    average: float
    low: float | None
    high: float | None
    best: float | None

    def over(self, other: float) -> Spread:
        parts = [None if v is None else v / other for v in (self.low, self.high, self.best)]
        return Spread(self.name, self.average / other, *parts)


def spread(row: Row) -> Spread | None:
    """Average as Σ emissions ÷ Σ value added of the members; None without members."""
    average = quotient(row["member_net_mg"], row["member_value_added_fen"])
    if average is None:
        return None
    return Spread(division_name(row["division"]), average, row["intensity_p10"],
                  row["intensity_p90"], row["best_intensity"])  # fmt: skip


def benchmark(data: Frozen, figures: AreaFigures, *, closed: bool = False) -> Chart:
    """The largest divisions: L itself for the whole region, else as a multiple of its average.

    `closed` is a screen outside the office: no best value, which is one enterprise's, and only
    divisions with enough members.
    """
    region = {r["division"]: r for r in data.rows("industries", "statutory", data.home)}
    rows = _largest(data.rows("industries", *figures.key), "member_net_mg")
    found: list[Spread] = []
    for row in rows:
        made = _against(row, region.get(row["division"]), whole=figures.whole)
        if made and not (closed and disclosure.few(row["members"])):
            found.append(made)
    shut = _withheld(data, figures, rows, "division", "money", "energy")
    return _range_chart(found[:SHOWN], figures, shut, closed=closed)


def _against(row: Row, region: Row | None, *, whole: bool) -> Spread | None:
    own = spread(row)
    if own is None or whole:
        return own
    base = spread(region) if region else None
    return own.over(base.average) if base and base.average > 0 else None


def _range_chart(
    found: list[Spread], figures: AreaFigures, shut: int, *, closed: bool
) -> Chart:
    unit = gettext("吨/万元") if figures.whole else gettext("倍")
    own = gettext("平均碳效值") if figures.whole else gettext("÷ 全域同行业平均")
    series = [
        Series(gettext("第10百分位"), [s.low for s in found], unit=unit, digits=3),
        Series(gettext("第90百分位"), [s.high for s in found], unit=unit, digits=3),
        Series(own, [s.average for s in found], unit=unit, digits=2),
    ]
    if not closed:
        series.append(Series(gettext("最优"), [s.best for s in found], unit=unit, digits=3))
    return Chart(
        "range", gettext("行业对标"), [s.name for s in found], series,
        note=_noted(gettext("吨/万元；条 P10–P90，点 均值，◇ 最优，虚线 全部工业")
                    if figures.whole else gettext("÷ 全域同行业平均；条 P10–P90，点 均值，◇ 最优"),
                    shut),
        category_label=gettext("行业大类"), name="benchmark",
        reference=figures.intensity if figures.whole else 1.0,
    )  # fmt: skip


def high_carbon(data: Frozen, figures: AreaFigures, *, closed: bool = False) -> dict[str, Any]:
    """Divisions whose average L lies in the scheme's highest level: number and shares.

    Both shares are of the enterprises that form the benchmark. `closed`: none where the high
    divisions or the others have too few of them.
    """
    cut = find(data.run.scheme).intensity.cuts[-1]
    rows = data.rows("industries", *figures.key)
    high = [r for r in rows if _above(r, cut)]
    members = sum(r["members"] for r in high), sum(r["members"] for r in rows if r not in high)
    if closed and any(0 < n and disclosure.few(n) for n in members):
        rows = []
    shut = _withheld(data, figures, rows, "division", "money", "energy")
    if shut:
        rows = []
    return {
        "why": statistics_only() if shut else "",
        "n": len(high), "cut": f"{float(cut):g}",
        "names": [division_name(r["division"]) for r in _largest(high, "net_mg")],
        "emission": _share(high, rows, "member_net_mg"),
        "value_added": _share(high, rows, "member_value_added_fen"),
    }  # fmt: skip


def _above(row: Row, cut: Fraction) -> bool:
    """Σ E ÷ Σ VA of the members above a cut-off in t per 10⁴ yuan, by integers."""
    net, money = row["member_net_mg"], row["member_value_added_fen"]
    if net is None or not money or money < 0:
        return False
    return bool(net * cut.denominator > cut.numerator * money * 1000)


def _share(part: list[Row], whole: list[Row], column: str) -> str:
    total = sum(r[column] or 0 for r in whole)
    return percent(Fraction(sum(r[column] or 0 for r in part), total) if total > 0 else None)


# --- sources


@dataclass(frozen=True)
class Bar:
    """One row of a bar list; `width` is its length in per cent of the longest."""

    label: str
    value: str
    share: str
    width: str


@dataclass(frozen=True)
class Bars:
    """A list of bars that is its own table."""

    name: str
    title: str
    note: str
    unit: str
    rows: list[Bar]


def fuels(data: Frozen, figures: AreaFigures, *, closed: bool = False) -> Bars:
    """Gross emission by energy item, the largest first, the rest together.

    `closed` is a screen outside the office: what few enterprises use stands with the rest.
    """
    every = data.rows("sources", *figures.key)
    rows = sorted((r for r in every if r["gross_mg"] is not None),
                  key=lambda r: (-r["gross_mg"], r["item"]))  # fmt: skip
    parts = [Part(item_name(r["item"]), r["gross_mg"], r["enterprises"]) for r in rows
             if r["gross_mg"]]  # fmt: skip
    hidden = disclosure.closed(
        parts, lambda p: p.enterprises, lambda p: p.mg, overlapping=True
    ) if closed else []  # fmt: skip
    note = _noted(gettext("总排放"), _withheld(data, figures, every, "item", "item"))
    return _bars("fuels", gettext("按能源品种"), parts, note, hidden)


def sectors(data: Frozen, figures: AreaFigures, *, closed: bool = False) -> Bars:
    """Net emission by division, the largest first, the rest together; `closed` as above."""
    rows = _largest(data.rows("industries", *figures.key), "net_mg")
    parts = [
        Part(division_name(r["division"]), r["net_mg"], int(r.get("counted") or r["enterprises"]))
        for r in rows if r["net_mg"]
    ]  # fmt: skip
    hidden = disclosure.closed(parts, lambda p: p.enterprises, lambda p: p.mg) if closed else []
    note = _noted(gettext("净排放"), _withheld(data, figures, rows, "division", "energy"))
    return _bars("sectors", gettext("按行业大类"), parts, note, hidden)


def _bars(name: str, title: str, parts: list[Part], note: str, hidden: Sequence[Part] = ()) -> Bars:
    """The largest parts and the rest in one bar, with what is hidden; the sum stays the same."""
    open_parts = [p for p in parts if p not in hidden]
    shown = [(p.label, p.mg) for p in open_parts[:SOURCES_SHOWN]]
    rest = sum(p.mg for p in [*open_parts[SOURCES_SHOWN:], *hidden])
    if rest:
        shown = [*shown, (gettext("其他"), rest)]
    if hidden:
        note = f"{note} · " + gettext("不足%(n)s家的并入其他") % {"n": disclosure.least()}
    decimals, unit = emission_unit()
    total, longest = sum(p.mg for p in parts), max((a for _, a in shown), default=0)
    return Bars(name, title, note, unit, [
        Bar(label, rounded(Fraction(a, 10**decimals), 1), percent(Fraction(a, total)),
            f"{max(a, 0) / longest * 100:.1f}%")
        for label, a in shown
        if longest > 0
    ])  # fmt: skip
