"""What an account rests on besides what was said: gaps, balances, and what was not used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.inventories.door import Frozen, Row, item_name
from tanma.apps.kit.door import clauses, lang, listed
from tanma.domain.periods import month_number, month_start

REFUSED: dict[str, str | Promise] = {
    "negative": _("原料用能与加工转换投入之和大于消费量，差额为负，不采用；请核对这三项"),
    "part_missing": _("原料用能或加工转换投入本月缺报而别的月份报过，不按 0 计；请补报"),
    "claimed_twice": _("这张证书的编号已经用过，只计一次"),
    "holder_unknown": _("证书持有人的信用代码不在登记中，无处可计；请更正持有人"),
}
"""Why something that was reported is not used, and what to do."""


@dataclass(frozen=True)
class Note:
    """An item, the months it concerns, and why."""

    name: str
    months: str
    reason: str | Promise = ""


@dataclass(frozen=True)
class Notes:
    """Everything that a reader of the account should know before using it."""

    missing: list[Note]
    derived: list[Note]
    refused: list[Note]

    def __bool__(self) -> bool:
        return bool(self.missing or self.derived or self.refused)


def notes(frozen: Frozen) -> Notes:
    language = lang()
    balanced: dict[str, list[date]] = {}
    for line in frozen.lines:
        if line["derived"]:
            balanced.setdefault(line["item"], []).append(line["month"])
    derived = [Note(item_name(i, language), spans(m), _how(i)) for i, m in sorted(balanced.items())]
    missing = missing_notes(frozen.result["missing_months"])
    return Notes(missing, derived, refused_notes(frozen.refused))


def _how(item: str) -> str:
    """How a line that nobody reported as such came about."""
    if item.startswith("fuel."):
        return gettext("按消费量减去原料用能和加工转换投入推算")
    return gettext("按持有的证书合计，扣除同月合同已计的电量")


def missing_notes(text: str) -> list[Note]:
    """`item:2026-08,2026-09;…` of a result in words; an empty item is all energy."""
    found = []
    for part in filter(None, text.split(";")):
        item, _colon, months = part.rpartition(":")
        days = [date.fromisoformat(f"{month}-01") for month in months.split(",")]
        name = item_name(item, lang()) if item else gettext("全部能源")
        found.append(Note(name, spans(days)))
    return found


def missing_text(text: str) -> str:
    """The same in one line, for lists."""
    return clauses(f"{n.name} {n.months}" for n in missing_notes(text))


def refused_notes(rows: Iterable[Row]) -> list[Note]:
    language = lang()
    return [
        Note(
            " ".join(part for part in (item_name(row["item"], language), row["paper"]) if part),
            f"{row['month']:%Y-%m}",
            REFUSED[row["reason"]],
        )
        for row in rows
    ]


def spans(months: Iterable[date]) -> str:
    """2026-01—2026-03、2026-07: months in a row are told by their ends."""
    numbers = sorted({month_number(m) for m in months})
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    ends = ((month_start(run[0]), month_start(run[-1])) for run in runs)
    return listed(f"{a:%Y-%m}" if a == b else f"{a:%Y-%m}—{b:%Y-%m}" for a, b in ends)
