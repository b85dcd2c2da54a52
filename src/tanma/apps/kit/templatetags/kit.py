"""Template tags and filters of the kit; `{% load kit %}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField, Form
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from tanma.apps.kit import formats, shapes, words
from tanma.apps.kit.charts import Chart
from tanma.apps.kit.qr import qr_svg
from tanma.apps.kit.tables import Table
from tanma.apps.kit.words import lang
from tanma.domain.documents import document_name

register = template.Library()
LEVEL_STEPS = {"low": 1, "mid": 2, "high": 3}
LEVEL_MARKUP = (
    '<span class="badge level"><svg viewBox="0 0 14 14" aria-hidden="true">'
    '<path class="{}" d="M0 9h4v5H0z"/><path class="{}" d="M5 5h4v9H5z"/>'
    '<path class="{}" d="M10 0h4v14h-4z"/></svg>{}</span>'
)


# --- filters: numbers, periods, times

register.filter("tonnes", formats.tonnes)
register.filter("tce", formats.tce)
register.filter("wan_yuan", formats.wan_yuan)
register.filter("significant", formats.significant)
register.filter("percent", formats.percent)
register.filter("signed", formats.signed)
register.filter("period_short", formats.period_short)
register.filter("grouped", formats.grouped)
register.filter("listed", formats.listed)
register.filter("clauses", formats.clauses)


@register.filter
def thousands(count: int | None) -> str:
    return formats.scaled(count, 0)


@register.filter
def scaled(count: int | None, scale: int) -> str:
    """All digits of an integer amount at its declared scale."""
    return formats.scaled(count, int(scale))


@register.filter
def intensity(emission_mg: int | None, money_fen: int | None) -> str:
    return formats.intensity(emission_mg, money_fen)


@register.filter
def period(text: str | None) -> str:
    return formats.period_name(text, lang())


@register.filter
def cited(text: str) -> str:
    """A cited document in the reader's language."""
    return document_name(text, lang())


@register.filter
def unit_name(unit: str) -> str:
    return formats.unit_name(unit, lang())


@register.filter
def known_time(stamp_us: int | None) -> str:
    return formats.known_time(stamp_us, settings.TIME_ZONE)


@register.filter
def big_tonnes(mg: int | None) -> formats.Amount:
    return formats.big_tonnes(mg, lang())


@register.filter
def big_tce(gce: int | None) -> formats.Amount:
    return formats.big_tce(gce, lang())


@register.filter
def grade_word(grade: int | None) -> str:
    return words.grade_word(grade)


@register.filter
def grade_short(grade: int | None) -> str:
    return words.grade_word(grade, short=True)


@register.filter
def level_word(level: str | None) -> str:
    return words.level_word(level)


# --- grade, level, marks


@register.inclusion_tag("kit/parts/ladder.html")
def ladder(grade: int | None, *, foot: bool = True) -> dict[str, Any]:
    """The label: five arrows, the black pointer at the grade."""
    rungs = [(g, words.grade_word(g, short=True), g == grade) for g in words.GRADES]
    return {"rungs": rungs, "grade": grade, "word": words.grade_word(grade), "foot": foot}


@register.inclusion_tag("kit/parts/counts.html")
def grade_counts(
    counts: Mapping[int, int],
    *,
    before: Mapping[int, int] | None = None,
    links: Mapping[int, str] | None = None,
    change: str = "",
) -> dict[str, Any]:
    """Enterprises per grade: count, share of the coded, change against `before`.

    `change` is its heading where that is no earlier period.
    """
    total = sum(counts.values())
    rungs = [
        {
            "grade": g,
            "word": words.grade_word(g, short=True),
            "count": counts.get(g, 0),
            "share": formats.percent(counts.get(g, 0) / total if total else None),
            "change": None
            if before is None
            else formats.signed(formats.scaled(counts.get(g, 0) - before.get(g, 0), 0)),
            "href": (links or {}).get(g, ""),
        }
        for g in words.GRADES
    ]
    heading = "" if before is None else change or gettext("较上期")
    return {"rungs": rungs, "changes": heading, "unit": gettext("家数")}


@register.simple_tag
def grade(value: int | None, *, big: bool = False) -> SafeString:
    """Coloured numeral and word; a dashed empty box and 暂不赋码 without a grade."""
    return format_html(
        '<span class="chip g{}{}"><i>{}</i><span>{}</span></span>',
        value or 0,
        " chip-l" if big else "",
        "–" if value is None else value,
        words.grade_word(value, short=True),
    )


@register.simple_tag
def level(value: str | None) -> SafeString:
    """低碳, 中碳, 高碳: one to three bars and the word; never a grade colour."""
    steps = LEVEL_STEPS.get(value or "", 0)
    looks = ["" if n <= steps else "off" for n in (1, 2, 3)]
    return format_html(LEVEL_MARKUP, *looks, words.level_word(value))


@register.simple_tag
def pair(level_code: str | None, grade_value: int | None) -> SafeString:
    """高碳2级."""
    return format_html('<span class="pair">{}</span>', words.pair(level_code, grade_value))


@register.inclusion_tag("kit/parts/neutrality.html")
def neutrality(share: float | None, *, word: str = "", show_rate: bool = True) -> dict[str, Any]:
    """The neutrality mark: a ring filled by the share (0–1), the scheme's word, the rate."""
    return {
        "path": shapes.arc(float(share)) if share else "",
        "rate": formats.percent(share),
        "word": word or gettext("碳中和标识"),
        "show_rate": show_rate and share is not None,
    }


