"""The interface under /api/v1/: public rules and codes, and what a session or key may see."""

from __future__ import annotations

from ninja import NinjaAPI

from tanma.api.access import register_errors
from tanma.api.routes import codes, imports, register, rules

api = NinjaAPI(
    title="Tanma",
    version="1",
    description="工业碳效码与碳账户接口。错误一律为 {code, zh, en}。 Errors are {code, zh, en}.",
    urls_namespace="api",
    docs_url=None,
)
register_errors(api)
for part in (codes, register, rules, imports):
    api.add_router("", part.router)
