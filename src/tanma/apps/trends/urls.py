from __future__ import annotations

from django.urls import path

from tanma.apps.trends import views

app_name = "trends"
urlpatterns = [
    path("", views.home, name="home"),
    path("enterprise/<str:uid>/", views.of_enterprise, name="enterprise"),
    path("area/<str:code>/", views.of_area, name="area"),
]
