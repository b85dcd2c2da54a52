from django.apps import AppConfig


class InventoriesConfig(AppConfig):
    name = "tanma.apps.inventories"
    label = "inventories"
