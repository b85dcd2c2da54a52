from __future__ import annotations

from django.urls import path

from tanma.api import views
from tanma.api.service import api

urlpatterns = [
    path("v1/", api.urls),
    path("", views.docs, name="api_docs"),
]
