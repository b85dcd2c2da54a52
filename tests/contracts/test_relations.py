"""Relations between models point down the order of the rooms.

A foreign key written as text ("people.User") is invisible to the import contracts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

ROOT = Path(__file__).resolve().parent.parent.parent


def order() -> dict[str, int]:
    """Room → height, read from the same list that the import contract uses."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["id"] == "rooms")
    return {
        room.strip(): -number for number, layer in enumerate(layers) for room in layer.split("|")
    }


def upward(found: Iterable[type[models.Model]]) -> list[str]:
    """Relations from a room to one that stands beside or above it."""
    height = order()
    wrong = []
    for model in found:
        here = model._meta.app_label
        for field in model._meta.get_fields(include_parents=False):
            target = field.related_model
            if field.auto_created or not isinstance(target, type):
                continue
            there = target._meta.app_label
            if {here, there} <= set(height) and here != there and height[there] >= height[here]:
                wrong.append(f"{model.__name__}.{field.name}: {here} -> {there}")
    return wrong


def test_every_installed_room_has_its_place() -> None:
    installed = {c.label for c in apps.get_app_configs() if c.name.startswith("tanma.apps.")}
    assert set() == installed - set(order())
    assert installed


def test_relations_point_down() -> None:
    assert [] == upward(apps.get_models())


@isolate_apps("tanma.apps.people", "tanma.apps.codes", "tanma.apps.portal", "tanma.apps.cockpit")
def test_a_planted_upward_relation_is_found() -> None:
    class Run(models.Model):
        class Meta:
            app_label = "codes"

    class Low(models.Model):
        run = models.ForeignKey("codes.Run", on_delete=models.CASCADE)

        class Meta:
            app_label = "people"

    class High(models.Model):
        low = models.ForeignKey("people.Low", on_delete=models.CASCADE)

        class Meta:
            app_label = "codes"

    class Screen(models.Model):
        class Meta:
            app_label = "portal"

    class Neighbour(models.Model):
        screen = models.OneToOneField("portal.Screen", on_delete=models.CASCADE)

        class Meta:
            app_label = "cockpit"

    assert ["Low.run: people -> codes"] == upward([Run, Low])
    assert [] == upward([High])
    assert ["Neighbour.screen: cockpit -> portal"] == upward([Screen, Neighbour])
