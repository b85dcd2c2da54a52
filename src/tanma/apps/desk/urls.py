from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.desk import views

app_name = "desk"
urlpatterns: list[URLPattern] = [
    path("desk/", views.home, name="home"),
    path("desk/accounts/", views.account_list, name="accounts"),
    path("desk/<str:uid>/", views.case, name="case"),
]
