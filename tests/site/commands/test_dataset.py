"""`tanma dataset` with the real files, where TANMA_DATA names their folder."""

from __future__ import annotations

import argparse
import csv
import json

import pytest

from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tanma.site.commands import dataset

pytestmark = [pytest.mark.db, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.TANMA = settings.TANMA.model_copy(update={"home": tmp_path / "home"})


def command(*words):
    parser = argparse.ArgumentParser()
    dataset.arguments(parser)
    return dataset.run(parser.parse_args([str(word) for word in words]))


def test_without_a_name_the_sets_are_listed_with_their_licence(capsys):
    assert 0 == command()
    listed = capsys.readouterr().out
    for words in ("uci-steel", "CC BY 4.0", "uk-ets", "Open Government Licence v3.0"):
        assert words in listed


def test_an_unknown_set_is_refused():
    with pytest.raises(Problem) as told:
        command("nothing")
    assert "dataset_unknown" == told.value.code


def test_the_steel_mill_is_one_enterprise_with_a_year_of_readings(real_data, tmp_path, capsys):
    days = tmp_path / "days.csv"
    assert 0 == command("uci-steel", "--path", real_data / "uci_steel", "--output", days)
    assert "959.64 MWh" in capsys.readouterr().out
    (mill,) = registry.Enterprise.objects.all()
    assert "uci:851" == mill.natural_key
    rows = list(csv.DictReader(days.open(encoding="utf-8")))
    assert (365, "2018-01-01", "2018-12-31") == (len(rows), rows[0]["day"], rows[-1]["day"])
    assert 959.64 == round(sum(float(row["kwh"]) for row in rows) / 1000, 2)


def test_loading_the_steel_mill_twice_changes_nothing(real_data, capsys):
    command("uci-steel", "--path", real_data / "uci_steel")
    command("uci-steel", "--path", real_data / "uci_steel" / "Steel_industry_data.csv")
    first, second = capsys.readouterr().out.split("钢铁厂")[1:3]
    assert first == second
    assert 1 == registry.Enterprise.objects.count() == registry.Channel.objects.count()


def test_uk_installations_are_rated_by_a_foreign_scheme(real_data, tmp_path, capsys):
    out = tmp_path / "rated.json"
    assert 0 == command("uk-ets", "--path", real_data / "ukets_installations", "--output", out)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert 1789 == sum(row["grade"] is not None for row in rows)
    assert "1789" in capsys.readouterr().out
    row = next(r for r in rows if (r["id"], r["period"]) == ("1000000", "2021"))
    assert (22319, 9815) == (row["numerator"], row["denominator"])
    assert 22319 / 9815 == pytest.approx(row["intensity"])


def test_the_same_rows_as_csv(real_data, tmp_path):
    out = tmp_path / "rated.csv"
    command("uk-ets", "--path", real_data / "ukets_installations", "--output", out)
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert list(dataset.UK_COLUMNS) == list(rows[0])
    assert 1789 == sum(bool(row["grade"]) for row in rows)


def test_uk_installations_without_a_folder_say_what_to_prepare():
    with pytest.raises(Problem) as told:
        command("uk-ets")
    assert "dataset_no_address" == told.value.code
    assert "free_allocation.csv" in told.value.text("zh")
    assert "--path" in told.value.text("en")
