from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.gateways import views

app_name = "gateways"
urlpatterns: list[URLPattern] = [
    path("gateways/", views.gateway_list, name="gateways"),
    path("gateways/<str:uid>/", views.gateway, name="gateway"),
    path("gateways/<str:uid>/renew/", views.renew, name="renew"),
    path("gateways/<str:uid>/sign/", views.sign, name="sign"),
    path("gateways/<str:uid>/revoke/", views.revoke, name="revoke"),
    path("connect/", views.connect, name="connect"),
    path("connect/<str:uid>/meters/", views.connect_meters, name="connect_meters"),
    path("connect/<str:uid>/test/", views.connect_test, name="connect_test"),
    path("connect/<str:uid>/test/poll/", views.connect_poll, name="connect_poll"),
]
