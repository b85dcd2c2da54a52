from django.apps import AppConfig


class CodesConfig(AppConfig):
    name = "tanma.apps.codes"
    label = "codes"

    def ready(self) -> None:
        from tanma.apps.codes.publication import of_subject
        from tanma.apps.inventories.door import set_publications

        set_publications(of_subject)
