from django.apps import AppConfig


class AccountpagesConfig(AppConfig):
    name = "tanma.apps.accountpages"
    label = "accountpages"
