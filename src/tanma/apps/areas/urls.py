from __future__ import annotations

from django.urls import path

from tanma.apps.areas import views

app_name = "areas"
urlpatterns = [
    path("area/<str:code>/", views.area, name="area"),
    path("rankings/", views.rankings, name="rankings"),
    path("neutrality/", views.neutrality, name="neutrality"),
]
