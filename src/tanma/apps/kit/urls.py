from __future__ import annotations

from django.urls import path

from tanma.apps.kit import views

app_name = "kit"
urlpatterns = [
    path("demo-loading/", views.demo_loading, name="demo_loading"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("styleguide/phone/", views.styleguide_phone, name="styleguide_phone"),
    path("styleguide/screen/", views.styleguide_screen, name="styleguide_screen"),
    path("styleguide/progress/", views.styleguide_progress, name="styleguide_progress"),
    path("styleguide/certificate.pdf", views.styleguide_certificate, name="styleguide_certificate"),
]
