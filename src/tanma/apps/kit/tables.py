"""Tables whose order, page and filters stand in the address, with export of all rows.

The same columns give page, CSV and XLSX, so the three cannot disagree.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext

from tanma.apps.kit.formats import MISSING

Text = str | Promise
Row = Any
PER_PAGE = 50
BRIEF = 3
"""Cells beside the name in a closed row on a phone: one line of them."""
CLASSES = {"number": "r n", "day": "day", "words": "words", "name": "name"}
ISO_DAY = re.compile(r"\d{4}-\d\d\b")
"""How a cell begins, be it a month, a day or a time, that must not break at its hyphens."""
UNSAFE_START = ("=", "+", "-", "@", "\t", "\r")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Column:
    """One column.

    `value(row)` gives the raw value for export (and for sorting a plain list), `show(row)` the
    text or safe HTML of the cell (default: the value). `sort` is the order_by field of a queryset,
    or True for a plain list. `kind` is text, name (of an enterprise, say: breaks once at most),
    words (of several lines), number or plain (markup, such as badges).
    """

    key: str
    label: Text
    value: Callable[[Row], Any]
    show: Callable[[Row], Any] | None = None
    href: Callable[[Row], str] | None = None
    unit: Text = ""
    kind: str = "text"
    sort: str | bool = False
    export: bool = True
    page: bool = True
    """False: in files alone, such as the period that the page names above the table."""
    brief: bool = False
    """Stands in a row's one line on a phone before those that are not so marked."""
    why: Callable[[Row], str] | None = None
    """What stands, on the page and in files, where a row has no value: why it has none."""

    def file_value(self, row: Row) -> Any:
        value = self.value(row)
        return (self.why(row) or None) if value is None and self.why else value


@dataclass(frozen=True)
class Header:
    label: Text
    unit: Text
    kind: str
    href: str
    direction: str


@dataclass(frozen=True)
class Cell:
    content: Any
    kind: str
    href: str
    label: str = ""
    """What stands over it, repeated beside it where a phone stacks the cells of a row."""
    rest: bool = False
    """On a phone, behind the disclosure of its row."""

    @property
    def classes(self) -> str:
        return " ".join(filter(None, (CLASSES.get(self.kind, ""), "rest" if self.rest else "")))


