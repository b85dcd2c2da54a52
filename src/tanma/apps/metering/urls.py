from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.metering import views, views_gateway

app_name = "metering"
urlpatterns: list[URLPattern] = [
    path("", views.meters, name="meters"),
    path("gateways/", views_gateway.gateway_list, name="gateways"),
    path("gateways/<str:uid>/", views_gateway.gateway, name="gateway"),
    path("gateways/<str:uid>/renew/", views_gateway.renew, name="renew"),
    path("gateways/<str:uid>/sign/", views_gateway.sign, name="sign"),
    path("gateways/<str:uid>/revoke/", views_gateway.revoke, name="revoke"),
    path("connect/", views_gateway.connect, name="connect"),
    path("connect/<str:uid>/meters/", views_gateway.connect_meters, name="connect_meters"),
    path("connect/<str:uid>/test/", views_gateway.connect_test, name="connect_test"),
    path("connect/<str:uid>/test/poll/", views_gateway.connect_poll, name="connect_poll"),
    path("new/<str:uid>/", views.new_meter, name="new"),
    path("<str:uid>/", views.meter, name="meter"),
    path("<str:uid>/change/", views.change, name="change"),
    path("<str:uid>/checks/<int:number>/", views.checks, name="checks"),
    path("<str:uid>/event/", views.event, name="event"),
]