@register.simple_tag
def evidence(code: str) -> SafeString:
    """未确认, 凭记忆, 演示 … with its meaning as a tooltip and for screen readers."""
    mark = words.EVIDENCE[code]
    return format_html(
        '<span class="badge tone-{}" title="{}">{}<span class="vh">{}{}</span></span>',
        mark.tone,
        mark.meaning,
        mark.word,
        gettext("："),
        mark.meaning,
    )


@register.simple_tag
def badge(text: str, tone: str = "plain") -> SafeString:
    """A word in a frame: plain, good, warn, bad or brand."""
    return format_html('<span class="badge tone-{}">{}</span>', tone, text)


# --- figures, tables, charts, maps


@register.inclusion_tag("kit/parts/tile.html")
def tile(label: str, value: object, **more: Any) -> dict[str, Any]:
    """A key figure: unit, period, source, edition, note, spark (list), href, evidence."""
    known = {"unit", "period", "source", "edition", "note", "spark", "href", "evidence"}
    if unknown := set(more) - known:
        raise template.TemplateSyntaxError(f"tile does not know {', '.join(sorted(unknown))}")
    if isinstance(value, formats.Amount):
        more.setdefault("unit", value.unit)
        value = value.value
    spark = shapes.sparkline(more["spark"]) if more.get("spark") else None
    if value is None or value in ("", formats.MISSING):
        value, more["unit"] = formats.MISSING, ""
    return {**more, "label": label, "value": value, "spark": spark}


@register.inclusion_tag("kit/parts/spark.html")
def spark(values: Sequence[float | None]) -> dict[str, Any]:
    return {"spark": shapes.sparkline(values)}


@register.inclusion_tag("kit/parts/table.html", takes_context=True)
def table(context: template.Context, value: Table) -> dict[str, Any]:
    """A `tables.Table`: sort links, pages, exports, empty state."""
    page = value.page
    return {
        "table": value,
        "page": page,
        "headers": value.headers(),
        "rest": value.rest(),
        "rows": list(zip(value.picks(page), value.cells(page), strict=True)),
        "pages": value.pages(page),
        "exports": value.export_links(),
        "request": context.get("request"),
    }


@register.inclusion_tag("kit/parts/filters.html")
def filter_form(form: Form, keep: str = "order") -> dict[str, Any]:
    """A GET form whose values stand in the address; `keep` names parameters carried along."""
    kept = [(k, form.data[k]) for k in keep.split(",") if form.data.get(k)]
    return {"form": form, "kept": kept}


@register.inclusion_tag("kit/parts/fields.html")
def form_fields(form: Form) -> dict[str, Any]:
    """The fields of a form: label, control, help, errors, each tied to the other."""
    return {"form": form}


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The widget with aria-invalid and the ids of help and errors."""
    described = [f"{field.auto_id}_help"] if field.help_text else []
    attrs: dict[str, Any] = {}
    if field.errors:
        described.append(f"{field.auto_id}_error")
        attrs["aria-invalid"] = "true"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)


@register.inclusion_tag("kit/parts/chart.html")
def chart(value: Chart) -> dict[str, Any]:
    """A `charts.Chart` with the table behind it and a CSV button."""
    return {"chart": value, "data": value.data(), "data_id": f"{value.name}-data"}


@register.inclusion_tag("kit/parts/hexmap.html")
def hexmap(value: shapes.HexMap) -> dict[str, Any]:
    """A `shapes.hex_map`, with its values as a table behind."""
    return {"map": value}


@register.inclusion_tag("kit/parts/progress.html")
def progress(
    label: str,
    done: int | None,
    total: int | None,
    *,
    poll: str = "",
    note: str = "",
    name: str = "progress",
) -> dict[str, Any]:
    """A bar; with `poll` it asks that address every two seconds and is replaced by the answer."""
    share = formats.percent(done / total, 0) if done is not None and total else None
    return {
        "label": label,
        "done": done,
        "total": total,
        "share": share,
        "poll": poll,
        "note": note,
        "name": name,
    }


@register.inclusion_tag("kit/parts/steps.html")
def stepper(steps: Sequence[tuple[str | Promise, str, str]]) -> dict[str, Any]:
    """Steps as (label, state, note); state is done, current, todo or failed."""
    state_words = {
        "done": gettext("已完成"),
        "current": gettext("进行中"),
        "todo": gettext("未开始"),
        "failed": gettext("未通过"),
    }
    return {"steps": [(label, state, state_words[state], note) for label, state, note in steps]}


@register.inclusion_tag("kit/parts/tree.html")
def tree(node: Mapping[str, Any], *, open_depth: int = 1) -> dict[str, Any]:
    """An explanation: a node has label, result, unit, formula, values, source, origin, evidence,
    known, href, children; only label is needed."""
    return {"node": node, "depth": open_depth}


@register.inclusion_tag("kit/parts/tree_node.html")
def tree_node(node: Mapping[str, Any], depth: int) -> dict[str, Any]:
    return {"node": node, "depth": depth - 1, "open": depth > 0}


@register.simple_tag
def qr(url: str, label: str = "") -> SafeString:
    """The QR code as SVG; its title says where it leads."""
    return mark_safe(qr_svg(url, title=label or gettext("二维码")))


@register.simple_tag
def chart_scripts() -> SafeString:
    """ECharts and the module that draws; in block scripts of pages with charts."""
    return format_html(
        '<script src="{}" defer></script><script type="module" src="{}"></script>',
        static("vendor/echarts.min.js"),
        static("kit/charts.js"),
    )
