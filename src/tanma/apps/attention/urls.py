from __future__ import annotations

from django.urls import path

from tanma.apps.attention import views, views_causes

app_name = "attention"
urlpatterns = [
    path("area/<str:code>/causes/", views_causes.index_causes, name="causes"),
    path("attention/", views.attention_list, name="attention"),
    path("attention/warn/", views.warn, name="warn"),
]
