from __future__ import annotations

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from tanma.apps.imports import views, views_class, views_data, views_declare, views_desk

app_name = "imports"
urlpatterns: list[URLPattern] = [
    path("", RedirectView.as_view(pattern_name="imports:home"), name="start"),
    path("files/", views.home, name="home"),
    path("files/templates/", views.templates, name="templates"),
    path(
        "files/templates/<str:kind>/<str:name>.<str:suffix>",
        views.template_file,
        name="template_file",
    ),
    path("files/<str:uid>/", views.batch, name="batch"),
    path("files/<str:uid>/progress/", views.progress, name="progress"),
    path("files/<str:uid>/rejects.<str:suffix>", views.rejects, name="rejects"),
    path("files/<str:uid>/import/", views.go, name="go"),
    path("files/<str:uid>/withdraw/", views.take_back, name="withdraw"),
    path("desk/", views_desk.home, name="desk"),
    path("desk/accounts/", views_desk.account_list, name="accounts"),
    path("desk/<str:uid>/", views_desk.case, name="case"),
    path("catalogue/", views_data.catalogue, name="catalogue"),
    path("catalogue/class/", views_class.new, name="class_new"),
    path("catalogue/class/<str:kind>/", views_class.one, name="class"),
    path("catalogue/<str:source>/", views_data.source, name="source"),
    path("mismatch/", views_data.mismatch, name="mismatch"),
    path("missing/", views_data.missing, name="missing"),
    path("declare/", views_declare.declare, name="declare"),
]
