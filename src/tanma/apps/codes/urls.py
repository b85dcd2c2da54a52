from __future__ import annotations

from django.urls import path

from tanma.apps.codes import views_code

app_name = "codes"
urlpatterns = [
    path("c/<str:text>.json", views_code.code_json, name="code_json"),
    path("c/<str:text>/certificate.pdf", views_code.certificate_file, name="certificate"),
    path("c/<str:text>", views_code.code_page, name="code"),
    path("c/<str:text>/", views_code.to_code_page),
]
