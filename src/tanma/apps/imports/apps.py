from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "tanma.apps.imports"
    label = "imports"

    def ready(self) -> None:
        from tanma.apps.imports import navigation

        navigation.register_entries()