class Table:
    """Columns and rows seen through one address (request.GET).

    `pick(row)` is what a box before the row sends as `item` to the form `pick`; "" has no box.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: QuerySet[Any] | Sequence[Row],
        query: QueryDict,
        *,
        order: str = "",
        per_page: int = PER_PAGE,
        prefix: str = "",
        caption: Text = "",
        empty: Text = "",
        exports: Sequence[str] = ("csv", "xlsx"),
        pick: Callable[[Row], str] | None = None,
    ) -> None:
        self.columns, self.source, self.query = columns, rows, query
        self.order_param, self.page_param = f"{prefix}order", f"{prefix}page"
        self.export_param = f"{prefix}export"
        self.order = self._known_order(query.get(self.order_param, "")) or order
        self.per_page, self.caption, self.empty = per_page, caption, empty
        self.exports, self.pick, self.boxes = exports, pick, pick is not None

    def _known_order(self, text: str) -> str:
        """The order asked for, or "" when no sortable column has that key."""
        keys = {c.key for c in self.columns if c.sort}
        return text if text.removeprefix("-") in keys else ""

    def ordered(self) -> QuerySet[Any] | Sequence[Row]:
        """All rows in the order of the address; missing values come last in both directions."""
        column = next((c for c in self.columns if c.key == self.order.removeprefix("-")), None)
        if column is None:
            return self.source
        descending = self.order.startswith("-")
        if isinstance(self.source, QuerySet):
            field = F(column.sort if isinstance(column.sort, str) else column.key)
            by = field.desc(nulls_last=True) if descending else field.asc(nulls_last=True)
            return self.source.order_by(by, "pk")
        return _sorted(self.source, column.value, descending)

    @property
    def page(self) -> Page[Any]:
        return Paginator(self.ordered(), self.per_page).get_page(self.query.get(self.page_param))

    def cells(self, page: Page[Any]) -> list[list[Cell]]:
        shown, rest = [column for column in self.columns if column.page], self.rest()
        return [[_cell(c, row, c.key in rest) for c in shown] for row in page.object_list]

    def rest(self) -> set[str]:
        """Columns that a phone shows only when a row is opened; few columns need no opening.

        Beside the name stand what the list is ordered by, then what is marked `brief`, then the
        next columns.
        """
        others = [c for c in self.columns if c.page][1:]
        if len(others) <= BRIEF + 1:
            return set()
        order = self.order.removeprefix("-")
        ranked = sorted(others, key=lambda c: (c.key != order, not c.brief, c.kind == "words"))
        return {c.key for c in ranked[BRIEF:]}

    def picks(self, page: Page[Any]) -> list[str | None]:
        """What the box of each row sends; None where this table has no boxes."""
        return [self.pick(row) if self.pick else None for row in page.object_list]

    def headers(self) -> list[Header]:
        return [self._header(column) for column in self.columns if column.page]

    def _header(self, column: Column) -> Header:
        current = self.order.removeprefix("-") == column.key
        descending = self.order.startswith("-")
        direction = ("descending" if descending else "ascending") if current else ""
        turned = column.key if current and descending else f"-{column.key}"
        if column.kind == "text" and not current:
            turned = column.key
        href = self.address(**{self.order_param: turned, self.page_param: None})
        return Header(
            column.label, column.unit, column.kind, href if column.sort else "", direction
        )

    def address(self, **changes: Any) -> str:
        """This address with some parameters changed, or dropped when None; the rest stays."""
        query = self.query.copy()
        query.pop(self.export_param, None)
        for key, value in changes.items():
            if value is None:
                query.pop(key, None)
            else:
                query[key] = str(value)
        return "?" + query.urlencode()

    def pages(self, page: Page[Any]) -> list[tuple[int | None, str]]:
        """Page numbers with addresses; None stands for a gap."""
        elided = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
        return [
            (n, self.address(**{self.page_param: n})) if isinstance(n, int) else (None, "")
            for n in elided
        ]

    def export_links(self) -> list[tuple[str, str]]:
        return [(kind.upper(), self.address(**{self.export_param: kind})) for kind in self.exports]

    def export(self, name: str) -> HttpResponse | StreamingHttpResponse | None:
        """The file that the address asks for, with all rows; None when it asks for the page."""
        kind = self.query.get(self.export_param, "")
        if kind not in self.exports:
            return None
        columns = [c for c in self.columns if c.export]
        heads = [f"{c.label} ({c.unit})" if c.unit else str(c.label) for c in columns]
        rows = ([c.file_value(row) for c in columns] for row in self._all_rows())
        return (
            csv_response(name, heads, rows) if kind == "csv" else xlsx_response(name, heads, rows)
        )

    def _all_rows(self) -> Iterable[Row]:
        rows = self.ordered()
        return rows.iterator(chunk_size=2000) if isinstance(rows, QuerySet) else rows


def _sorted(rows: Sequence[Row], value: Callable[[Row], Any], descending: bool) -> list[Row]:
    known = [r for r in rows if value(r) is not None]
    missing = [r for r in rows if value(r) is None]
    return sorted(known, key=value, reverse=descending) + missing


def _cell(column: Column, row: Row, rest: bool) -> Cell:
    content = (column.show or column.value)(row)
    if column.why and column.value(row) is None:
        content = column.why(row) or content
    day = column.kind == "text" and ISO_DAY.match(str(content))
    return Cell(
        MISSING if content is None else content,
        "day" if day else column.kind,
        column.href(row) if column.href else "",
        f"{column.label} {column.unit}".strip(),
        rest,
    )


def neutral(value: Any) -> Any:
    """A cell value that no spreadsheet runs as a formula: dangerous texts get a leading quote."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = str(value)
    return "'" + text if text.startswith(UNSAFE_START) else text


class _Line:
    def write(self, text: str) -> str:
        return text


def _csv_lines(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff"
    if settings.TANMA.demo:
        yield writer.writerow([gettext("演示数据")])
    yield writer.writerow([neutral(h) for h in heads])
    for row in rows:
        yield writer.writerow([neutral(v) for v in row])


def _attachment(name: str, suffix: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.{suffix}"'}


def csv_response(
    name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """CSV in UTF-8 with a mark that Excel understands, streamed; demo data says so first."""
    return StreamingHttpResponse(
        _csv_lines(heads, rows),
        content_type="text/csv; charset=utf-8",
        headers=_attachment(name, "csv"),
    )


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The same lines as one text, for files that are not answers."""
    buffer = StringIO()
    buffer.writelines(_csv_lines(heads, rows))
    return buffer.getvalue()


def xlsx_response(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """The rows as a workbook with one sheet; strings are written as strings, never as formulas."""
    from xlsxwriter import Workbook

    buffer = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(buffer, options) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        top = 0
        if settings.TANMA.demo:
            sheet.write_string(0, 0, gettext("演示数据"))
            top = 1
        sheet.write_row(top, 0, heads, bold)
        for line, row in enumerate(rows, top + 1):
            sheet.write_row(line, 0, [neutral(v) for v in row])
    return HttpResponse(
        buffer.getvalue(), content_type=XLSX_TYPE, headers=_attachment(name, "xlsx")
    )
