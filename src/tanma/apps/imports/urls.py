from __future__ import annotations

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from tanma.apps.imports import views

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
]
