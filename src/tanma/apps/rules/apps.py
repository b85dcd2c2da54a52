from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "tanma.apps.rules"
    label = "rules"
