from __future__ import annotations

import importlib
import pkgutil
import re

import tanma.domain
from tanma.domain.documents import chinese_names, document_name
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
