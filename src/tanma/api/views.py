"""The page that describes the interface to people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tanma.api.openapi import operations


def docs(request: HttpRequest) -> HttpResponse:
    shown = [
        {
            "method": method, "path": path, "public": not operation.get("security"),
            "about": operation.get("description", ""),
            "parameters": [p["name"] for p in operation.get("parameters", [])],
        }
        for method, path, operation in operations()
    ]  # fmt: skip
    return render(request, "portal/api.html", {"operations": shown})
