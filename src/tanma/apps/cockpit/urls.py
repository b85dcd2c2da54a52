from __future__ import annotations

from django.urls import path

from tanma.apps.cockpit import views, views_kiosks

app_name = "cockpit"
urlpatterns = [
    path("", views.cockpit, name="wall"),
    path("kiosk/<str:token>/", views.kiosk, name="kiosk"),
    path("kiosks/", views_kiosks.kiosk_list, name="kiosks"),
]
