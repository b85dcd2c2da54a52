from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.catalogue import views, views_class, views_declare, views_ledger, views_voucher

app_name = "catalogue"
urlpatterns: list[URLPattern] = [
    path("catalogue/", views.catalogue, name="home"),
    path("catalogue/class/", views_class.new, name="class_new"),
    path("catalogue/class/<str:kind>/", views_class.one, name="class"),
    path("catalogue/<str:source>/", views.source, name="source"),
    path("mismatch/", views.mismatch, name="mismatch"),
    path("missing/", views.missing, name="missing"),
    path("vouchers/", views_voucher.home, name="vouchers"),
    path("vouchers/<str:uid>/", views_voucher.one, name="voucher"),
    path("ledger/", views_ledger.home, name="ledgers"),
    path("ledger/<str:uid>/", views_ledger.one, name="ledger"),
    path("declare/", views_declare.declare, name="declare"),
    path("declare/<str:number>/", views_declare.receipt, name="receipt"),
]
