from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.cases import views

app_name = "cases"
urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("<str:uid>/", views.case, name="case"),
    path("<str:uid>/move/", views.move, name="move"),
]
