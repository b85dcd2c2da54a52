"""Accounting editions drafted here: refused with line and repair, released, used by runs, shown."""

from datetime import date

import pytest

from tanma.apps.codes import door as codes
from tanma.apps.codes.models import Result, Run
from tanma.apps.inventories import door as inventories
from tanma.apps.inventories.figures import account
from tanma.apps.rules import door as rules
from tanma.apps.rules import packs, released
from tanma.apps.rules.models import Kind, Pack
from tanma.domain.factors.tables import rows
from tanma.domain.messages import Problem
from tanma.domain.numbers import EMISSION_DECIMALS
from tanma.engine.accounts import CODE
from tanma.engine.rules import edition_of
from tests.apps.region import FIRMS, PUBLISHED, client_of, viewer_of
from tests.apps.rules.conftest import ACCOUNT, national, release

pytestmark = [pytest.mark.db, pytest.mark.django_db]
FILE = f"{ACCOUNT}.toml"


def net_of(run, key):
    table = codes.files_of(run).table("results").to_pylist()
    return next(r["net_mg"] for r in table if r["name"] == FIRMS[key].name)


def edited(pack, was, now):
    assert was in pack.files[FILE]
    return packs.edit(pack, {FILE: pack.files[FILE].replace(was, now)}, viewer_of("admin"))


def test_a_draft_begins_with_the_text_of_the_edition_it_follows(published):
    pack = packs.start(Kind.EDITION, f"{ACCOUNT}/undated", "试", viewer_of("admin"))
    assert (ACCOUNT, "undated") == (pack.name, pack.edition)
    told = packs.fault(pack)
    assert "pack_edition_exists" == told.code
    assert "undated" in told.text("zh")


@pytest.mark.parametrize(
    ("was", "now", "code", "told"),
    [
        ("in_force_from = 2026-01-01", "in_force_from = 2020-01-01", "pack_not_after",
         "in_force_from"),
        ('id = "zj-code-account"', 'id = "another"', "edition_unknown", "zj-code-account"),
        ('items = ["heat.sold"]', 'items = ["heat.solt"]', "edition_item_unplaced", "heat.sold"),
        ('formula = "power_co2_t"', 'formula = "power"', "quantity_unknown", "power"),
        ('kind = "average"', 'kind = "mean"', "preference_finds_nothing", "step 1"),
        ("scope = 1", "scope = one", "edition_not_toml", FILE),
    ],
)  # fmt: skip
def test_the_loader_refuses_what_a_run_could_not_use(method, was, now, code, told):
    fault = packs.fault(edited(method, was, now))
    assert code == fault.code
    assert told in fault.text("en")
    with pytest.raises(Problem):
        packs.take(method, "review", viewer_of("reviewer"), "好")


def test_an_own_order_may_take_a_set_that_the_region_has_released(method, drafted):
    wanted = edited(method, "[[order.step]]", """[[order.step]]
family = "electricity"
parameter = "equivalent_tce_per_mwh"
origin = "table"
source = "power_coal"
take = "tce_equivalent"
kind = "supply"
set_id = "own"
choice = "default"

[[order.step]]""")
    assert "preference_finds_nothing" == packs.fault(wanted).code
    files = {n: t.replace(",2024,,", ",2024,own,") for n, t in drafted.table.files.items()}
    release(packs.edit(drafted.table, files, viewer_of("admin")))
    assert packs.fault(wanted) is None


def test_a_run_takes_the_edition_of_its_period_and_nothing_published_moves(method, published):
    runs = [published.run(period) for period in PUBLISHED]
    before = {run.pk: (run.digest, run.summary) for run in runs}
    old = codes.compute("2026Q1", viewer_of("admin"))
    pack = release(method)
    new, past = (codes.compute(p, viewer_of("admin")) for p in ("2026Q1", "2025Q4"))
    (named,) = codes.files_of(new).meta["rules"]
    assert ("edition", ACCOUNT, pack.digest) == (named["kind"], named["name"], named["digest"])
    assert [] == codes.files_of(past).meta["rules"]
    assert net_of(new, "B") != net_of(old, "B")
    now = {r.pk: (r.digest, r.summary) for r in Run.objects.filter(pk__in=before)}
    assert before == now
    results = Result.objects.filter(run__in=runs).count()
    assert 2 * len(FIRMS) == results


