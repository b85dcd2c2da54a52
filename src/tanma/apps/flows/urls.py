from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.flows import views, views_area, views_group

app_name = "flows"
urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("area/<str:code>/", views_area.area, name="area"),
    path("<str:uid>/", views.enterprise, name="enterprise"),
    path("<str:uid>/group/", views_group.group, name="group"),
    path("<str:uid>/group/consent/", views_group.consent, name="consent"),
]
