from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.registry import views

app_name = "registry"
urlpatterns: list[URLPattern] = [
    path("enterprises/", views.enterprises, name="enterprises"),
    path("enterprises/<str:uid>/", views.enterprise, name="enterprise"),
    path("enterprises/<str:uid>/facts/", views.fact_history, name="facts"),
    path("areas/", views.areas, name="areas"),
]
