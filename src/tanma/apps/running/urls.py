from __future__ import annotations

from django.urls import path

from tanma.apps.running import views, views_account, views_energy, views_power

app_name = "running"
urlpatterns = [
    path("account/", views.account, name="home"),
    path("account/region/", views_account.region_account, name="region_account"),
    path("account/<str:uid>/", views_account.enterprise_account, name="account"),
    path("energy/", views.energy, name="energy_home"),
    path("energy/region/", views_energy.region_energy, name="region_energy"),
    path("energy/<str:uid>/", views_energy.enterprise_energy, name="energy"),
    path("power/", views.power, name="power_home"),
    path("power/<str:uid>/", views_power.enterprise_power, name="power"),
]
