"""Null characters are refused at the door, whatever the page and the database."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.db, pytest.mark.django_db]


@pytest.mark.parametrize(
    "address", ["/rules/items/?q=%00", "/rules/factors/?q=a%00b", "/rules/factors/a%00/"]
)
def test_an_address_with_a_null_is_a_bad_request(client, address):
    assert 400 == client.get(address).status_code
    assert 200 == client.get("/rules/items/?q=0").status_code


def test_a_form_field_with_a_null_is_a_bad_request(client):
    answer = client.post("/accounts/login/", {"login": "x\0", "password": "y"})
    assert 400 == answer.status_code
