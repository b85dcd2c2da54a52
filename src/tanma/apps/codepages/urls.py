from __future__ import annotations

from django.urls import path

from tanma.apps.codepages import views_code, views_consent, views_preview

app_name = "codepages"
urlpatterns = [
    path("c/<str:text>.json", views_code.code_json, name="code_json"),
    path("c/<str:text>/certificate.pdf", views_code.certificate_file, name="certificate"),
    path("c/<str:code>/consents/", views_consent.consents, name="consents"),
    path("c/<str:code>/consents/<str:uid>/revoke/", views_consent.revoke, name="revoke"),
    path("c/<str:code>/preview/", views_preview.preview, name="preview"),
    path("c/<str:text>", views_code.code_page, name="code"),
    path("c/<str:text>/", views_code.to_code_page),
    path("consent/<str:token>", views_consent.open_consent, name="open_consent"),
]
