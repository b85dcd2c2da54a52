"""The rules, for everybody: factors, schemes, accounting editions and items, with their sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Column, Table, cited, lang, listed, unit_name, with_note
from tanma.apps.rules.released import editions as known_editions
from tanma.apps.rules.released import rows, tables
from tanma.apps.rules.released import schemes as known_schemes
from tanma.apps.rules.words import (
    GROUPS,
    column_word,
    mark_html,
    mark_word,
    named,
    parameter_word,
    value_word,
)
from tanma.domain import items as catalogue
from tanma.domain import methods
from tanma.domain.factors.preferences import CHOICES, Preferences
from tanma.domain.factors.tables import Row, TableInfo, evidence_of
from tanma.domain.quantities import described
from tanma.domain.quantities import find as find_quantity
from tanma.domain.rating.attention import IndexRule
from tanma.domain.rating.scheme import Band, Scheme, Shrink

LANGUAGES = ("zh", "en")
EVIDENCE_COLUMNS = {"evidence", "map_evidence", "dates_evidence", "part_number_evidence"}


class Search(forms.Form):
    q = forms.CharField(label=_("查找"), required=False)


def _matching(found: Sequence[Row], text: str) -> list[Row]:
    wanted = text.strip().casefold()
    return [r for r in found if any(wanted in v.casefold() for v in r.values())]


def factors(request: HttpRequest) -> HttpResponseBase:
    """All tables, or the values of all tables that hold a text."""
    form = Search(request.GET)
    text = form.cleaned_data["q"].strip() if form.is_valid() else ""
    hits = _hits(text, request) if text else None
    if hits is not None and (file := hits.export("factors")) is not None:
        return file
    infos = tables()
    context = {
        "form": form, "tables": [_shown(i) for i in infos], "hits": hits,
        "values": sum(i.row_count for i in infos if i.kind == "factors"),
        "recalled": sum(
            i.evidence_counts.get("recalled", 0) for i in infos if i.kind == "factors"
        ),
    }  # fmt: skip
    return render(request, "rules/factors.html", context)


def _hits(text: str, request: HttpRequest) -> Table:
    found = [r for i in tables() if i.kind == "factors" for r in _matching(rows(i.name), text)]
    return _value_table(found, request)


def _shown(info: TableInfo) -> dict[str, Any]:
    return {
        "info": info, "title": getattr(info, f"title_{lang()}"),
        "recalled": info.evidence_counts.get("recalled", 0),
        "href": reverse("rules:factor_table", args=[info.name]),
    }  # fmt: skip


def factor_table(request: HttpRequest, name: str) -> HttpResponseBase:
    info = next((i for i in tables() if i.name == name), None)
    if info is None:
        raise Http404(name)
    form = Search(request.GET)
    found = _matching(rows(name), form.cleaned_data["q"] if form.is_valid() else "")
    plain = _plain_table(info, found, request)
    table = _value_table(found, request) if info.kind == "factors" else plain
    if (file := table.export(name)) is not None:
        return file
    title = getattr(info, f"title_{lang()}")
    context = {
        "info": info, "title": title, "note": getattr(info, f"note_{lang()}"), "form": form,
        "table": table,
        "crumbs": [(gettext("因子与参考表"), reverse("rules:factors")), (title, "")],
        "legend": [
            (mark_html(mark), info.evidence_legend[mark].get(lang(), ""), count)
            for mark, count in info.evidence_counts.items()
        ],
    }  # fmt: skip
    return render(request, "rules/factor_table.html", context)


def _cell(name: str) -> Callable[[Row], str | None]:
    return lambda row: row.get(name) or None


def _value_table(found: Sequence[Row], request: HttpRequest) -> Table:
    columns = [
        Column("id", _("编号"), _cell("id"), sort=True, page=False),
        Column("name", _("名称"), named, show=_named_with_id, sort=True),
        Column("parameter", _("参数"), lambda r: parameter_word(r.get("parameter", "")), sort=True,
               kind="name"),
        Column("value", _("数值"), _cell("value"), kind="number"),
        Column("unit", _("单位"), lambda r: unit_name(r.get("unit", ""), lang())),
        Column("set_id", _("系列"), lambda r: r.get("set_id") or r.get("data_year") or None,
               sort=True),
        Column("valid_from", _("适用自"), _cell("valid_from"), sort=True),
        Column("valid_to", _("适用至（不含）"), _cell("valid_to"), sort=True),
        _mark_column("evidence", _("依据"), evidence_of),
        _mark_column("dates_evidence", _("日期依据"), lambda r: r.get("dates_evidence", "")),
        Column("document", _("文件"), lambda r: cited(r.get("document", "")), sort=True,
               kind="words"),
        Column("note", _("备注"), lambda r: value_word("note", r.get("note", "")), kind="words"),
    ]  # fmt: skip
    return Table(columns, found, request.GET, caption=_("数值"),
                 empty=_("没有符合条件的数值"))  # fmt: skip


def _named_with_id(row: Row) -> str:
    form = '{}<div class="small muted"><code>{}</code></div>'
    return format_html(form, named(row), row.get("id", ""))


def _mark_column(key: str, label: Any, mark: Callable[[Row], str]) -> Column:
    return Column(key, label, lambda r: mark_word(mark(r)), kind="plain", sort=True,
                  show=lambda r: mark_html(mark(r)) if mark(r) else None)  # fmt: skip


def _plain_table(info: TableInfo, found: Sequence[Row], request: HttpRequest) -> Table:
    """A reference table with the columns of its card."""
    columns = [
        _mark_column(c.name, column_word(c.name), lambda r, n=c.name: r.get(n, ""))  # type: ignore[misc]
        if c.name in EVIDENCE_COLUMNS
        else Column(c.name, column_word(c.name), lambda r, n=c.name: value_word(n, r.get(n, "")),  # type: ignore[misc]
                    sort=True)
        for c in info.columns
    ]
    title = getattr(info, f"title_{lang()}")
    return Table(columns, found, request.GET, caption=title)


def schemes(request: HttpRequest) -> HttpResponse:
    # grades before labels, rules before the example of this project
    ordered = sorted(
        known_schemes(), key=lambda s: (s.abnormal is not None, s.evidence == "example")
    )
    context = {"schemes": [_scheme(s) for s in ordered]}
    return render(request, "rules/schemes.html", context)


def _scheme(scheme: Scheme) -> dict[str, Any]:
    tongue = lang()
    indicators = [(gettext("碳水平"), scheme.intensity), (gettext("等级"), scheme.ratio)]
    if scheme.abnormal is not None:  # a label: neither levels nor grades
        indicators = [(gettext("比值"), scheme.ratio)]
    bands = [
        (role, f"{i.symbol} = {getattr(i, tongue)}", unit_name(i.unit, tongue), _bands(i.bands))
        for role, i in indicators
    ]
    if scheme.neutrality is not None:
        mark = gettext("碳中和标识")
        bands.append((mark, gettext("碳中和率"), "", _bands(scheme.neutrality.bands)))
    if scheme.abnormal is not None:
        change = scheme.abnormal.change
        bands.append((gettext("同比"), f"{change.symbol} = {getattr(change, tongue)}", "",
                      _bands(change.bands)))  # fmt: skip
    quantities = [(gettext("分子"), scheme.numerator), (gettext("分母"), scheme.denominator)]
    return {
        "scheme": scheme, "title": getattr(scheme.title, tongue), "bands": bands,
        "direction": getattr(scheme.direction, tongue), "conditions": _conditions(scheme),
        "climb": [getattr(level, tongue) for level in scheme.population.levels],
        "shrink": _shrink(scheme.population.shrink),
        "quantities": [
            (role, with_note(getattr(q, tongue), unit_name(q.unit, tongue)),
             getattr(q.definition, tongue))
            for role, q in quantities
        ],
    }  # fmt: skip


def _shrink(rule: Shrink | None) -> str:
    """How small industries keep part of their own average; "" where they climb alone."""
    if rule is None:
        return ""
    weighed = "log B = w·log B₁ + (1 − w)·log B₂, w = n_eff ÷ (n_eff + k), k = "
    if rule.k is not None:
        return f"{weighed}{float(rule.k):g}"
    return weighed + gettext("组内方差 ÷ 组间方差（无法估计时为 %(k)s）") % {
        "k": f"{float(rule.fallback_k):g}"
    }


def _conditions(scheme: Scheme) -> list[str]:
    """When the label of a scheme is abnormal; nothing for schemes that grade."""
    if scheme.abnormal is None:
        return []
    told = IndexRule(scheme, scheme.abnormal).conditions().values()
    return [str(getattr(words, lang())) for words in told]


def _bands(bands: Sequence[Band]) -> list[tuple[str, str, str]]:
    """(id, range, word) of each band; the range is written with the side a tie falls on."""
    found, lower = [], ""
    for band in bands:
        upper = "" if band.upper is None else f"{'≤' if band.inclusive else '<'} {band.upper_text}"
        found.append((band.id, f"{lower}{'  ' if lower and upper else ''}{upper}",
                      getattr(band, lang())))  # fmt: skip
        lower = f"{'>' if band.inclusive else '≥'} {band.upper_text}"
    return found


def editions(request: HttpRequest) -> HttpResponse:
    shown = [
        {
            "edition": e, "title": e.title[lang()], "boundary": e.boundary[lang()],
            "href": edition_address(e),
        }
        for e in known_editions()
    ]  # fmt: skip
    return render(request, "rules/editions.html", {"editions": shown})


def edition_address(made: methods.Edition) -> str:
    """Where an edition is shown; of one account there are several in time."""
    query = urlencode({"edition": made.edition})
    return f"{reverse('rules:edition', args=[made.id])}?{query}"


def edition(request: HttpRequest, edition_id: str) -> HttpResponse:
    """One edition: its lines with the formula as written, its totals, what it leaves out.

    Without a name it is the newest of its account.
    """
    same = [e for e in known_editions() if e.id == edition_id]
    named = request.GET.get("edition")
    found = next((e for e in reversed(same) if named in (None, e.edition)), None)
    if found is None:
        raise Http404(edition_id)
    title = found.title[lang()]
    context = {
        "made": found, "edition": found.edition, "title": title, "boundary": found.boundary[lang()],
        "lines": [_line(found, line) for line in found.lines],
        "orders": [_order(order) for order in found.orders],
        "others": [(e.edition, edition_address(e)) for e in same if e is not found],
        "totals": [(t.id, t.name[lang()], _sum_text(t.of.items())) for t in found.totals],
        "left_out": [(", ".join(x.items), x.reason[lang()]) for x in found.left_out],
        "derived": [_formula(d.formula) for d in found.derived],
        "crumbs": [(gettext("核算方法"), reverse("rules:editions")), (title, "")],
    }  # fmt: skip
    return render(request, "rules/edition.html", context)


def _order(order: Preferences) -> dict[str, Any]:
    """An order of preference of an edition's own: its steps in the order they are tried."""
    columns = ("parameter", "family", "origin", "source", "take", "set_id", "kind", "level")
    return {
        "id": order.id, "title": getattr(order, f"title_{lang()}"), "base": order.based_on,
        "evidence": order.evidence,
        "steps": [
            (n, s.parameter, " / ".join(filter(None, (getattr(s, c) for c in columns[1:]))),
             s.rule if s.origin == "table" else "", CHOICES[s.choice][LANGUAGES.index(lang())])
            for n, s in enumerate(order.steps[: order.own], 1)
        ],
    }  # fmt: skip


