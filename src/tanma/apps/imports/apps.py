from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "tanma.apps.imports"
    label = "imports"
