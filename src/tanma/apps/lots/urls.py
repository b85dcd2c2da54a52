from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.lots import views

app_name = "lots"
urlpatterns: list[URLPattern] = [
    path("", views.lots, name="lots"),
    path("<str:uid>/", views.lot, name="lot"),
]
