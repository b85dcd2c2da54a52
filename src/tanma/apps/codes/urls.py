from __future__ import annotations

from django.urls import path

from tanma.apps.codes import (
    views_activity,
    views_code,
    views_consent,
    views_preview,
    views_run,
    views_runs,
    views_schedule,
    views_trial,
)

app_name = "codes"
urlpatterns = [
    path("c/<str:text>.json", views_code.code_json, name="code_json"),
    path("c/<str:text>/certificate.pdf", views_code.certificate_file, name="certificate"),
    path("c/<str:code>/consents/", views_consent.consents, name="consents"),
    path("c/<str:code>/consents/<str:uid>/revoke/", views_consent.revoke, name="revoke"),
    path("c/<str:code>/preview/", views_preview.preview, name="preview"),
    path("c/<str:text>", views_code.code_page, name="code"),
    path("c/<str:text>/", views_code.to_code_page),
    path("consent/<str:token>", views_consent.open_consent, name="open_consent"),
    path("publications/", views_runs.runs, name="runs"),
    path("publications/start/", views_runs.start, name="start"),
    path("publications/starting/<str:task>/", views_runs.starting, name="starting"),
    path("publications/schedules/", views_schedule.home, name="schedules"),
    path("publications/schedules/<str:uid>/end/", views_schedule.end, name="schedule_end"),
    path("publications/try/<str:uid>/", views_trial.try_out, name="try_out"),
    path("publications/<str:uid>/", views_run.run, name="run"),
    path("publications/<str:uid>/uncoded/", views_run.uncoded, name="uncoded"),
    path("publications/<str:uid>/activity/", views_activity.activity, name="activity"),
    path("publications/<str:uid>/verify/", views_run.verify, name="verify"),
    path("publications/<str:uid>/take/<str:action>/", views_run.take, name="take"),
    path("publications/<str:uid>/objections/<str:objection>/", views_run.answer, name="answer"),
]