def _sum_text(parts: Any) -> str:
    """code_gross − code_neutral, as the edition declares it."""
    text = " ".join(f"{'−' if sign < 0 else '+'} {name}" for name, sign in parts)
    return text.removeprefix("+ ")


def _item_names(patterns: Sequence[str]) -> list[str]:
    """Names of the items a line takes; a pattern for many items has none."""
    known = catalogue.items()
    return [getattr(known[p], f"name_{lang()}") for p in patterns if p in known]


def _line(found: methods.Edition, line: methods.LineDef) -> dict[str, Any]:
    names = {t.id: t.name[lang()] for t in found.totals}
    return {
        "id": line.id, "name": line.name[lang()], "items": ", ".join(line.items),
        "without": ", ".join(line.without), "scope": line.scope,
        "what": listed(_item_names(line.items)), "formula": _formula(line.formula),
        "totals": _sum_text(line.totals.items()), "into": _sum_text(
            (names.get(total, total), sign) for total, sign in line.totals.items()),
        "factors": [
            (described(name).name(lang()), name, " / ".join(parts))
            for name, parts in line.factors.items()
        ],
        "preferences": line.preferences or found.preferences,
    }  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A formula as the pages show it."""

    name: str
    text: str
    unit: str
    source: str
    clause: str
    evidence: str


def _formula(name: str) -> Written:
    q = find_quantity(name)
    text = f"{q.symbol} = {q.written()}"
    return Written(q.name(lang()), text, q.unit, q.source, q.clause or "", q.evidence)


def items(request: HttpRequest) -> HttpResponseBase:
    form = Search(request.GET)
    text = (form.cleaned_data["q"] if form.is_valid() else "").strip().casefold()
    found = [
        i for i in catalogue.items().values()
        if text in f"{i.item} {i.name_zh} {i.name_en} {i.carrier} {i.group}".casefold()
    ]  # fmt: skip
    table = Table(_item_columns(), found, request.GET, caption=_("数据项"),
                  empty=_("没有符合条件的数据项"))  # fmt: skip
    if (file := table.export("items")) is not None:
        return file
    return render(request, "rules/items.html", {"form": form, "table": table})


def _carrier_name(carrier: str) -> str | None:
    known = catalogue.carriers().get(carrier)
    return getattr(known, f"name_{lang()}") if known else carrier or None


def _item_columns() -> list[Column]:
    return [
        Column("item", _("编号"), lambda i: i.item, sort=True),
        Column("name", _("名称"), lambda i: getattr(i, f"name_{lang()}"), sort=True),
        Column("group", _("类别"), lambda i: GROUPS.get(i.group, i.group), sort=True),
        Column("kind", _("性质"), lambda i: KINDS[i.kind], sort=True),
        Column("unit", _("单位"), lambda i: i.unit or None, sort=True),
        Column("scale", _("小数位"), lambda i: i.scale if i.unit else None, kind="number"),
        Column("carrier", _("载体"), lambda i: _carrier_name(i.carrier), sort=True),
        Column("class", _("数据类别"), lambda i: DATA_CLASSES[i.data_class], sort=True),
    ]


KINDS = {
    "amount": _("期间量"), "cumulative": _("累计量"), "stock": _("时点量"),
    "attribute": _("属性"),
}  # fmt: skip
DATA_CLASSES = {
    "public": _("公开"), "internal": _("内部"), "statistical_only": _("仅限统计"),
    "personal": _("个人信息"),
}  # fmt: skip
