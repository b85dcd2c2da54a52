from __future__ import annotations

from django.urls import path

from tanma.apps.cockpit import desk, views, views_attention, views_causes

app_name = "cockpit"
urlpatterns = [
    path("", views.cockpit, name="wall"),
    path("kiosk/<str:token>/", views.kiosk, name="kiosk"),
    path("kiosks/", desk.kiosk_list, name="kiosks"),
    path("area/<str:code>/", desk.area, name="area"),
    path("area/<str:code>/causes/", views_causes.index_causes, name="causes"),
    path("rankings/", desk.rankings, name="rankings"),
    path("neutrality/", desk.neutrality, name="neutrality"),
    path("attention/", views_attention.attention_list, name="attention"),
    path("attention/warn/", views_attention.warn, name="warn"),
]
