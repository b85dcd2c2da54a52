"""Grid accounts 用电户号: whose they are, since when, and for which share (转供电).

A holding is a dated external identifier of the scheme `account`; shares of one account at one day
never exceed the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from tanma.apps.facts import door as facts
from tanma.apps.imports.models import Batch, today
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem

SCHEME = "account"
WHOLE = 1_000_000
EARLIEST = date(1900, 1, 1)


def known_accounts() -> dict[str, set[str]]:
    """account → credit codes of the enterprises whose meters hang on it, as of today."""
    day = today()
    rows = facts.Fact.objects.filter(
        kind="attribute", item__in=("meter.account", "meter.enterprise"),
        valid_from__lte=day, valid_to__gt=day,
    )  # fmt: skip
    said: dict[int, dict[str, str]] = {}
    for fact in sorted(facts.current(list(rows)), key=lambda f: (f.valid_from, facts.rank(f))):
        said.setdefault(fact.subject, {})[fact.item] = fact.text or ""
    found: dict[str, set[str]] = {}
    for one in said.values():
        if one.get("meter.account"):
            found.setdefault(one["meter.account"], set()).add(one.get("meter.enterprise", ""))
    return found


def held(day: date | None = None) -> dict[str, list[registry.ExternalId]]:
    """account → its holdings of a day."""
    day = day or today()
    rows = registry.ExternalId.objects.filter(
        scheme=SCHEME, valid_from__lte=day, valid_to__gt=day
    ).order_by("value", "-share_ppm")
    found: dict[str, list[registry.ExternalId]] = {}
    for row in rows:
        found.setdefault(row.value, []).append(row)
    return found


def match(batch: Batch, open_case: Callable[..., Any]) -> None:
    """Accounts of one enterprise are its own; the others go to the desk."""
    decided = set(registry.ExternalId.objects.filter(scheme=SCHEME).values_list("value", flat=True))
    clear: dict[str, str] = {}
    for account, codes in known_accounts().items():
        if account in decided:
            continue
        if len(codes) == 1 and "" not in codes:
            clear[account] = min(codes)
        else:
            open_case("account", SCHEME, account, codes=sorted(codes))
    firms = registry.find("uscc", clear.values())
    registry.ExternalId.objects.bulk_create(
        registry.ExternalId(
            scheme=SCHEME, value=account, subject=firms[code], evidence=batch.evidence,
            decided_by="import",
        )
        for account, code in clear.items()
        if code in firms
    )  # fmt: skip
    for account in (a for a, code in clear.items() if code not in firms):
        open_case("account", SCHEME, account, codes=[clear[account]])


def hold(
    account: str, shares: Sequence[tuple[int, int]], effective: date, evidence: str, by: str
) -> None:
    """From a day on an account belongs to these enterprises, by shares; to nobody if none."""
    total = sum(share for _, share in shares)
    if any(share <= 0 for _, share in shares) or total > WHOLE:
        raise Problem("account_shares_wrong", account=account, total=f"{total / 10_000:g}")
    later = Q(valid_from__gte=effective)
    rows = registry.ExternalId.objects.filter(scheme=SCHEME, value=account)
    with transaction.atomic():
        rows.filter(later).delete()
        rows.filter(valid_from__lt=effective, valid_to__gt=effective).update(valid_to=effective)
        for subject, share in shares:
            registry.ExternalId.objects.create(
                scheme=SCHEME, value=account, subject=subject, share_ppm=share,
                valid_from=effective, evidence=evidence[:200], decided_by=by,
            )  # fmt: skip


def counts() -> dict[str, int]:
    """How many accounts are known, placed, shared between enterprises, and open."""
    names, now = set(known_accounts()), held()
    listed = names | set(now)
    firms: dict[int, int] = {}
    for rows in now.values():
        for row in rows:
            firms[row.subject] = firms.get(row.subject, 0) + 1
    return {
        "accounts": len(listed), "matched": len(now), "open": len(listed - set(now)),
        "shared": sum(len(rows) > 1 for rows in now.values()),
        "several": sum(n > 1 for n in firms.values()),
    }  # fmt: skip
