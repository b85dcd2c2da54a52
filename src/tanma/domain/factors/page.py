"""The reference page of all tables, in Markdown: every value with source and evidence mark.

`tanma factors --markdown` prints it; docs/reference/factors.md is that print, and a test says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tanma.domain.factors.preferences import CHOICES, Preferences, preference_names, preferences
from tanma.domain.factors.tables import Row, TableInfo, evidence_of, rows, tables

EVIDENCE_WORDS = {
    "confirmed_2": "两个来源 two sources",
    "confirmed_1": "一个来源 one source",
    "recalled": "**未确认 unconfirmed**",
}
"""How an evidence mark is shown. `recalled` must look unconfirmed wherever it stands."""


def page() -> str:
    """The whole page, ending with a line break."""
    parts = [*_head(), *_overview(tables())]
    for info in tables():
        parts += _table(info)
    parts += _orders()
    return "\n".join(parts) + "\n"


def _head() -> Iterator[str]:
    yield "# 因子与参考表 Factors and reference tables"
    yield ""
    yield "由 `tanma factors --markdown` 生成，请勿手改。Generated; do not edit by hand."
    yield ""
    yield (
        "没有一张表与印刷原文核对过。标为**未确认**的数值或日期凭记忆写出，使用前须核对原文。"
        " No table was checked against the print. Values and dates marked **unconfirmed** were"
        " written from memory: check the document before use."
    )
    yield ""


def _overview(infos: Iterable[TableInfo]) -> Iterator[str]:
    yield "## 概览 Overview"
    yield ""
    yield "| 表 table | 行 rows | 两个来源 two sources | 一个来源 one source | 未确认 unconfirmed |"
    yield "|---|---:|---:|---:|---:|"
    for info in infos:
        counts = [
            str(info.evidence_counts.get(m, 0)) for m in ("confirmed_2", "confirmed_1", "recalled")
        ]
        yield f"| [{info.name}](#{info.name}) | {info.row_count} | {' | '.join(counts)} |"
    yield ""


def _table(info: TableInfo) -> Iterator[str]:
    yield f'<a id="{info.name}"></a>'
    yield ""
    yield f"## {info.title_zh} {info.title_en}"
    yield ""
    yield from _card(info)
    if info.kind == "factors":
        yield from _values(rows(info.name))


def _card(info: TableInfo) -> Iterator[str]:
    checked = "是 yes" if info.checked_against_print else "否 no"
    yield f"- 表 table: `{info.name}`"
    yield f"- 发布 issuer: {info.issuer}"
    yield f"- 文件 document: {info.document}"
    yield f"- 版本 edition: {info.edition}"
    yield f"- 许可 licence: {info.licence}"
    yield f"- 获取日期 retrieved on: {info.retrieved_on.isoformat()}"
    yield f"- 与印刷原文核对 checked against the print: {checked}"
    yield f"- 校验和 checksum: `{info.checksum}`"
    if info.note_zh:
        yield f"- 说明 note: {info.note_zh} {info.note_en}"
    yield ""


def _values(records: Iterable[Row]) -> Iterator[str]:
    yield "| 编号 id | 名称 name | 值 value | 单位 unit | 适用 valid | 公布 published | 依据 evidence | 文件 document | 备注 note |"  # noqa: E501
    yield "|---|---|---:|---|---|---|---|---|---|"
    for row in records:
        yield "| " + " | ".join(_cells(row)) + " |"
    yield ""


def _cells(row: Row) -> tuple[str, ...]:
    unsure = "（日期未确认 dates unconfirmed）" if row["dates_evidence"] == "recalled" else ""
    return (
        f"`{row['id']}`",
        f"{row['name_zh']} {row['name_en']}",
        row["value"],
        row["unit"],
        f"{row['valid_from']} – {row['valid_to'] or '…'}",
        f"{row['published_on'] or '–'}{unsure}",
        EVIDENCE_WORDS[evidence_of(row)],
        row["document"],
        row["note"].replace("|", "/"),
    )


def _orders() -> Iterator[str]:
    yield "## 取值顺序 Orders of preference"
    yield ""
    for name in preference_names():
        yield from _order(preferences(name))


def _order(order: Preferences) -> Iterator[str]:
    yield f"### {order.id}: {order.title_zh} {order.title_en}"
    yield ""
    yield f"{order.note_zh} {order.note_en}"
    yield ""
    yield "| 参数 parameter | 对象 items | 依次 in turn |"
    yield "|---|---|---|"
    for parameter in order.parameters:
        for family in order.families(parameter):
            yield f"| {parameter} | {family} | {_in_turn(order, parameter, family)} |"
    yield ""


def _in_turn(order: Preferences, parameter: str, family: str) -> str:
    steps = (s for s in order.steps if (s.parameter, s.family) == (parameter, family))
    names = (
        " ".join(filter(None, (CHOICES[s.choice][0], s.source, s.set_id, s.kind, s.level)))
        for s in steps
    )
    return " → ".join(names)
