from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tanma.apps.people"
    label = "people"

    def ready(self) -> None:
        from typing import Any

        from django.contrib.auth.signals import user_logged_in
        from django.utils.translation import get_language

        from tanma.apps.people.letters import speak

        def heard(user: Any, **_: Any) -> None:
            speak(user.pk, get_language() or "", first=True)

        user_logged_in.connect(heard, weak=False, dispatch_uid="people.language")
