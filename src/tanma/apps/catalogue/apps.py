from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "tanma.apps.catalogue"
    label = "catalogue"

    def ready(self) -> None:
        from tanma.apps.catalogue import ledger, navigation
        from tanma.apps.imports.door import set_judge

        set_judge(ledger.SCHEME, ledger.judge)
        navigation.register_entries()