def test_the_new_edition_counts_by_its_own_factor(method):
    release(method)
    run = codes.compute("2026Q1", viewer_of("admin"))
    (factor,) = {
        r["grid_tco2_per_mwh"] for r in codes.files_of(run).table("factors").to_pylist()
        if r["preference"] == "own-national" and r["item"] == "electricity.purchased"
    }  # fmt: skip
    assert factor in {r["value"] for r in rows("grid") if r["region"] == "CN"}
    expected = 3 * round(FIRMS["B"].power_kwh * float(factor) * 10 ** (EMISSION_DECIMALS - 3))
    assert net_of(run, "B") == pytest.approx(expected, abs=3)
    areas = codes.files_of(run).table("sources").to_pylist()
    whole = {r["item"]: int(r["gross_mg"]) for r in areas if r["area_code"] == "9901"}
    results = codes.files_of(run).table("results").to_pylist()
    assert sum(r["gross_mg"] or 0 for r in results) == sum(whole.values())


def test_accounts_and_explanations_render_by_the_edition_of_their_run(method, published):
    release(method)
    run = codes.compute("2026Q1", viewer_of("admin"))
    files = codes.files_of(run)
    assert "2026-own" == edition_of(files.meta, CODE).edition
    subject = published.subject("B")
    made = inventories.basis(files, subject, "zh", accounts=["code"])
    assert net_of(run, "B") == next(
        n.posted for n in made.accounts["code"][0].children if n.id == "code_net"
    )
    frozen = made.frozen
    assert {"own-national"} == {e.bound.preferences for e in account(frozen, CODE).entries}
    old = codes.files_of(published.run("2025Q4/r4"))
    assert "undated" == edition_of(old.meta, CODE).edition


def test_every_edition_is_on_the_pages_with_its_days_and_its_own_order(method):
    release(method)
    page = client_of("").get("/rules/editions/").content.decode()
    assert "2026-own" in page
    assert "2021-01-01 至 2026-01-01（不含）" in page
    newest = client_of("").get(f"/rules/editions/{ACCOUNT}/").content.decode()
    assert "own-national" in newest
    assert "全国电力平均因子" in newest
    assert "Edition(" not in newest
    first = client_of("").get(f"/rules/editions/{ACCOUNT}/?edition=undated").content.decode()
    assert "own-national" not in first
    assert 404 == client_of("").get(f"/rules/editions/{ACCOUNT}/?edition=none").status_code


def test_a_draft_is_started_on_the_page_and_saved_with_its_difference(published):
    client = client_of("admin")
    base = f"edition:{ACCOUNT}/undated"
    client.post("/rules/packs/new/", {"base": base, "purpose": "改用全国因子"})
    pack = Pack.objects.get(kind=Kind.EDITION)
    address = f"/rules/packs/{pack.uid}/"
    assert "核算方法（TOML）" in client.get(address).content.decode()
    client.post(address, {"toml": national(pack.files[FILE]), "note": "换因子"})
    page = client.get(address).content.decode()
    assert "文件可以读入" in page
    assert "<ins>+ edition = &quot;2026-own&quot;</ins>" in page


def test_of_two_released_editions_a_period_takes_one(method):
    release(method)
    pack = packs.start(Kind.EDITION, f"{ACCOUNT}/2026-own", "再改", viewer_of("admin"))
    text = pack.files[FILE].replace('"2026-own"', '"2027-own"').replace("2026-01-01", "2027-01-01")
    release(packs.edit(pack, {FILE: text}, viewer_of("admin")))
    days = (date(2025, 12, 31), date(2026, 12, 31), date(2027, 1, 1))
    taken = [[t.edition for t in rules.pinned(codes.SCHEME, day)[1]] for day in days]
    assert [[], ["2026-own"], ["2027-own"]] == taken
    assert 3 == len([e for e in released.editions() if e.id == ACCOUNT])
