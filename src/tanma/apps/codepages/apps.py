from django.apps import AppConfig


class CodepagesConfig(AppConfig):
    name = "tanma.apps.codepages"
    label = "codepages"
