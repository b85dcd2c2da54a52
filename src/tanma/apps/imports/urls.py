from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.imports import views, views_data, views_declare, views_desk

app_name = "imports"
urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("batch/<str:uid>/", views.batch, name="batch"),
    path("batch/<str:uid>/progress/", views.progress, name="progress"),
    path("batch/<str:uid>/rejects.<str:suffix>", views.rejects, name="rejects"),
    path("batch/<str:uid>/import/", views.go, name="go"),
    path("batch/<str:uid>/withdraw/", views.take_back, name="withdraw"),
    path("templates/", views.templates, name="templates"),
    path("templates/<str:kind>/<str:name>.<str:suffix>", views.template_file, name="template_file"),
    path("desk/", views_desk.home, name="desk"),
    path("desk/accounts/", views_desk.account_list, name="accounts"),
    path("desk/<str:uid>/", views_desk.case, name="case"),
    path("catalogue/", views_data.catalogue, name="catalogue"),
    path("sources/<str:source>/", views_data.source, name="source"),
    path("mismatch/", views_data.mismatch, name="mismatch"),
    path("missing/", views_data.missing, name="missing"),
    path("declare/", views_declare.declare, name="declare"),
]
