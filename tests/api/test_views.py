"""The page that describes the interface."""

from __future__ import annotations

from tanma.api.openapi import operations
from tanma.api.views import ABOUT


def test_every_operation_is_told_in_a_line_and_no_other():
    assert {operation["operationId"] for _, _, operation in operations()} == set(ABOUT)


def test_the_page_speaks_the_readers_language(client, db):
    def told(language: str) -> str:
        return client.get("/api/", headers={"accept-language": language}).content.decode()

    assert "任何人可以看到的碳效码内容" in told("zh-hans")
    assert "What anybody may read of a code" in told("en")
