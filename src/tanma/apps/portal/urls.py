from __future__ import annotations

from django.urls import URLPattern, path

from tanma.apps.portal import account, mail, users, views

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("public/", views.public, name="public"),
    path("find/", views.find, name="find"),
    path("account/", account.account, name="account"),
    path("account/tokens/", account.create_token, name="create_token"),
    path("account/tokens/<str:uid>/revoke/", account.revoke_token, name="revoke_token"),
    path("office/users/", users.users, name="users"),
    path("office/users/new/", users.create, name="create_user"),
    path("office/users/memberships/<str:uid>/end/", users.end_membership, name="end_membership"),
]
outside: list[URLPattern] = [
    path("accounts/password/reset/", mail.password_reset),
    path("accounts/email/", mail.email),
    path("i18n/setlang/", account.set_language, name="set_language"),
]
"""Addresses of allauth that answer otherwise on a site without mail, and Django's own switch of
language, which is remembered."""
