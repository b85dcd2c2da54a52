"""Tables: order and page in the address, missing last, exports that run nothing."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.template import Context, Template
from django.template.loader import render_to_string
from python_calamine import CalamineWorkbook

from tanma.apps.kit.tables import Column, Table, csv_text, neutral

ROWS: list[dict[str, Any]] = [{"n": f"样例{i}", "v": v} for i, v in enumerate([3, None, 10, 1, 7])]
COLUMNS = [
    Column("name", "名称", lambda r: r["n"], sort=True),
    Column("value", "排放", lambda r: r["v"], unit="吨", kind="number", sort=True),
    Column("note", "说明", lambda r: "=1+1", export=True),
]


def table(query: str = "", **more: Any) -> Table:
    return Table(COLUMNS, ROWS, QueryDict(query), **more)


def values(shown: Table) -> list[Any]:
    return [row["v"] for row in shown.page.object_list]


def test_rows_have_boxes_where_the_table_picks():
    shown = table(pick=lambda r: r["n"] if r["v"] else "")
    text = _drawn(shown)
    assert text.count('name="item"') == 4
    assert 'value="样例0" form="pick" aria-label="选择 样例0"' in text
    assert 'name="item"' not in _drawn(table())


def _drawn(shown: Table) -> str:
    return Template("{% load kit %}{% table t %}").render(Context({"t": shown}))


MANY = [
    Column(key, key, lambda r: r["n"], sort=True, kind="words" if key == "b" else "text",
           brief=key == "f")
    for key in "abcdefg"
]  # fmt: skip


@pytest.mark.parametrize(
    ("order", "shown"), [("", "fcd"), ("d", "dfc"), ("-g", "gfc"), ("a", "fcd"), ("b", "bfc")]
)
def test_a_closed_row_shows_its_order_what_is_marked_and_what_stands_next(order, shown):
    """Long words come last; the name always stands."""
    many = Table(MANY, ROWS, QueryDict(f"order={order}"))
    assert set("bcdefg") - set(shown) == many.rest()


def test_the_rest_of_a_row_opens_below_it_on_a_phone():
    html = _drawn(Table(MANY, ROWS, QueryDict("")))
    assert len(ROWS) == html.count("<details><summary>更多<span class=\"vh\"> 样例")
    assert '<td class="words rest" data-label="b">样例0</td>' in html
    assert '<td data-label="c">样例0</td>' in html


def test_few_columns_need_no_opening():
    assert set() == Table(MANY[:5], ROWS, QueryDict("")).rest()
    assert "details" not in _drawn(table())


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("order=value", [1, 3, 7, 10, None]),
        ("order=-value", [10, 7, 3, 1, None]),
        ("", [3, None, 10, 1, 7]),
        ("order=secret", [3, None, 10, 1, 7]),
        ("order=note", [3, None, 10, 1, 7]),
    ],
)
def test_order_comes_from_the_address_and_missing_is_last(query: str, wanted: list[Any]) -> None:
    assert wanted == values(table(query))


def test_sort_links_keep_the_filter_turn_and_drop_the_page() -> None:
    shown = table("q=x&order=-value&page=2", per_page=2)
    by_key = {h.label: h for h in shown.headers()}
    assert "?q=x&order=value" == by_key["排放"].href
    assert ("descending", "") == (by_key["排放"].direction, by_key["名称"].direction)
    assert "" == by_key["说明"].href


def test_a_page_out_of_range_gives_the_last() -> None:
    assert [7] == values(table("page=99", per_page=2))
    assert [3, None] == values(table("page=nonsense", per_page=2))


def test_dangerous_texts_are_neutralised_numbers_are_not() -> None:
    assert ["'=1", "'+1", "'-a", "'@x", -5, "安全", ""] == [
        neutral(v) for v in ["=1", "+1", "-a", "@x", -5, "安全", None]
    ]


def body(answer: HttpResponse | StreamingHttpResponse | None) -> bytes:
    assert answer is not None
    return b"".join(answer)


def test_csv_holds_all_rows_and_says_demo(settings: Any) -> None:
    settings.TANMA = settings.TANMA.model_copy(update={"demo": True})
    text = body(table("export=csv&order=value", per_page=2).export("sample")).decode()
    lines = text.removeprefix("\ufeff").splitlines()
    assert ["演示数据", "名称,排放 (吨),说明", "样例3,1,'=1+1"] == lines[:3]
    assert 7 == len(lines)


def test_csv_without_demo_starts_with_the_header(settings: Any) -> None:
    settings.TANMA = settings.TANMA.model_copy(update={"demo": False})
    assert "\ufeffa\r\n1\r\n" == csv_text(["a"], [[1]])


def test_xlsx_holds_the_same_cells(settings: Any) -> None:
    settings.TANMA = settings.TANMA.model_copy(update={"demo": True})
    book = CalamineWorkbook.from_filelike(BytesIO(body(table("export=xlsx").export("sample"))))
    rows = book.get_sheet_by_index(0).to_python()
    assert "演示数据" == rows[0][0]
    assert ["样例0", 3.0, "'=1+1"] == rows[2]


def test_no_export_when_none_is_asked_for_or_the_kind_is_unknown() -> None:
    assert table().export("x") is None
    assert table("export=exe").export("x") is None


def test_the_page_says_when_nothing_matches() -> None:
    empty = Table(COLUMNS, [], QueryDict("q=zzz"))
    html = render_to_string(
        "kit/parts/table.html",
        {"table": empty, "page": empty.page, "headers": [], "rows": [], "pages": []},
    )
    assert "没有符合条件的记录" in html
    assert "清除筛选" in html


def test_a_cell_with_a_day_does_not_break_at_its_hyphens() -> None:
    rows = ["2026-11-30 08:42", "2026-11", "2026-0012", "2026年", "说 2026-11-30"]
    shown = Table([Column("t", "时间", lambda r: r)], rows, QueryDict(""))
    kinds = [line[0].kind for line in shown.cells(shown.page)]
    assert ["day", "day", "text", "text", "text"] == kinds


def test_a_cell_carries_its_heading_for_the_rows_that_a_phone_stacks() -> None:
    html = _drawn(table())
    assert '<td class="r n" data-label="排放 吨">3</td>' in html
    assert 'data-sort="排序"' in html
    assert ["名称", "排放 吨", "说明"] == [c.label for c in table().cells(table().page)[0]]


def test_the_name_of_somebody_is_told_apart_from_other_words() -> None:
    firm = Column("firm", "企业", lambda r: "甲", kind="name")
    shown = Table([*COLUMNS, firm], ROWS, QueryDict(""))
    assert '<td class="name" data-label="企业">甲</td>' in _drawn(shown)
