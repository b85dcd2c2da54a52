from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "tanma.apps.portal"
    label = "portal"
