from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.rules import views, views_packs

app_name = "rules"
urlpatterns: list[URLPattern] = [
    path("factors/", views.factors, name="factors"),
    path("factors/<str:name>/", views.factor_table, name="factor_table"),
    path("schemes/", views.schemes, name="schemes"),
    path("editions/", views.editions, name="editions"),
    path("editions/<str:edition_id>/", views.edition, name="edition"),
    path("items/", views.items, name="items"),
    path("packs/", views_packs.home, name="packs"),
    path("packs/new/", views_packs.new, name="pack_new"),
    path("packs/<str:uid>/", views_packs.pack, name="pack"),
    path("packs/<str:uid>/take/<str:action>/", views_packs.take, name="pack_take"),
    path("packs/<str:uid>/file/<str:name>", views_packs.file, name="pack_file"),
]
