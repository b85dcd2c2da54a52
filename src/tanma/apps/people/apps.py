from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tanma.apps.people"
    label = "people"
