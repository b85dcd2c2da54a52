from django.apps import AppConfig


class CodesConfig(AppConfig):
    name = "tanma.apps.codes"
    label = "codes"
