"""Gateways and their tokens; which channels each may write."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection

import pyarrow as pa
from django.db.models import Q, QuerySet
from django.utils import timezone

from tanma.apps.metering.models import Gateway, Meter
from tanma.apps.metering.projection import enterprises
from tanma.apps.metering.signing import live_keys
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.intake.live import Scope, ScopedChannel

PREFIX = "tanma_gw_"
SHOWN_END = 4
FROM_GATEWAY = "gateway:"
"""How the source of a meter begins that one gateway alone may write."""
CHANNELS = pa.schema(
    [
        ("channel", pa.int64()), ("enterprise", pa.int64()), ("meter", pa.string()),
        ("item", pa.string()), ("kind", pa.string()), ("unit", pa.string()),
        ("scale", pa.int32()), ("interval_s", pa.int64()), ("zone", pa.string()),
        ("multiplier", pa.string()), ("digits", pa.int32()), ("rated", pa.string()),
    ]
)  # fmt: skip


def create_gateway(name: str, subject: int | None, *, author: str) -> tuple[Gateway, str]:
    """A new gateway and its token, which cannot be read again."""
    token = PREFIX + secrets.token_urlsafe(32)
    gateway = Gateway.objects.create(name=name, subject=subject, created_by=author, **_kept(token))
    return gateway, token


def _kept(token: str) -> dict[str, str]:
    return {"token_hash": people.token_hash(token), "token_end": token[-SHOWN_END:]}


def renew_token(gateway: Gateway) -> str:
    """A new token; the one before ends at once."""
    token = PREFIX + secrets.token_urlsafe(32)
    for field, value in _kept(token).items():
        setattr(gateway, field, value)
    gateway.revoked_at = None
    gateway.save(update_fields=["token_hash", "token_end", "revoked_at"])
    return token


def revoke(gateway: Gateway) -> None:
    gateway.revoked_at = timezone.now()
    gateway.save(update_fields=["revoked_at"])


def meters_of(gateway: Gateway) -> QuerySet[Meter]:
    """What a gateway may write: meters that name it as their source, and those of its enterprise
    that name no gateway. Nobody writes a virtual meter."""
    rule = Q(source=gateway.source)
    if gateway.subject is not None:
        rule |= Q(enterprise=gateway.subject) & ~Q(source__startswith=FROM_GATEWAY)
    return Meter.objects.filter(rule, formula="")


def channels_of(gateway: Gateway) -> QuerySet[registry.Channel]:
    return registry.Channel.objects.filter(meter__in=meters_of(gateway).values("name"))


def channels(rows: QuerySet[registry.Channel] | None = None) -> pa.Table:
    """Channels as columns (all when None), ordered by number."""
    names = [("channel", "id"), ("enterprise", "subject")]
    names += [(n, n) for n in CHANNELS.names[2:]]
    found = registry.Channel.objects.all() if rows is None else rows
    values = list(found.order_by("id").values_list(*(field for _, field in names)))
    rows_of = [dict(zip(CHANNELS.names, row, strict=True)) for row in values]
    return pa.Table.from_pylist(rows_of, schema=CHANNELS)


def intake_scopes() -> dict[str, Scope]:
    """Token hash → what its gateway may write, for every gateway that is not revoked.

    Four queries however many gateways there are: the service asks every few seconds.
    """
    by_meter = _by_meter()
    by_source: dict[str, list[ScopedChannel]] = defaultdict(list)
    by_firm: dict[int, list[ScopedChannel]] = defaultdict(list)
    meters = Meter.objects.filter(formula="").values_list("name", "source", "enterprise")
    for name, source, firm in meters:
        by_source[source] += by_meter[name]
        if firm is not None and not source.startswith(FROM_GATEWAY):
            by_firm[firm] += by_meter[name]
    keys = live_keys()
    return {
        g.token_hash: Scope.of(
            g.uid, by_source[g.source] + by_firm[g.subject or 0], keys.get(g.id, ())
        )
        for g in Gateway.objects.filter(revoked_at=None)
    }


def _by_meter() -> dict[str, list[ScopedChannel]]:
    """The channels of each meter, by the meter's name."""
    found: dict[str, list[ScopedChannel]] = defaultdict(list)
    rows = registry.Channel.objects.values_list(
        "id", "meter", "item", "kind", "unit", "scale", "interval_s"
    )
    for number, meter, item, kind, unit, scale, interval_s in rows.iterator(20_000):
        channel = ScopedChannel(number, point(meter, item), kind, unit, scale, interval_s)
        found[meter].append(channel)
    return found


def sources_named(
    asked: Collection[tuple[str, str]],
) -> dict[tuple[str, str], str]:
    """(gateway as a file names it, enterprise) → what `meter.source` says.

    A gateway is named by its id, or by a name that only one has among those that may bring the
    meters of the enterprise: its own and those of platforms. Others are left out.
    """
    firms = enterprises({firm for _, firm in asked})
    may: dict[int | None, list[Gateway]] = {}
    owned = Q(subject=None) | Q(subject__in=set(firms.values()))
    for gateway in Gateway.objects.filter(owned, revoked_at=None):
        may.setdefault(gateway.subject, []).append(gateway)
    found = {}
    for text, firm in asked:
        own = may.get(firms[firm], []) if firm in firms else []
        named = [g for g in (*own, *may.get(None, [])) if text in {g.uid, g.source, g.name}]
        by_id = [g for g in named if text != g.name] or named
        if len(by_id) == 1:
            found[text, firm] = by_id[0].source
    return found


def point(meter: str, item: str) -> str:
    """The name by which a device may call a channel instead of its number."""
    return f"{meter}/{item}"
