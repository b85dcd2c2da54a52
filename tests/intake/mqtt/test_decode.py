"""Topics and payloads, without a broker."""

from __future__ import annotations

import pytest

from tanma.domain.messages import Problem
from tanma.intake.mqtt.decode import FORMS, Named, Template, decode, kept
from tests.intake.sinks import scope

SCOPE = scope("gw", [(1, "a", "register", "kWh", 2, 900), (2, "b", "gauge", "kW", 1, 60)])
AT = '"2026-11-20T04:00:00Z"'


@pytest.mark.parametrize(
    ("template", "subscription", "topic", "expected"),
    [
        ("t/{gateway}", "t/+", "t/g1", Named("g1", None)),
        ("t/{gateway}/{channel}/up", "t/+/+/up", "t/g1/17/up", Named("g1", "17")),
        ("{gateway}/{meter}/{item}", "+/+/+", "g/总表/water.total", Named("g", "总表/water.total")),
        ("{item}/of/{meter}", "+/of/+", "a.b/of/m", Named(None, "m/a.b")),
        ("plant/+/{channel}", "plant/+/+", "plant/x/7", Named(None, "7")),
        ("plant/{gateway}/#", "plant/+/#", "plant/g/a/b/c", Named("g", None)),
        ("a.b/{channel}", "a.b/+", "aXb/1", None),
        ("t/{gateway}", "t/+", "t/g1/more", None),
        ("t/{gateway}", "t/+", "t/", None),
        ("plain", "plain", "plain", Named(None, None)),
    ],
)  # fmt: skip
def test_a_template_subscribes_and_reads(template, subscription, topic, expected):
    found = Template(template)
    assert subscription == found.subscription
    assert expected == found.read(topic)


@pytest.mark.parametrize(
    "text",
    ["", "t/{gateway}/{gateway}", "t/{name}", "t/x{channel}", "t/{channel", "t/{meter}",
     "t/{item}", "t/{channel}/{meter}/{item}"],
)  # fmt: skip
def test_a_wrong_template_is_refused(text):
    with pytest.raises(Problem) as caught:
        Template(text)
    assert "mqtt_topic" == caught.value.code
    assert "plant/{gateway}/{meter}/{item}" in caught.value.text("zh")
    assert "plant/{gateway}/{meter}/{item}" in caught.value.text("en")


def taken(channel, payload: str):
    return decode(*kept(channel, payload.encode()), SCOPE)


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        (None, f'[{{"channel": "a", "time": {AT}, "value": 12.34}}]'),
        (None, f'{{"channel": ["a"], "time": [{AT}], "value": ["12.34"]}}'),
        ("a", f'{{"time": {AT}, "value": 12.34}}'),
        ("1", f'{{"time": {AT}, "value": 12.34}}'),
        ("a", f'[{{"time": {AT}, "value": 12.34}}]'),
        ("a", f'{{"time": [{AT}], "value": [12.34]}}'),
        ("a", f'{{"channel": "b", "time": {AT}, "value": 12.34}}'),
    ],
)
def test_rows_and_columns_with_and_without_the_point_in_the_topic(channel, payload):
    (row,) = taken(channel, payload).table.to_pylist()
    assert (1, 1234, None) == (row["channel"], row["value"], row["revision"])


def test_the_row_that_is_wrong_is_refused_alone():
    found = taken("a", f'[{{"time": {AT}, "value": 1}}, {{"time": {AT}, "value": 1.005}}]')
    assert [100] == found.table["value"].to_pylist()
    assert [1] == [r.index for r in found.refused]


@pytest.mark.parametrize("payload", ["", "{", "12", '["x"]', "\\xff", "[[1]]"])
def test_a_payload_that_is_none_is_refused(payload):
    with pytest.raises(Problem) as caught:
        taken("a", payload)
    assert "mqtt_payload" == caught.value.code
    assert "“a”" in caught.value.text("zh")
    assert "'a'" in caught.value.text("en")


def test_every_form_that_is_kept_can_be_read_again():
    assert {"http-json", "mqtt-channel"} == set(FORMS)
    assert {kept(None, b"x")[1], kept("a", b"x")[1]} == set(FORMS)
