"""One city, generated once for all tests of this folder."""

from __future__ import annotations

import pytest

from tanma.demo import region
from tanma.demo.generate import generate
from tanma.demo.plan import Plan


@pytest.fixture(scope="session")
def city_plan():
    return Plan()


@pytest.fixture(scope="session")
def city(city_plan):
    """The default city in memory."""
    return region.build(city_plan)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The default city as files."""
    return generate(tmp_path_factory.mktemp("city"))
