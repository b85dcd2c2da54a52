"""Dots of peers: as many as were compared, for who may see figures, and never of few."""

import pytest
from django.test import Client

from tanma.apps.codepages import peers

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def own_result(published):
    return published.run().results.get(subject=published.enterprise("A").id)


def page(client, published):
    return client.get(f"/c/{published.enterprise('A').public_code}").content.decode()


def test_few_peers_are_not_drawn(published):
    assert peers.peers(own_result(published)) is None
    assert "以同一平均定级的" not in page(published.client_of("firm_a"), published)


def test_those_with_the_same_benchmark_are_drawn_without_names(published, monkeypatch):
    monkeypatch.setattr(peers, "LEAST", 2)
    result = own_result(published)
    same = published.run().results.filter(
        benchmark_group=result.benchmark_group, grade__isnull=False, ratio__isnull=False
    )
    plot = peers.peers(result)
    assert (same.count(), 1) == (plot.total, plot.each)
    counted = {grade: number for grade, number in plot.by_grade}
    assert counted == {g: same.filter(grade=g).count() for g in counted}
    text = page(published.client_of("firm_a"), published)
    assert f"以同一平均定级的 {plot.total} 家" in text
    assert plot.total == text.count('class="dot g')


def test_visitors_see_no_dots(published, monkeypatch):
    monkeypatch.setattr(peers, "LEAST", 2)
    for client in (Client(), published.client_of("firm_b")):
        assert 'class="dot g' not in page(client, published)


def test_who_is_held_against_another_average_is_no_dot(published, monkeypatch):
    """A small industry whose average was shrunk has the wider one's name and another value."""
    monkeypatch.setattr(peers, "LEAST", 1)
    result = own_result(published)
    result.benchmark_value *= 1 + 1e-9
    assert peers.peers(result) is None
