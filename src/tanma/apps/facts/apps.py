from django.apps import AppConfig


class FactsConfig(AppConfig):
    name = "tanma.apps.facts"
    label = "facts"
