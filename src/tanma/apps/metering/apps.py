from django.apps import AppConfig


class MeteringConfig(AppConfig):
    name = "tanma.apps.metering"
    label = "metering"
