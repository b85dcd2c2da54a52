"""Pages of one enterprise: account, energy, data query, and the basis of every number."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from tanma.apps.inventories.basis import ACCOUNTS, explained
from tanma.apps.inventories.pages import Visit, page, show
from tanma.apps.inventories.said import StoredFacts
from tanma.apps.inventories.shown import shown

ACCOUNT_NAMES = {"code": _("碳效码口径"), "statutory": _("法定核算"), "energy": _("能源")}


@page("see_basis")
def basis(visit: Visit) -> HttpResponseBase:
    """The explanation trees, the same that `tanma explain` prints."""
    account = visit.request.GET.get("account", "code")
    account = account if account in ACCOUNTS else "code"
    made = explained(visit.frozen, visit.lang, [account], StoredFacts(), visit.statistical)
    query = f"?period={visit.publication.period}&account="
    context = {
        "trees": [shown(node, visit.lang, settings.TIME_ZONE) for node in made.nodes],
        "accounts": [(label, query + key, key == account) for key, label in ACCOUNT_NAMES.items()],
        "command": _command(visit, account),
    }
    return show(visit, "basis", context)


def _command(visit: Visit, account: str) -> str:
    return (
        f"tanma explain {visit.enterprise.uscc} --period {visit.publication.period}"
        f" --account {account}"
    )
