"""What the programming interface answers and takes. Every field name stands in the glossary.

Amounts are decimal text in the unit that the name carries: posted integers pass 2⁵³, where readers
of JSON numbers lose digits. Missing is null, never 0.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import Field, Schema


class IndustryOut(Schema):
    code: str
    name: str


class AreaNameOut(Schema):
    code: str
    name: str


class CodeSchemeOut(Schema):
    id: str
    edition: str
    title: str
    evidence: str


class PublicationOut(Schema):
    number: str | None
    published_on: str | None
    valid_to: str | None
    expired: bool
    digest: str | None
    review: str


class WithdrawnOut(Schema):
    period: str
    notice: str


class CodeOut(Schema):
    """The public record of a code; a scan shows the same and no more."""

    code: str
    name: str
    industry: IndustryOut
    area: AreaNameOut
    status: str
    reason: str | None
    period: str | None
    grade: int | None
    level: str | None
    neutrality_mark: str | None
    direction: str
    data_basis: str | None
    scheme: CodeSchemeOut
    publication: PublicationOut
    withdrawn: WithdrawnOut | None
    demo: str | None


class EnterpriseOut(Schema):
    """An enterprise as of today, with what the newest publication says of it."""

    uid: str
    uscc: str
    public_code: str
    name: str
    name_en: str
    industry: str
    industry_name: str
    area_code: str
    management_code: str
    size_class: str
    status: str
    period: str | None
    grade: int | None
    level: str | None


class EnterprisesOut(Schema):
    count: int
    items: list[EnterpriseOut]


class ResultOut(Schema):
    """One enterprise in one publication."""

    uid: str
    uscc: str
    name: str
    industry: str
    industry_name: str
    area_code: str
    size_class: str
    period: str
    publication_number: int | None
    status: str
    reason: str | None
    data_basis: str | None
    grade: int | None
    level: str | None
    neutrality_band: str | None
    gross_tco2: str | None
    deduction_tco2: str | None
    net_tco2: str | None
    value_added_yuan: str | None
    output_yuan: str | None
    energy_calorific_tce: str | None
    intensity: float | None
    ratio: float | None
    benchmark_group: str | None
    benchmark_value: float | None
    benchmark_n: int | None
    rank: int | None
    rank_of: int | None
    flags: list[str]


class ResultsOut(Schema):
    count: int
    items: list[ResultOut]


class AreaOut(Schema):
    """An area with the sums of its enterprises in the newest publication."""

    code: str
    name: str
    name_en: str
    kind: str
    hierarchy: str
    parent: str | None
    period: str | None
    enterprises: int | None
    coded: int | None
    net_tco2: str | None
    output_yuan: str | None
    index: float | None
    index_n: int | None
    withheld: str | None = Field(
        description="Why sums are null although they were computed: they are for statistics alone."
    )


class FactOut(Schema):
    """One version of one statement."""

    seq: int
    item: str
    kind: str
    valid_from: date
    valid_to: date | None
    value: str | None
    unit: str | None
    text: str | None
    reported: str
    source: str
    revision: int | None
    data_class: str
    author: str
    evidence: str
    version: int
    stamp: int
    current: bool


class FactsOut(Schema):
    count: int
    items: list[FactOut]


class FactorOut(Schema):
    """One value of a factor table with its source and evidence mark."""

    table: str
    id: str
    name_zh: str
    name_en: str
    parameter: str
    value: str
    unit: str
    document: str
    valid_from: str
    valid_to: str | None
    evidence: str
    dates_evidence: str
    note: str


class FactorsOut(Schema):
    count: int
    items: list[FactorOut]


class BandOut(Schema):
    id: str
    name_zh: str
    name_en: str
    upper: str | None
    inclusive: bool


class SourceOut(Schema):
    title: str
    kind: str
    carries: str
    evidence: str


class SchemeOut(Schema):
    """A rating scheme: its cut-offs as printed, and how far each source can be trusted."""

    id: str
    edition: str
    title_zh: str
    title_en: str
    evidence: str
    valid_from: date
    valid_to: date | None
    levels: list[BandOut]
    grades: list[BandOut]
    neutrality_bands: list[BandOut]
    sources: list[SourceOut]


class RateRowIn(Schema):
    """One row to rate. Amounts are whole numbers or decimal text, so that none is rounded."""

    id: str
    group: str
    numerator: int | str | None
    denominator: int | str | None
    weight: int | str | None = None
    period: str = ""


class RateIn(Schema):
    scheme: str
    rows: list[RateRowIn] = Field(..., min_length=1, max_length=50_000)


class RatedOut(Schema):
    """A rated row. What stands below `margin` is there where the scheme shrinks or has a base."""

    id: str
    period: str
    group: str
    benchmark: float | None
    ratio: float | None
    intensity: float | None
    level: str | None
    grade: int | None
    flags: list[str]
    benchmark_level: str | None
    benchmark_key: str | None
    n: int | None
    n_eff: float | None
    rank: int | None
    ranked: int | None
    shadow_grade: int | None
    probability: float | None
    margin: float | None
    own_level: str | None = None
    own_key: str | None = None
    own_n: int | None = None
    own_n_eff: float | None = None
    shrink_weight: str | None = None
    shrink_k: str | None = None
    base_benchmark: float | None = None
    ratio_frozen: float | None = None
    target_benchmark: float | None = None
    ratio_pathway: float | None = None


class RateOut(Schema):
    scheme: str
    edition: str
    evidence: str
    rows: list[RatedOut]


class RunOut(Schema):
    """An evaluation run, from its computation to its publication."""

    uid: str
    publication_number: int | None
    state: str
    scheme: str
    edition: str
    period: str
    known_at: int
    digest: str
    code_version: str
    created_at: str
    published_at: str | None
    preview_until: str | None
    notice: str
    summary: dict[str, Any]


class RunsOut(Schema):
    count: int
    items: list[RunOut]


class ProblemOut(Schema):
    """Why something failed, in both languages."""

    code: str
    zh: str
    en: str


class ImportOut(Schema):
    """A file that was handed in and what became of its rows.

    `state` is waiting, running, checked, done, failed or withdrawn; `problem` tells why it failed.
    Rows at the desk wait for a person's decision and are kept.
    """

    uid: str
    file: str
    package: str
    state: str
    repeated: bool
    rows_read: int
    rows_taken: int
    rows_repeated: int
    rows_refused: int
    rows_at_desk: int
    facts_superseded: int
    report_lines: int
    handed_in_at: datetime
    finished_at: datetime | None
    problem: ProblemOut | None


class ImportsOut(Schema):
    count: int
    items: list[ImportOut]


class FindingOut(Schema):
    """One line of a row report: where, what was found there, what to do."""

    row: int | None
    column: str | None
    value: str | None
    severity: str
    code: str
    zh: str
    en: str


class FindingsOut(Schema):
    count: int
    items: list[FindingOut]
