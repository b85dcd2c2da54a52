"""Two enterprises, a lake of its own for each test, and who looks at meters."""


import pytest

from tanma.apps.metering import door as metering
from tanma.apps.people.door import Role
from tanma.apps.registry import door as registry
from tests.apps.live.conftest import person
from tests.apps.metering.conftest import FIRST, SECOND, firms, home

__all__ = ["firms", "home"]
BOUGHT = "electricity.purchased"
NEW = {
    "meter": "A-100", "item": BOUGHT, "kind": "interval", "unit": "", "resolution": "0.01",
    "interval_s": "900", "ct": "100", "pt": "2.5", "digits": "", "rated": "630", "parent": "",
    "site": "", "location": "变电所", "accuracy": "0.5S", "calibration_due": "2030-01-01",
    "since": "2026-01-01", "evidence": "工单 1",
}  # fmt: skip


@pytest.fixture
def office(firms):
    return person("bureau", Role.BUREAU)


@pytest.fixture
def owner(firms):
    return person("jia", Role.ENTERPRISE, subject=firms[FIRST])


@pytest.fixture
def stranger(firms):
    return person("yi", Role.ENTERPRISE, subject=firms[SECOND])


def a_meter(name="表M1", kind="register", code=FIRST, **more):
    subject = metering.register_meter(name, code, author="test", **more)
    dated = {"multiplier": "60", "interval_s": "900", "digits": "8"}
    metering.declare([metering.Declared(name, BOUGHT, kind, "kWh", 2, more=dated)], author="test")
    return metering.Meter.objects.get(pk=subject)


def page(client, address, status=200):
    answer = client.get(address)
    assert status == answer.status_code, answer.content.decode()[:500]
    return answer.content.decode()


def new_address(firms, code=FIRST):
    return f"/meters/new/{registry.Enterprise.objects.get(pk=firms[code]).uid}/"
