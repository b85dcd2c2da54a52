from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "tanma.apps.portal"
    label = "portal"

    def ready(self) -> None:
        from tanma.apps.portal import navigation
        from tanma.apps.portal.standings import PublishedStandings
        from tanma.apps.registry.door import set_standings

        set_standings(PublishedStandings())
        navigation.register_entries()
