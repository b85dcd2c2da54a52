"""Where a viewer begins: the region of an official, the enterprise of its own people."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from tanma.apps.running import asked


@login_required
def account(request: HttpRequest) -> HttpResponseBase:
    return redirect(asked.own_place(request).address("account"))


@login_required
def energy(request: HttpRequest) -> HttpResponseBase:
    return redirect(asked.own_place(request).address("energy"))


@login_required
def power(request: HttpRequest) -> HttpResponseBase:
    place = asked.own_place(request)
    if place.firm is None:
        raise PermissionDenied("one enterprise at a time")
    return redirect(place.address("power"))
