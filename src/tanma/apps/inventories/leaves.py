"""Leaves of an explanation: every amount and factor of a frozen line with where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tanma.apps.inventories.frozen import Frozen, Row
from tanma.apps.inventories.said import Said
from tanma.apps.rules import door as rules
from tanma.domain.factors.preferences import CHOICES
from tanma.domain.items import items as catalogue
from tanma.domain.items import sources
from tanma.domain.methods import BoundLine, LeafValue, LineInput, activity_of
from tanma.engine.accounts import column_of

METERED = frozenset({"meter", "grid", "grid.accounts", "gas", "heat", "water", "verified"})
"""Sources whose amounts a meter or a third party stands behind."""
MEASURED_CHOICES = frozenset({"measured", "supplier", "measured_ncv"})
LANGUAGES = ("zh", "en")

NOTES = {
    "cumulative": ("由累计值相减得到", "difference of cumulative values"),
    "split": ("跨月申报，按天数拆分", "reported over several months, split by days"),
    "years": ("采用 {used} 年数据，使用年份 {asked}", "data year {used} used for {asked}"),
}


def pick(texts: tuple[str, str], lang: str) -> str:
    """The Chinese or the English of a pair."""
    return texts[LANGUAGES.index(lang)]


def line_input(
    frozen: Frozen, bound: BoundLine, row: Row, said: Mapping[int, Said], lang: str
) -> LineInput:
    """One frozen line as the explanation takes it."""
    item = catalogue()[row["item"]]
    taken = frozen.factor(bound.preferences, row["item"], row["month"], row["measured"])
    inputs = {name: factor_leaf(name, taken, row, lang) for name in bound.factors}
    inputs[activity_of(bound.formula)] = amount_leaf(row, said.get(row["seq"]), lang)
    return LineInput(
        bound.line_id, row["item"], f"{row['month']:%Y-%m}", inputs, item.unit,
        item_name(row["item"], lang), row.get(column_of(bound)),
    )  # fmt: skip


def item_name(item: str, lang: str) -> str:
    known = catalogue()[item]
    return known.name_zh if lang == "zh" else known.name_en


def source_name(source: str, lang: str) -> str:
    """The name of who said it; the id where the catalogue lacks it."""
    known = sources().get(source)
    return source if known is None else (known.name_zh if lang == "zh" else known.name_en)


def amount_leaf(row: Row, fact: Said | None, lang: str) -> LeafValue:
    """The amount of a line: measured or reported, by whom, from which row, known since when."""
    value = row["value"]
    return LeafValue(
        value=None if value is None else value / 10.0 ** catalogue()[row["item"]].scale,
        origin="measured" if row["source"] in METERED else "reported",
        source=source_name(row["source"], lang),
        source_row=(fact.evidence if fact else "") or f"seq:{row['seq']}",
        known_at=fact.stamp if fact else None,
        text=fact.reported if fact else "",
        note=amount_note(fact.kind if fact else "", row["split"], lang),
    )


def amount_note(kind: str, split: bool, lang: str) -> str:
    """How a month was read out of what was said, where it was not said as a month."""
    marks = {"cumulative": kind == "cumulative", "split": split}
    return "; ".join(pick(NOTES[mark], lang) for mark, holds in marks.items() if holds)


def factor_leaf(name: str, taken: Row, row: Row, lang: str) -> LeafValue:
    """A factor of a line: value, choice, table row, evidence mark, data year beside asked year."""
    text, choice = taken.get(name), taken.get(f"{name}_choice")
    if text is None:
        return LeafValue(None, "", note=pick(CHOICES["missing"], lang) if choice else "")
    row_id = taken.get(f"{name}_row") or ""
    table_row = rules.factor_row(row_id)
    return LeafValue(
        value=float(text),
        origin="measured" if choice in MEASURED_CHOICES else "default",
        source=table_row.get("document", "") or _measured_source(row_id, lang),
        source_row=row_id,
        evidence=_mark(taken.get(f"{name}_evidence")),
        text=table_row.get("printed", ""),
        note="; ".join(_factor_notes(name, taken, row, lang)),
    )


def _factor_notes(name: str, taken: Row, row: Row, lang: str) -> list[str]:
    choice, used = taken.get(f"{name}_choice"), taken.get(f"{name}_year")
    notes = [pick(CHOICES[choice], lang)] if choice in CHOICES and choice != "default" else []
    if used is not None:
        notes.append(pick(NOTES["years"], lang).format(used=used, asked=row["month"].year))
    return notes


def _mark(evidence: Any) -> str:
    """`fact` is no evidence mark: a measured factor carries its origin instead."""
    return "" if evidence in (None, "fact") else str(evidence)


def _measured_source(row_id: str, lang: str) -> str:
    """`measured.coal.ncv/declared`: who said it."""
    return source_name(row_id.rpartition("/")[2], lang) if row_id else ""
