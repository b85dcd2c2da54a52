from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "tanma.apps.kit"
    label = "kit"
