from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.live import views, views_lake, views_origin, views_quality, views_region

app_name = "live"
urlpatterns: list[URLPattern] = [
    path("live/", views.enterprises, name="enterprises"),
    path("live/region/", views_region.region, name="region"),
    path("live/lake/", views_lake.lake, name="lake"),
    path("live/<str:uid>/", views.enterprise, name="enterprise"),
    path("live/<str:uid>/tree/", views.tree, name="tree"),
    path("live/<str:uid>/points.json", views.points, name="points"),
    path("live/<str:uid>/readings.csv", views.export, name="export"),
    path("live/<str:uid>/quality/", views_quality.data_quality, name="quality"),
    path("live/<str:uid>/behind/<int:seq>/", views_origin.readings_behind, name="origin"),
    path("metrics", views_lake.metrics, name="metrics"),
]
