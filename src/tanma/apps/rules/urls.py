from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.rules import views

app_name = "rules"
urlpatterns: list[URLPattern] = [
    path("factors/", views.factors, name="factors"),
    path("factors/<str:name>/", views.factor_table, name="factor_table"),
    path("schemes/", views.schemes, name="schemes"),
    path("editions/", views.editions, name="editions"),
    path("editions/<str:edition_id>/", views.edition, name="edition"),
    path("items/", views.items, name="items"),
]
