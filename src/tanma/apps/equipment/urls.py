from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.equipment import views

app_name = "equipment"
urlpatterns: list[URLPattern] = [
    path("", views.listing, name="list"),
    path("new/<str:uid>/", views.new, name="new"),
    path("<str:uid>/", views.device, name="device"),
    path("<str:uid>/change/", views.change, name="change"),
]
