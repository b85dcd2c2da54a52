from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "tanma.apps.registry"
    label = "registry"

    def ready(self) -> None:
        from tanma.apps.people import door as people
        from tanma.apps.registry.areas import placement

        people.set_placement(placement)
