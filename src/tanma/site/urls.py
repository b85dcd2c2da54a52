"""Every address of the site; each room keeps its own list."""

from __future__ import annotations

from django.urls import include, path

from tanma.apps.portal import urls as portal

urlpatterns = [
    path("", include("tanma.apps.portal.urls")),
    path("", include("tanma.apps.codepages.urls")),
    path("", include("tanma.apps.publications.urls")),
    path("cockpit/", include("tanma.apps.cockpit.urls")),
    path("cockpit/", include("tanma.apps.attention.urls")),
    path("cockpit/", include("tanma.apps.areas.urls")),
    path("trends/", include("tanma.apps.trends.urls")),
    path("running/", include("tanma.apps.running.urls")),
    path("imports/", include("tanma.apps.imports.urls")),
    path("imports/", include("tanma.apps.desk.urls")),
    path("imports/", include("tanma.apps.catalogue.urls")),
    path("", include("tanma.apps.live.urls")),
    path("cases/", include("tanma.apps.cases.urls")),
    path("equipment/", include("tanma.apps.equipment.urls")),
    path("flows/", include("tanma.apps.flows.urls")),
    path("batches/", include("tanma.apps.lots.urls")),
    path("watch/", include("tanma.apps.watch.urls")),
    path("meters/", include("tanma.apps.gateways.urls")),
    path("meters/", include("tanma.apps.meters.urls")),
    path("registry/", include("tanma.apps.registry.urls")),
    path("inventories/", include("tanma.apps.accountpages.urls")),
    path("rules/", include("tanma.apps.rules.urls")),
    path("api/", include("tanma.api.urls")),
    path("kit/", include("tanma.apps.kit.urls")),
    *portal.outside,
    path("accounts/", include("allauth.urls")),
]
