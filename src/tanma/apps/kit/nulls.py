"""Null characters in what a browser sends: no form means them, and PostgreSQL stores none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase, QueryDict


class NoNulls:
    """Refuses address, query and form fields with U+0000 as a bad request, before any view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        if "\0" in request.path or _holds(request.GET) or _holds(request.POST):
            raise BadRequest("null character")


def _holds(given: QueryDict) -> bool:
    return any("\0" in text for _, texts in given.lists() for text in texts)
