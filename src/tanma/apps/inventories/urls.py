from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.inventories import views

app_name = "inventories"
urlpatterns: list[URLPattern] = [
    path("<str:uid>/basis", views.basis, name="basis"),
]
