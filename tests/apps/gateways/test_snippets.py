"""What the pages offer to copy is taken by the intake as it stands."""

import json
import re
import shlex
import tomllib

import pytest

from tanma.apps.gateways import snippets
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.intake.connections import parse
from tanma.intake.http.decode import decode
from tests.apps.metering.conftest import FIRST

pytestmark = [pytest.mark.db, pytest.mark.django_db]
BOUGHT, POWER = "electricity.purchased", "state.power.active"


@pytest.fixture
def offered(firms):
    metering.register_meter("T1", FIRST, author="t")
    metering.declare(
        [metering.Declared("T1", BOUGHT, "interval", "kWh", 2),
         metering.Declared("T1", POWER, "gauge", "kW", 1)], author="t",
    )  # fmt: skip
    gateway, token = metering.create_gateway("g", firms[FIRST], author="t")
    channels = list(registry.Channel.objects.order_by("id"))
    found = {s.key: s.text for s in snippets.all_of(channels, token, gateway.uid)}
    return gateway, token, found


def taken(body):
    (scope,) = metering.intake_scopes().values()
    return decode(body.encode(), "http-json", scope)


def test_without_channels_there_is_nothing_to_send(firms):
    assert [] == snippets.all_of([], "x", "y")


def test_the_command_line_names_address_token_and_a_reading_that_is_taken(offered, settings):
    _, token, found = offered
    words = shlex.split(found["curl"].replace("\\\n", " "))
    assert f"Authorization: Bearer {token}" in words
    assert "http://127.0.0.1:8100/v1/readings" in words
    done = taken(words[words.index("-d") + 1])
    assert (1, ()) == (done.table.num_rows, done.refused)


def test_the_public_address_is_the_operators(offered, settings):
    settings.TANMA = settings.TANMA.model_copy(update={"intake_url": "https://in.example.org"})
    assert "https://in.example.org" == snippets.address()


def test_python_sends_the_same(offered):
    text = offered[2]["python"]
    compile(text, "snippet", "exec")
    body = re.search(r"readings = (.*)", text)[1]
    assert 1 == taken(body).table.num_rows


def test_columns_by_point_names_are_taken(offered):
    done = taken(offered[2]["columns"])
    assert (2, ()) == (done.table.num_rows, done.refused)
    assert [f"T1/{BOUGHT}", f"T1/{POWER}"] == json.loads(offered[2]["columns"])["channel"]


@pytest.mark.parametrize("key", ["mqtt", "modbus"])
def test_connections_are_read_as_they_stand(offered, key, tmp_path):
    gateway, _, found = offered
    tomllib.loads(found[key])
    connections = parse("connections.toml", found[key], tmp_path, {})
    assert 1 == len(connections)
    assert gateway.uid in found[key]


def test_a_gateway_that_must_sign_is_offered_the_client_alone(offered):
    gateway, token, _ = offered
    channels = list(registry.Channel.objects.order_by("id"))
    for key, shown in (("0KEY.secret", "0KEY.secret"), ("", "<签名密钥>")):
        (only,) = snippets.all_of(channels, token, gateway.uid, key)
        assert "client" == only.key
        compile(only.text, "client", "exec")
        assert f'signing_key="{shown}"' in only.text
        assert token in only.text
