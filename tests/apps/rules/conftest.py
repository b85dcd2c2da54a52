"""Drafts as a region would write them: a later edition of a scheme, a table of its own."""

from types import SimpleNamespace

import pytest

from tanma.apps.rules import packs
from tanma.apps.rules.models import Kind
from tanma.site.demo_region import NATIONAL_GRID
from tests.apps.region import published, viewer_of

__all__ = ["published"]
CODE = "zhejiang-carbon-efficiency"
BASE = f"{CODE}/2024-draft"
ROW = (
    "power_coal/2024/330000/supply,本省供电标准煤耗,Own,electricity,tce_equivalent,supply,330000,2024,,"
    "0.2900,tce/MWh,290 gce/kWh,某省文件,2024-01-01,2025-01-01,2025-03-01,recalled,recalled,\n"
)


def stricter(text, edition="2026-own", valid_from="2026-01-01", cut="0.1"):
    """The scheme with another name, a later beginning and level 低碳 up to another cut-off."""
    text = text.replace('edition = "2024-draft"', f'edition = "{edition}"')
    text = text.replace("valid_from = 2020-01-01", f"valid_from = {valid_from}")
    return text.replace('up_to = "0.6"', f'up_to = "{cut}"')


ACCOUNT = "zj-code-account"
NATIONAL = NATIONAL_GRID.replace("demo-national", "own-national").replace("（演示）", "")


def national(text, edition="2026-own", begins="2026-01-01"):
    """The code account of a later day, with the nation's grid factor by an order of its own."""
    text = text.replace('edition = "undated"', f'edition = "{edition}"')
    text = text.replace("in_force_from = 2021-01-01", f"in_force_from = {begins}")
    text = text.replace('preferences = "province-average"', 'preferences = "own-national"')
    return text + NATIONAL


@pytest.fixture
def method(published):
    """A faultless draft of an accounting edition, written by the administrator."""
    who = viewer_of("admin")
    pack = packs.start(Kind.EDITION, f"{ACCOUNT}/undated", "改用全国因子", who)
    return packs.edit(pack, {f"{ACCOUNT}.toml": national(pack.files[f"{ACCOUNT}.toml"])}, who)


def card(text):
    """A source card with its blanks filled in."""
    for key in ("title_zh", "title_en", "issuer", "document", "edition", "transcribed_by"):
        text = text.replace(f'{key} = ""', f'{key} = "某省"')
    return text


@pytest.fixture
def drafted(published):
    """A faultless draft of either kind, written by the administrator."""
    who = viewer_of("admin")
    scheme = packs.start(Kind.SCHEME, BASE, "年度调整", who)
    scheme = packs.edit(scheme, {f"{CODE}.toml": stricter(packs.text_of(BASE))}, who)
    table = packs.start(Kind.FACTORS, "power_coal", "本省煤耗", who)
    files = table.files
    made = {"own_coal.csv": files["region.csv"] + ROW, "own_coal.toml": card(files["region.toml"])}
    table = packs.edit(table, made, who)
    return SimpleNamespace(scheme=scheme, table=table, published=published)


def release(pack):
    """Taken by a reviewer and a publisher, neither of whom wrote it."""
    packs.take(pack, "review", viewer_of("reviewer"), "已核对文件")
    return packs.take(pack, "release", viewer_of("publisher"), "按文件发布")
