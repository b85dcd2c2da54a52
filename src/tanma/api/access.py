"""Who calls: a signed-in session or a key, and how each refusal is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer, SessionAuth

from tanma.apps.people import door as people
from tanma.domain.messages import Problem, render


class Key(HttpBearer):
    """`Authorization: Bearer tanma_…`; the request then acts as the key's user."""

    openapi_name = "key"

    def authenticate(self, request: HttpRequest, token: str) -> people.User:
        user = people.user_of_token(token)
        if user is None:
            # the session is not asked then: its missing CSRF token would be the answer
            raise AuthenticationError
        request.user = user
        return user


class Session(SessionAuth):
    """The session of the pages; changes need the same CSRF token as forms."""

    openapi_name = "session"

    def __call__(self, request: HttpRequest) -> Any:
        # nobody is signed in: that is the answer, and not the CSRF token that is missing as well
        return super().__call__(request) if request.user.is_authenticated else None


UNPROCESSABLE = {"api_amount_wrong"}
"""Problems of the body's content, told like those of its form."""
NOT_FOUND = {"code_unknown", "factor_table_unknown", "scheme_unknown"}
"""Problems that name a thing of the address or body that does not exist."""
SIGNED_IN = [Key(), Session()]


def viewer(request: HttpRequest) -> people.Viewer:
    """The rights of the user alone: consent links open pages, not this interface."""
    return replace(people.viewer(request), consented=frozenset())


def told(
    api: NinjaAPI, request: HttpRequest, status: int, code: str, **params: Any
) -> HttpResponse:
    """An error as {code, zh, en}."""
    body = {"code": code, **{lang: render(code, lang, params) for lang in ("zh", "en")}}
    return api.create_response(request, body, status=status)


def register_errors(api: NinjaAPI) -> None:
    """Every refusal has the same three fields, whoever raised it."""

    @api.exception_handler(Problem)
    def problem(request: HttpRequest, error: Problem) -> HttpResponse:
        status = 404 if error.code in NOT_FOUND else 422 if error.code in UNPROCESSABLE else 400
        return told(api, request, status, error.code, **error.params)

    @api.exception_handler(AuthenticationError)
    def login(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return told(api, request, 401, "api_login_needed")

    @api.exception_handler(PermissionDenied)
    def forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return told(api, request, 403, "api_forbidden", action=str(error))

    @api.exception_handler(Http404)
    def missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return told(api, request, 404, "api_not_found", what=str(error))

    @api.exception_handler(ValidationError)
    def wrong(request: HttpRequest, error: ValidationError) -> HttpResponse:
        first = error.errors[0]
        where = ".".join(str(part) for part in first["loc"])
        about = {"count": len(error.errors), "where": where, "found": first["msg"]}
        return told(api, request, 422, "api_input_wrong", **about)

    @api.exception_handler(HttpError)
    def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
        about = {"count": 1, "where": request.path, "found": str(error)}
        return told(api, request, error.status_code, "api_input_wrong", **about)
