from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.inventories import views

app_name = "inventories"
urlpatterns: list[URLPattern] = [
    path("<str:uid>/", views.account, name="account"),
    path("<str:uid>/energy", views.energy, name="energy"),
    path("<str:uid>/lines", views.lines, name="lines"),
    path("<str:uid>/basis", views.basis, name="basis"),
]
