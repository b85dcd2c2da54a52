"""Pages of one enterprise: account, energy, data query, and the basis of every number."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from tanma.apps.accountpages import account_page, energy_page, words
from tanma.apps.accountpages.notes import notes
from tanma.apps.accountpages.pages import Visit, page, show
from tanma.apps.accountpages.query import LineFilter, found_rows
from tanma.apps.accountpages.tables import line_table, source_table
from tanma.apps.inventories.door import ACCOUNTS, explained, shown
from tanma.apps.registry.door import link_if_there


@page("see_figures")
def account(visit: Visit) -> HttpResponseBase:
    """Every account under its own name; one of them in detail."""
    view = account_page.chosen(visit.frozen, visit.request.GET.get("total", ""))
    made, total = view.account, view.total
    name = made.total_def(total).name[visit.lang]
    sources = source_table(made.sources(total), visit.request.GET, made.edition.quantum, name)
    if (file := sources.export(_file_name(visit, "sources"))) is not None:
        return file
    context = {
        "rows": account_page.overview(visit.frozen, visit.lang),
        "headline": account_page.headline(visit.frozen, visit.lang),
        "total": total,
        "total_name": name,
        "edition_title": made.edition.title[visit.lang],
        "scopes": account_page.scopes(view),
        "sources": sources,
        "chart": account_page.months_chart(view, visit.frozen, visit.lang),
        "left_out": account_page.left_out(visit.frozen, made.edition, visit.lang),
        "intensities": account_page.intensities(visit.frozen, visit.lang, visit.facts),
        "notes": notes(visit.frozen),
    }
    return show(visit, "account", context)


@page("see_figures")
def energy(visit: Visit) -> HttpResponseBase:
    """综合能源消费量 in both valuations, part by part, source by source."""
    made = energy_page.account_of(visit.frozen)
    sources = energy_page.table(made, visit.request.GET)
    if (file := sources.export(_file_name(visit, "energy"))) is not None:
        return file
    context = {
        "parts": energy_page.parts(made),
        "consumption": energy_page.consumption(made),
        "missing": energy_page.missing_reason(made),
        "primary_note": energy_page.primary_note(made),
        "renewable": energy_page.renewable_share(made),
        "sources": sources,
        "intensities": energy_page.intensities(made, visit.frozen, visit.lang, visit.facts),
        "chart": energy_page.months_chart(made, visit.frozen, visit.lang),
        "evidence": made.edition.evidence,
        "water": energy_page.water_used(visit.frozen, visit.facts),
    }
    return show(visit, "energy", context)


@page("see_basis")
def lines(visit: Visit) -> HttpResponseBase:
    """Every line by account, source, item and month; what the address filters is exported."""
    form = LineFilter(visit.request.GET, frozen=visit.frozen)
    made, total, rows = found_rows(visit.frozen, form)
    label = made.total_def(total).name[visit.lang]
    table = line_table(rows, visit.request.GET, made.edition.quantum, label)
    if (file := table.export(_file_name(visit, "lines"))) is not None:
        return file
    return show(visit, "lines", {"form": form, "table": table, "total_name": label})


@page("see_basis")
def basis(visit: Visit) -> HttpResponseBase:
    """The explanation trees, the same that `tanma explain` prints."""
    asked = visit.request.GET.get("account", "code")
    chosen = asked if asked in ACCOUNTS else "code"
    made = explained(visit.frozen, visit.lang, [chosen], visit.facts, visit.statistical)
    query = f"?period={visit.publication.period}&account="
    meters = _meters(visit)
    context: dict[str, Any] = {
        "trees": [shown(node, visit.lang, settings.TIME_ZONE, meters) for node in made.nodes],
        "accounts": [(label, query + key, key == chosen) for key, label in words.ACCOUNTS.items()],
        "command": _command(visit, chosen) if visit.viewer.office else "",
        "why": _("每个数由公式和冻结的核算行重新算出，与发布值逐位一致。"),
    }
    return show(visit, "basis", context)


def _meters(visit: Visit) -> dict[str, str]:
    """`item/month` → address of the meters and readings behind it, where meters stated it."""
    uid = visit.enterprise.uid
    return {
        f"{row['item']}/{row['month']:%Y-%m}": link_if_there("live:origin", uid, row["seq"])
        for row in visit.frozen.lines if row["source"] == "meter"
    }  # fmt: skip


def _command(visit: Visit, account: str) -> str:
    return (
        f"tanma explain {visit.enterprise.uscc} --period {visit.publication.period}"
        f" --account {account}"
    )


def _file_name(visit: Visit, what: str) -> str:
    period = visit.publication.period.replace("/", "-")
    return f"{what}-{visit.enterprise.uscc}-{period}"
