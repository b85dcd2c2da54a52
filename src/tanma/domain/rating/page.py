"""The reference page of the rating schemes, written from the scheme files themselves.

A test compares; `python -c "from tanma.domain.rating.page import page; print(page(), end='')"`
writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from tanma.domain.messages import catalogue
from tanma.domain.rating.loader import shipped
from tanma.domain.rating.scheme import Abnormal, Band, Base, Indicator, Quantity, Scheme, Shrink

FLAG = "rating_flag_"


def page() -> str:
    lines = ["# 评级方案 · Rating schemes", ""]
    lines += [
        "由方案文件生成，请勿手改。 Generated from the scheme files; do not edit by hand.",
        "",
    ]
    for scheme in shipped():
        lines += [*_scheme(scheme), ""]
    lines += [*_flags(), "", *_file_rules()]
    return "\n".join(lines) + "\n"


def _scheme(scheme: Scheme) -> Iterator[str]:
    yield f"## `{scheme.id}` · {scheme.edition}"
    yield ""
    yield f"**{scheme.title.zh}**  "
    yield scheme.title.en
    yield ""
    until = scheme.valid_to or "…"
    yield f"- 依据 evidence: `{scheme.evidence}`"
    yield f"- 有效 valid: {scheme.valid_from} – {until} (`{scheme.validity_evidence}`)"
    yield f"- {scheme.direction.zh} · {scheme.direction.en}"
    periods = ", ".join(scheme.periods)
    yield f"- 期间 periods: {periods}; 公布 published: {scheme.published_period}"
    yield from _amount("分子 numerator", scheme.numerator)
    yield from _amount("分母 denominator", scheme.denominator)
    yield from _rules(scheme)
    yield ""
    yield from _indicator("水平 level", scheme.intensity)
    yield from _indicator("等级 grade", scheme.ratio)
    if scheme.abnormal is not None:
        yield from _abnormal(scheme.abnormal)
    if scheme.neutrality is not None:
        yield from _bands("碳中和标识 neutrality mark", scheme.neutrality.bands)
    yield "| 来源 source | 种类 kind | 内容 carries | 依据 evidence |"
    yield "|---|---|---|---|"
    for s in scheme.sources:
        yield f"| {s.title} | {s.kind} | {s.carries} | `{s.evidence}` |"


def _amount(role: str, quantity: Quantity) -> Iterator[str]:
    name = f"{quantity.zh} {quantity.en}"
    yield f"- {role}: {name}, {quantity.unit}. {quantity.definition.zh}。{quantity.definition.en}."


def _rules(scheme: Scheme) -> Iterator[str]:
    population = scheme.population
    climb = " → ".join(f"{level.zh} {level.en}" for level in population.levels) or "不上溯 none"
    yield f"- 基准群体 population: region `{population.region}`, size `{population.size_class}`"
    yield f"- 上溯 climb: {climb}; n ≥ {population.min_n}, n_eff ≥ {population.min_neff}"
    if population.shrink is not None:
        yield _shrink(population.shrink)
    if scheme.fallback is not None:
        rule = scheme.fallback
        share = f"{float(rule.below_share):.0%}"
        yield (
            f"- 备用分母 fallback: {rule.zh} {rule.en}, {rule.unit}; "
            f"分母 ≤ 0 或低于其 {share} 时采用 when the denominator is ≤ 0 or below {share} of it"
            + ("; 缺失时亦然 or missing" if rule.when_missing else "")
        )
    if scheme.net_negative is not None:
        rule_net = scheme.net_negative
        yield f"- 净排放为负 net negative: grade {rule_net.grade}, level `{rule_net.level}`"
    robust = scheme.robust
    yield (
        f"- 影子等级 shadow grade: log-MAD z = {robust.mad_z}, "
        f"leave-one-out share > {robust.leave_one_out_share}, confidence {robust.confidence}"
    )
    if scheme.uncertainty is not None:
        u = scheme.uncertainty
        yield (
            f"- 数据不确定度 uncertainty of data (`{u.evidence}`): "
            f"计量与结算 metered {float(u.metered):.0%}, "
            f"统计报表 statistics {float(u.statistics):.0%}, "
            f"企业申报 declared {float(u.declared):.0%}"
        )
    if scheme.base is not None:
        yield _base(scheme.base)


def _shrink(rule: Shrink) -> str:
    k = f"{float(rule.k or rule.fallback_k):g}"
    if rule.k is None:
        k = f"组内 ÷ 组间方差 within ÷ between variance (无法估计时 where it cannot be told: {k})"
    return (
        f"- 收缩 shrink (`{rule.evidence}`): log B = w·log B_own + (1 − w)·log B_wide, "
        f"w = n_eff ÷ (n_eff + k), k = {k}"
    )


def _base(rule: Base) -> str:
    ratios = f"- 基期 base period (`{rule.evidence}`): {rule.period}, B₀"
    if rule.yearly_decline is not None:
        ratios += f"; 下降路径 pathway B₀·(1 − ρ)^t, ρ = {float(rule.yearly_decline):.1%}"
    return f"{ratios}; 只作参考，不改变等级 beside the grade, which neither changes"


def _indicator(role: str, indicator: Indicator) -> Iterator[str]:
    title = f"{role}: {indicator.symbol} = {indicator.zh} {indicator.en} ({indicator.unit})"
    yield from _bands(title, indicator.bands)


def _abnormal(rule: Abnormal) -> Iterator[str]:
    """The label of an index: its second comparison, and when it is abnormal."""
    yield from _indicator("同比 change on the year", rule.change)
    share = f"{float(rule.comparison.min_share):.0%}"
    yield f"- 可比 comparable: ≥ {share}; 对外 outside the office: n ≥ {rule.disclosure.min_n}"
    yield f"- {rule.structure.zh}. {rule.structure.en}."
    yield ""
    yield "| 异常条件 abnormal when | 比值档 ratio band | 同比档 change band |"
    yield "|---|---|---|"
    for c in rule.conditions:
        yield f"| `{c.id}` {c.zh} · {c.en} | ≥ {c.ratio_at_least} | ≥ {c.change_at_least} |"
    yield ""


def _bands(title: str, bands: tuple[Band, ...]) -> Iterator[str]:
    yield f"| {title} | 范围 range | 名称 words |"
    yield "|---|---|---|"
    before = ""
    for band in bands:
        yield f"| `{band.id}` | {before}{_upper(band)} | {band.zh} · {band.en} |"
        before = f"{'>' if band.inclusive else '≥'} {band.upper_text} "
    yield ""


def _upper(band: Band) -> str:
    if band.upper is None:
        return ""
    return f"{'≤' if band.inclusive else '<'} {band.upper_text}"


def _flags() -> Iterator[str]:
    yield "## 标记 · Flags"
    yield ""
    yield "| flag | 含义 | meaning |"
    yield "|---|---|---|"
    for code, texts in catalogue().items():
        if code.startswith(FLAG):
            yield f"| `{code.removeprefix(FLAG).upper()}` | {texts['zh']} | {texts['en']} |"


def _file_rules() -> Iterator[str]:
    yield "## 写一个方案 · Writing a scheme"
    yield ""
    yield "一个方案是一份 TOML 文件。界限写成带引号的十进制文本，`up_to` 含上限，`below` 不含，"
    yield "最后一档两者皆无。多余的键、重复的键、缺单位、界限不递增、有效期重叠都会被拒绝，"
    yield "并指出文件、行号和改法。"
    yield ""
    yield "A scheme is one TOML file. Cut-offs are decimal text in quotes; `up_to` includes its"
    yield "value, `below` does not, the last band has neither. Unknown or duplicate keys, missing"
    yield "units, cut-offs that do not rise and overlapping validity are refused with file, line"
    yield "and repair."
