from __future__ import annotations

import importlib
import pkgutil
import re

import tanma.domain
from tanma.domain.documents import chinese_names, document_name, note_text
from tanma.domain.factors import tables
from tanma.domain.quantities import quantities
from tanma.domain.rating import shipped

SIGN = re.compile(
    r"[\d\s]|GB(/T)?|IPCC|CSI|CO2|NaHCO3|IAPWS|WTFPL|Apache|(modood/)?Administrative-divisions-of-China"
)


def test_a_document_is_named_in_the_readers_language_and_an_unknown_one_as_written():
    assert "国家发展改革委水泥指南 2013" == document_name("NDRC cement guideline 2013", "zh")
    assert "NDRC cement guideline 2013" == document_name("NDRC cement guideline 2013", "en")
    assert "浙政发〔2027〕1号" == document_name("浙政发〔2027〕1号", "zh")


for _, module, _ in pkgutil.walk_packages(tanma.domain.__path__, "tanma.domain."):
    importlib.import_module(module)  # declares its formulas


def cited() -> set[str]:
    texts = {r["document"] for i in tables.tables() for r in tables.rows(i.name) if "document" in r}
    for info in tables.tables():
        texts |= {info.issuer, info.document, info.edition, info.licence}
    for scheme in shipped():
        texts |= {t for s in scheme.sources for t in (s.title, s.kind, s.carries)}
    return {t for t in texts if t} | {q.source for q in quantities().values()}


def test_everything_cited_has_a_chinese_name_unless_it_is_but_the_sign_of_a_standard():
    def foreign(name: str) -> bool:
        return bool(re.search(r"[A-Za-z]{2}", SIGN.sub("", name)))

    assert set() == {t for t in cited() if foreign(document_name(t, "zh"))}


def test_no_name_is_kept_for_what_nothing_cites():
    assert set() == set(chinese_names()) - cited() - {"undated"}


def test_a_name_keeps_the_years_of_its_citation():
    def years(text: str) -> set[str]:
        return set(re.findall(r"\d{4}", text))

    other = {k: v for k, v in chinese_names().items() if years(v) != years(k)}
    assert {} == other


FORMULA = re.compile(r"[A-Za-z0-9()%=*/+.,-]+|0\.375 tC/t x 44/12")


def noted() -> set[str]:
    return {r["note"] for i in tables.tables() for r in tables.rows(i.name) if r.get("note")}


def test_a_note_is_read_in_the_readers_language_and_a_formula_as_written():
    assert "仅化工指南" == note_text("chemical guideline only", "zh")
    assert "chemical guideline only" == note_text("chemical guideline only", "en")
    assert "E=Qc*Cc*44/12" == note_text("E=Qc*Cc*44/12", "zh")


def test_every_note_of_a_shipped_table_has_its_chinese_text():
    english = {n for n in noted() if re.search("[A-Za-z]{2}", n)}
    known = set(chinese_names("notes.toml"))
    assert set() == {n for n in english - known if not FORMULA.fullmatch(n)}
    assert set() == known - noted()


def test_a_note_keeps_the_figures_of_its_text():
    def figures(text: str) -> list[str]:
        return sorted(re.findall(r"\d[\d.]*", re.sub("m[3³]", "", text)))

    names = chinese_names("notes.toml").items()
    assert {} == {k: v for k, v in names if figures(v) != figures(k)}
