"""Fill a home with the published region, as the demo does, for a server of the browser tests.

    TANMA_HOME=… python -m tests.browser.seed

Everybody gets the same password. After the publications a correction arrives: enterprise D used
four times the power it had reported, so that a new run has a grade that moves. `site.json` in the
home tells the tests which codes and runs there are.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

PASSWORD = "sample-region-2026"
MOVED, FACTOR = "D", 4


def main() -> None:
    from tanma.site.setup import prepare

    prepare()
    from django.conf import settings

    from tests.apps import region

    region.build_or_restore(settings.TANMA.lake)
    _passwords()
    _correction()
    _meters()
    site = settings.TANMA.home / "site.json"
    site.write_text(json.dumps(_told(), ensure_ascii=False), encoding="utf-8")


def _passwords() -> None:
    from django.contrib.auth.hashers import make_password

    from tanma.apps.people.door import User

    User.objects.update(password=make_password(PASSWORD))


def _correction() -> None:
    from tanma.apps.facts import door as facts
    from tests.apps.region import FIRMS, KWH, MONTHS, fact

    subject, firm = _enterprise(MOVED).id, FIRMS[MOVED]
    ends = [*MONTHS[1:], date(2026, 7, 1)]
    rows = [
        fact(
            subject, "electricity.purchased", kind="amount", valid_from=start, valid_to=end,
            value=firm.power_kwh * FACTOR * KWH, source=firm.source, revision=1,
            reported=f"{firm.power_kwh * FACTOR} kWh",
        )
        for start, end in zip(MONTHS, ends, strict=True)
    ]  # fmt: skip
    facts.append(facts.table(rows), author="test", evidence="batch:correction#1")


def _meters() -> None:
    """Enterprise A has meters with readings up to now, and their days."""
    from django.conf import settings

    from tanma.apps.facts import door as facts
    from tanma.apps.watch import door as watch
    from tanma.engine.metering.refresh import refresh
    from tanma.lake.facts import FactsMirror
    from tests.apps import metered

    lake = settings.TANMA.lake
    channels = metered.tree(_enterprise("A").uscc)
    metered.fill(lake, channels, datetime.now(UTC))
    _devices(channels["一车间/electricity.purchased"])
    FactsMirror(lake).sync(facts.fetch, facts.watermark())
    refresh(lake)
    watch.evaluate()


def _devices(channel: int) -> None:
    """A device of enterprise A, and a limit that its days break."""
    from tanma.apps.equipment import door as equipment
    from tanma.apps.watch import door as watch

    about = {"author": "test", "evidence": "工单 1"}
    equipment.register(
        "E-1", _enterprise("A").uscc, title="织机", kind="machine", rated_kw="40",
        input="T-一车间", **about,
    )  # fmt: skip
    watch.state_limits(channel, {"day_limit": "600"}, date(2026, 1, 1), **about)


def _enterprise(key: str):
    from tanma.apps.registry.models import Enterprise
    from tests.apps.region import FIRMS

    return Enterprise.objects.get(name=FIRMS[key].name)


def _told() -> dict[str, dict[str, str]]:
    from tanma.apps.codes.models import Run
    from tests.apps.region import FIRMS

    firms = {key: _enterprise(key) for key in FIRMS}
    return {
        "codes": {key: firm.public_code for key, firm in firms.items()},
        "uids": {key: firm.uid for key, firm in firms.items()},
        "names": {key: firm.name for key, firm in firms.items()},
        "runs": {run.period: run.uid for run in Run.objects.all()},
    }


if __name__ == "__main__":
    main()
