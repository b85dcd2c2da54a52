"""Grid accounts 用电户号: whose they are, since when, and for which share (转供电).

A holding is a dated external identifier of the scheme `account`; shares of one account at one day
never exceed the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from django.db import transaction
from django.db.models import Q

from tanma.apps.facts import door as facts
from tanma.apps.imports.door import Batch, today
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem

SCHEME = "account"
"""Holdings: value = account number, subject = the enterprise that uses it."""
THING = "grid_account"
"""The account itself, of which the grid company states power."""
CHUNK = 5000
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


def known_names() -> set[str]:
    """Every account that a meter hangs on or of which power was stated."""
    stated = registry.ExternalId.objects.filter(scheme=THING).values_list("value", flat=True)
    return set(known_accounts()) | set(stated)


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


def stated_holders(batch: Batch) -> dict[str, set[str]]:
    """account → credit codes that a sheet of the grid company names as its holder, if any."""
    rows = facts.Fact.objects.filter(
        seq__gte=batch.first_seq, seq__lte=batch.last_seq,
        evidence__startswith=f"{batch.evidence}#", item__in=("account.power", "account.holder"),
    ).values_list("subject", "item", "text")  # fmt: skip
    names = _account_of({subject for subject, _, _ in rows})
    found: dict[str, set[str]] = {name: set() for name in names.values()}
    for subject, item, code in rows:
        if item == "account.holder" and code and subject in names:
            found[names[subject]].add(code)
    return found


def _account_of(subjects: Collection[int]) -> dict[int, str]:
    wanted, found = sorted(subjects), dict[int, str]()
    for start in range(0, len(wanted), CHUNK):
        rows = registry.ExternalId.objects.filter(
            scheme=THING, subject__in=wanted[start : start + CHUNK]
        )
        found.update(rows.values_list("subject", "value"))
    return found


def match(batch: Batch, stated: dict[str, set[str]]) -> dict[str, list[str]]:
    """Accounts of one enterprise become its own; the others, with their codes, are for the desk.

    An account that somebody holds is asked about again when a sheet names a code of none of its
    holders: it may have changed hands.
    """
    holders: dict[str, set[int]] = {}
    rows = registry.ExternalId.objects.filter(scheme=SCHEME, valid_to__gt=today())
    for account, subject in rows.values_list("value", "subject"):
        holders.setdefault(account, set()).add(subject)
    decided = set(registry.ExternalId.objects.filter(scheme=SCHEME).values_list("value", flat=True))
    firms = registry.find("uscc", {code for codes in stated.values() for code in codes if code})
    clear: dict[str, str] = {}
    open_: dict[str, list[str]] = {}
    for account, codes in stated.items():
        named = {firms[code] for code in codes if code in firms}
        if account in decided:
            if named - holders.get(account, set()):
                open_[account] = sorted(codes)
        elif len(codes) == len(named) == 1:
            clear[account] = min(codes)
        else:
            open_[account] = sorted(codes)
    registry.ExternalId.objects.bulk_create(
        registry.ExternalId(
            scheme=SCHEME, value=account, subject=firms[code], evidence=batch.evidence,
            decided_by="import",
        )
        for account, code in clear.items()
    )  # fmt: skip
    return open_


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
    now = held()
    listed = known_names() | set(now)
    firms: dict[int, int] = {}
    for rows in now.values():
        for row in rows:
            firms[row.subject] = firms.get(row.subject, 0) + 1
    return {
        "accounts": len(listed), "matched": len(now), "open": len(listed - set(now)),
        "shared": sum(len(rows) > 1 for rows in now.values()),
        "several": sum(n > 1 for n in firms.values()),
    }  # fmt: skip
