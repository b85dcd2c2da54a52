from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.flows import views

app_name = "flows"
urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("<str:uid>/", views.enterprise, name="enterprise"),
]
