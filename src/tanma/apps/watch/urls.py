from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.watch import views, views_alarms, views_limits

app_name = "watch"
urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("alarms/", views_alarms.alarms, name="alarms"),
    path("<str:uid>/", views.devices, name="devices"),
    path("<str:uid>/runtime/", views.runtime, name="runtime"),
    path("<str:uid>/intensity/", views_limits.intensity_page, name="intensity"),
    path("<str:uid>/limits/", views_limits.limit_list, name="limits"),
    path("<str:uid>/limits/<int:number>/", views_limits.limit, name="limit"),
    path("<str:uid>/<str:device>/", views.device, name="device"),
]
