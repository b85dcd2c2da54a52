from __future__ import annotations

from django.urls import path

from tanma.apps.publications import (
    views_activity,
    views_run,
    views_runs,
    views_schedule,
    views_trial,
)

app_name = "publications"
urlpatterns = [
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
