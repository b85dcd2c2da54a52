from django.apps import AppConfig


class CockpitConfig(AppConfig):
    name = "tanma.apps.cockpit"
    label = "cockpit"
