"""The committed description is the one the code gives; every field is in the glossary."""

from pathlib import Path

from tanma.api import openapi
from tanma.domain.glossary import terms

ROOT = Path(__file__).parents[2]
REPAIR = "python -m tanma.api.openapi docs/reference"


def test_the_committed_description_is_the_present_one():
    committed = (ROOT / "docs/reference/openapi.json").read_text(encoding="utf-8")
    assert openapi.as_json() == committed, REPAIR
    assert openapi.page() == (ROOT / "docs/reference/api.md").read_text(encoding="utf-8"), REPAIR


def test_every_field_is_in_the_glossary():
    schemas = openapi.schema()["components"]["schemas"]
    named = {field for body in schemas.values() for field in body.get("properties", {})}
    assert set() == named - set(terms())


def test_every_operation_says_what_it_does_and_has_its_own_name():
    found = openapi.operations()
    assert all(operation.get("description") for _, _, operation in found)
    names = [operation["operationId"] for _, _, operation in found]
    assert len(names) == len(set(names))


def test_the_page_names_every_path_and_who_may_call_it():
    lines = [line for line in openapi.page().splitlines() if line.startswith(("| GET", "| POST"))]
    assert len(openapi.operations()) == len(lines)
    assert all("公开 public" in line or "session or key" in line for line in lines)
