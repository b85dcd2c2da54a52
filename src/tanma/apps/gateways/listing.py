"""The list of gateways: when each was heard, what it missed, what was refused."""

from __future__ import annotations

import json
import time

from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Column, Table, badge_html, known_time
from tanma.apps.metering.door import Gateway
from tanma.apps.registry import door as registry
from tanma.intake.live import Refusal
from tanma.lake.heard import Heard

QUIET_S, SHOWN = 3600, 20
"""A gateway that has said nothing for so long is marked."""
NOT_HEARD = Heard(0, 0, 0)


def seen_html(gateway: Gateway, heard: Heard) -> str:
    """When a gateway was last heard."""
    if gateway.revoked_at:
        return badge_html(gettext("已停用"), "plain")
    if not heard.last_us:
        return badge_html(gettext("尚未收到数据"), "warn")
    text = known_time(heard.last_us, settings.TIME_ZONE)
    quiet = time.time() - heard.last_us / 1e6 > QUIET_S
    return badge_html(text, "bad" if quiet else "good")


def refusals(heard: Heard, language: str) -> list[str]:
    """Why rows of the newest batch with refusals were not taken."""
    told = json.loads(heard.note) if heard.note else []
    return [Refusal(index, code, params).text(language) for index, code, params in told][:SHOWN]


def gateway_table(rows: QuerySet[Gateway], query: QueryDict, heard: dict[str, Heard]) -> Table:
    firms = registry.Enterprise.objects.in_bulk(
        list(set(rows.values_list("subject", flat=True)) - {None})
    )

    def of(gateway: Gateway) -> Heard:
        return heard.get(gateway.uid, NOT_HEARD)

    columns = [
        Column("name", _("网关"), str, sort=True,
               href=lambda g: reverse("gateways:gateway", args=[g.uid])),
        Column("firm", _("企业"), lambda g: str(firms.get(g.subject, gettext("采集平台"))),
               sort=True),
        Column("seen", _("最近到数"), lambda g: of(g).last_us or None, sort=True,
               show=lambda g: seen_html(g, of(g)), kind="plain"),
        Column("sequence", _("末次序号"), lambda g: of(g).last_sequence, kind="number"),
        Column("gaps", _("序号断点"), lambda g: of(g).gaps, sort=True, kind="number"),
        Column("missed", _("缺失报文"), lambda g: of(g).missed, kind="number"),
        Column("accepted", _("已接收读数"), lambda g: of(g).rows,
               lambda g: f"{of(g).rows:,}", sort=True, kind="number"),
    ]  # fmt: skip
    return Table(columns, list(rows), query, order="name", caption=_("网关"),
                 empty=_("还没有网关"))  # fmt: skip
