from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "tanma.apps.catalogue"
    label = "catalogue"

    def ready(self) -> None:
        from tanma.apps.catalogue import navigation

        navigation.register_entries()
