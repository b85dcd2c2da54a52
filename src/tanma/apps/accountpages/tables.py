"""Tables of this room: totals, emission sources, lines, energy; each with the same file export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.accountpages import words
from tanma.apps.inventories.door import (
    BADGES,
    MARKS,
    Entry,
    FactorUsed,
    Source,
    share,
    signed,
    source_name,
)
from tanma.apps.kit.door import (
    Column,
    Table,
    evidence_html,
    lang,
    listed,
    percent,
    scaled,
    significant,
    tce,
    tonnes,
    with_note,
)
from tanma.domain.numbers import EMISSION_DECIMALS, ENERGY_DECIMALS, decimal_text
from tanma.domain.quantities import number_text

UNITS = {"mg": ("tCO₂", EMISSION_DECIMALS, tonnes), "gce": ("tce", ENERGY_DECIMALS, tce)}
"""quantum → unit on screen, decimals, how amounts are shown"""


@dataclass(frozen=True)
class LineRow:
    """One line of a total: an entry with its sign, and the total it is a share of."""

    entry: Entry
    weight: int
    whole: int | None

    @property
    def posted(self) -> int | None:
        return signed(self.entry, self.weight)


def exact(count: int | None, decimals: int) -> Decimal | str | None:
    """All digits of a posted amount, for files."""
    return None if count is None else Decimal(decimal_text(count, decimals))


def file_number(count: int | None, decimals: int) -> str | float | None:
    """A number for a spreadsheet cell; the text of all digits where a float would lose some."""
    value = exact(count, decimals)
    if value is None:
        return None
    return float(value) if Decimal(repr(float(value))) == value else str(value)


def line_name(entry: Entry) -> str:
    return str(entry.line.name[lang()])


def item_name(entry: Entry) -> str:
    item = entry.item
    return item.name_en if lang() == "en" else item.name_zh


def mark_html(evidence: str) -> str | SafeString:
    """A badge for what is not confirmed, plain words for the rest."""
    if evidence in BADGES:
        return evidence_html(evidence)
    return MARKS[evidence][lang() == "en"] if evidence in MARKS else ""


def factor_text(used: FactorUsed) -> str:
    """电力排放因子 0.4974 tCO₂/MWh（最新公布值、2023）; a share without a unit stays so."""
    value = number_text(None if used.text is None else float(used.text))
    return with_note(f"{words.factor_name(used.name)} {_with_unit(value, used)}", _how(used))


def coefficient_html(factors: Sequence[FactorUsed]) -> SafeString:
    """For a column that names the coefficient, four digits: 0.3024 tce/MWh（2024）."""
    values = (significant(None if u.text is None else Fraction(u.text)) for u in factors)
    texts = (
        (with_note(_with_unit(value, used), _how(used)),)
        for value, used in zip(values, factors, strict=True)
    )
    return format_html_join("", '<div class="nowrap">{}</div>', texts)


def _with_unit(value: str, used: FactorUsed) -> str:
    return value if used.text is None or used.unit == "1" else f"{value} {words.unit(used.unit)}"


def _how(used: FactorUsed) -> str:
    """How the value was chosen, and of which year it is."""
    how = [words.choice_name(used.choice), str(used.data_year) if used.data_year else ""]
    return listed(part for part in how if part)


def factors_text(factors: Sequence[FactorUsed]) -> str:
    return "; ".join(factor_text(used) for used in factors)


def factors_html(factors: Sequence[FactorUsed]) -> SafeString:
    return format_html_join(
        "", '<div class="nowrap">{}</div>', ((factor_text(used),) for used in factors)
    )


def rows_text(factors: Sequence[FactorUsed]) -> str:
    return "; ".join(dict.fromkeys(used.row_id for used in factors if used.row_id))


def rows_html(factors: Sequence[FactorUsed]) -> SafeString:
    rows = dict.fromkeys(used.row_id for used in factors if used.row_id)
    return format_html_join("", '<div class="small mono nowrap">{}</div>', ((r,) for r in rows))


def _all_factors(source: Source) -> list[FactorUsed]:
    return [used for values in source.factors.values() for used in values]


def _amount_columns(quantum: str, label: Any) -> list[Column]:
    unit, decimals, show = UNITS[quantum]
    return [
        Column(
            "posted", label, lambda r: file_number(r.posted, decimals),
            show=lambda r: show(r.posted), unit=unit, kind="number", sort=True,
        ),
        Column(
            "share", _("占比"), _share_value, show=lambda r: percent(_share_of(r)),
            unit="%", kind="number", sort=True,
        ),
    ]  # fmt: skip


def _share_of(row: Any) -> Any:
    return row.share if isinstance(row, Source) else share(row.posted, row.whole)


def _share_value(row: Any) -> float | None:
    found = _share_of(row)
    return None if found is None else float(round(found * 100, 4))


def source_table(sources: Sequence[Source], query: QueryDict, quantum: str, label: Any) -> Table:
    """The emission-source list: item, amount, factor, evidence, result, share."""
    columns = [
        Column("line", _("核算项"), lambda s: line_name(s.first), sort=True),
        Column("item", _("活动数据"), lambda s: item_name(s.first), sort=True),
        Column(
            "amount", _("用量"), lambda s: file_number(s.amount, s.item.scale),
            show=lambda s: scaled(s.amount, s.item.scale), kind="number",
        ),
        Column("unit", _("单位"), lambda s: words.unit(s.item.unit)),
        Column(
            "factor", _("因子"), lambda s: factors_text(_all_factors(s)),
            show=lambda s: factors_html(_all_factors(s)),
        ),
        Column("rows", _("因子行"), lambda s: rows_text(_all_factors(s)), show=lambda s: ""),
        Column("evidence", _("依据"), lambda s: s.evidence, show=lambda s: mark_html(s.evidence)),
        Column("said", _("数据来源"), lambda s: _said(s.entries)),
        Column("months", _("月数"), lambda s: len(s.entries), kind="number"),
        *_amount_columns(quantum, label),
    ]  # fmt: skip
    return Table(
        [c for c in columns if c.key != "rows" or query.get("export")], sources, query,
        caption=_("排放源清单"), empty=_("这一口径没有排放源"),
    )  # fmt: skip


def _said(entries: Sequence[Entry]) -> str:
    names = (source_name(entry.source, lang()) for entry in entries)
    return listed(dict.fromkeys(names))


def line_table(rows: Sequence[LineRow], query: QueryDict, quantum: str, label: Any) -> Table:
    """Every month of every source, with the row of each factor."""
    columns = [
        Column(
            "month", _("月份"), lambda r: f"{r.entry.month:%Y-%m}",
            show=lambda r: format_html('<span class="nowrap">{}</span>', f"{r.entry.month:%Y-%m}"),
            sort=True, kind="number",
        ),
        Column("line", _("核算项"), lambda r: line_name(r.entry), sort=True),
        Column("item", _("活动数据"), lambda r: item_name(r.entry), sort=True),
        Column(
            "amount", _("用量"), lambda r: file_number(r.entry.amount, r.entry.item.scale),
            show=lambda r: _amount_html(r.entry), kind="number",
        ),
        Column("unit", _("单位"), lambda r: words.unit(r.entry.item.unit)),
        Column(
            "factor", _("因子"), lambda r: factors_text(r.entry.factors),
            show=lambda r: factors_html(r.entry.factors),
        ),
        Column(
            "said", _("数据来源"), lambda r: source_name(r.entry.source, lang()),
            sort=True,
        ),
        *_amount_columns(quantum, label),
        Column(
            "rows", _("因子行"), lambda r: rows_text(r.entry.factors),
            show=lambda r: rows_html(r.entry.factors),
        ),
    ]  # fmt: skip
    return Table(columns, rows, query, order="month", caption=_("碳数据明细"))


def _amount_html(entry: Entry) -> str | SafeString:
    text = scaled(entry.amount, entry.item.scale)
    if not entry.split:
        return text
    return format_html('{} <span class="muted small">{}</span>', text, gettext("按天拆分"))
