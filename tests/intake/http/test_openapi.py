"""The description agrees with what the service does."""

import json

from tanma.intake.http import openapi, service
from tanma.intake.http.decode import MEDIA, MOST_READINGS, NEEDED, OPTIONAL


def test_it_names_what_the_service_takes_and_answers():
    described = json.loads(openapi.as_json())
    post = described["paths"]["/v1/readings"]["post"]
    assert set(MEDIA) == set(post["requestBody"]["content"])
    statuses = {str(s) for s in service._STATUS.values()} - {"404", "405"} | {"200", "422", "500"}
    assert statuses == set(post["responses"])
    reading = described["components"]["schemas"]["Reading"]
    assert {*NEEDED, *OPTIONAL} == set(reading["properties"])
    assert list(NEEDED) == reading["required"]
    assert MOST_READINGS == described["components"]["schemas"]["Rows"]["maxItems"]


def test_every_reference_leads_somewhere():
    text = openapi.as_json()
    schemas = json.loads(text)["components"]["schemas"]
    found = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert found
    assert found <= set(schemas)
