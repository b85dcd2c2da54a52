from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "tanma.apps.desk"
    label = "desk"

    def ready(self) -> None:
        from tanma.apps.desk import cases, navigation
        from tanma.apps.imports.door import set_desk

        set_desk(cases)
        navigation.register_entries()
