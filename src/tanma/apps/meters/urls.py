from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.meters import views

app_name = "meters"
urlpatterns: list[URLPattern] = [
    path("", views.meters, name="meters"),
    path("new/<str:uid>/", views.new_meter, name="new"),
    path("<str:uid>/", views.meter, name="meter"),
    path("<str:uid>/change/", views.change, name="change"),
    path("<str:uid>/checks/<int:number>/", views.checks, name="checks"),
    path("<str:uid>/event/", views.event, name="event"),
]
