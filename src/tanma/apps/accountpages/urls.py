from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.accountpages import views

app_name = "accountpages"
urlpatterns: list[URLPattern] = [
    path("<str:uid>/", views.account, name="account"),
    path("<str:uid>/energy", views.energy, name="energy"),
    path("<str:uid>/lines", views.lines, name="lines"),
    path("<str:uid>/basis", views.basis, name="basis"),
]
