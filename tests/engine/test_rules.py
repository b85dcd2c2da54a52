"""Rules that a plan takes along: read from text, before those of the package, named in files."""

import pytest

from tanma.domain.factors.cards import checksum
from tanma.domain.factors.resolve import relations
from tanma.domain.factors.tables import check_beside, library
from tanma.domain.messages import Problem
from tanma.domain.rating import find
from tanma.domain.rating.loader import FOLDER
from tanma.engine.evaluate import plan_of, run, try_out
from tanma.engine.rules import RuleText, rules_of, scheme_among, scheme_of, tables_among
from tests.engine.test_run import mirrored, plan, region

CODE = "zhejiang-carbon-efficiency"
TEXT = (FOLDER / f"{CODE}.toml").read_text(encoding="utf-8")
OWN = TEXT.replace('edition = "2024-draft"', 'edition = "own"').replace('"0.6"', '"0.000001"')
SCHEME = RuleText("scheme", CODE, "own", ((f"{CODE}.toml", OWN),), "sha256:0")


def coal(**changes):
    """A table of one coefficient of a province."""
    shipped = library()["power_coal"]
    row = dict(shipped.rows[-1]) | {"id": "own/1", "region": "330000", "value": "0.29"} | changes
    csv = ",".join(row) + "\n" + ",".join(f'"{v}"' for v in row.values()) + "\n"
    card = "\n".join(_card_lines(checksum(csv.encode())))
    return RuleText("factors", "own", "1", (("own.csv", csv), ("own.toml", card)))


def _card_lines(digest):
    from tanma.apps.rules.packs import FACTOR_DATA

    text = (FACTOR_DATA / "power_coal.toml").read_text(encoding="utf-8")
    for line in text.splitlines():
        yield f'checksum = "{digest}"' if line.startswith("checksum") else line


def test_a_plan_without_rules_takes_the_scheme_of_the_package():
    assert find(CODE) == scheme_among(CODE, ())
    assert find(CODE) == scheme_of({"scheme": CODE})


def test_a_pinned_edition_stands_before_that_of_the_package():
    assert "own" == scheme_among(CODE, [SCHEME]).edition
    assert "2024-draft" == scheme_among(CODE, [coal()]).edition


def test_a_row_of_the_region_is_added_to_those_of_the_package():
    (table,) = tables_among([SCHEME, coal()])
    shipped = relations()["factors"].num_rows
    assert shipped + 1 == relations(table)["factors"].num_rows
    assert shipped == relations()["factors"].num_rows
    check_beside(table, library().values())


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("factor_id_elsewhere", {"id": "power_coal/2024/CN/supply"}),
        ("factor_overlap_elsewhere", {"region": "CN"}),
    ],
)
def test_what_another_table_holds_is_not_said_again(code, changes):
    (table,) = tables_among([coal(**changes)])
    with pytest.raises(Problem) as caught:
        check_beside(table, library().values())
    assert (code, 2) == (caught.value.code, caught.value.params["line"])


def test_a_run_names_its_rules_and_its_plan_comes_back_from_its_files(tmp_path):
    made = region()
    mirrored(tmp_path, made)
    wanted = plan(made.facts[-1]["stamp"], rules=(SCHEME, coal()))
    files = run(tmp_path, wanted, "own")
    assert (SCHEME, coal()) == rules_of(files.meta)
    assert wanted == plan_of(files.meta)
    assert "own" == scheme_of(files.meta).edition
    assert {"mid"} == set(files.table("results")["level"].to_pylist())


def test_trying_out_writes_nothing(tmp_path):
    made = region()
    mirrored(tmp_path, made)
    table = try_out(tmp_path, plan(made.facts[-1]["stamp"], rules=(SCHEME,)))
    assert 7 == table.num_rows
    assert [] == list((tmp_path / "results").glob("*"))


SHRINK = """[population.shrink]
evidence = "example"
fallback_k = "2"
k = "1"

[fallback]"""


def test_a_run_under_a_scheme_that_shrinks_freezes_what_its_averages_were_made_of(tmp_path):
    made = region()
    mirrored(tmp_path, made)
    own = OWN.replace("min_n = 5", "min_n = 50").replace("[fallback]", SHRINK, 1)
    rule = RuleText("scheme", CODE, "own", ((f"{CODE}.toml", own),), "sha256:1")
    files = run(tmp_path, plan(made.facts[-1]["stamp"], rules=(rule,)), "shrunk")
    rows = [row for row in files.table("results").to_pylist() if row["shrink_weight"]]
    assert {("all", "1.0000")} == {(row["benchmark_level"], row["shrink_k"]) for row in rows}
    for row in rows:
        assert f"{row['own_n_eff'] / (row['own_n_eff'] + 1):.6f}" == row["shrink_weight"]
        ratio = row["net_mg"] * row["sum_denominator"] / (
            row["value_added_fen"] * row["sum_numerator"])  # fmt: skip
        assert row["ratio"] == pytest.approx(ratio, rel=1e-12)
    files.verify()
