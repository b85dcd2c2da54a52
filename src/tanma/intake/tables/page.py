"""The reference page of table packages, generated from the declarations."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import resources

from tanma.domain.items import carriers, sources
from tanma.domain.messages import catalogue
from tanma.intake.tables.packages import Field, Package, packages
from tanma.intake.units import units

RECALLED = (
    "**未确认**：列名凭记忆写出，未与报表原文核对。 "
    "**Unconfirmed**: column names are from memory, not compared with the printed form."
)
COLUMN_HEAD = "| 列 header | field | 类型 type | 必填 must | 其他写法 also | 说明 help |"
BORROWED = ("number_not_decimal", "number_too_fine", "number_too_large")
"""Texts of the domain that a row report uses as they are."""


def page() -> str:
    """docs/reference/packages.md."""
    return "\n".join([*_head(), *_packages(), *_units(), *_names(), *_messages()]) + "\n"


def _head() -> Iterator[str]:
    yield "# 数据表 Table packages"
    yield ""
    yield "由 `tanma template --markdown` 生成，请勿手改。Generated; do not edit by hand."
    yield ""
    yield "| 名称 name | 标题 title | 来源 source | 数据级别 class | 键 key |"
    yield "|---|---|---|---|---|"
    for name, package in packages().items():
        key = " + ".join(f"`{k}`" for k in package.key)
        what = f"{package.title_zh} {package.title_en} | `{package.source}`"
        yield f"| [{name}](#{name}) | {what} | {package.data_class} | {key} |"


def _packages() -> Iterator[str]:
    for name, package in packages().items():
        yield from ("", f"## {name}", "", f"{package.title_zh} {package.title_en}.")
        if package.evidence == "recalled":
            yield RECALLED
        yield from ("", COLUMN_HEAD)
        yield "|---|---|---|---|---|---|"
        for column in package.columns:
            yield _column(column, package.fields[column], package)
        if package.facts:
            yield from ("", "写入的事实 facts: " + "；".join(_facts(package)))


def _column(name: str, field: Field, package: Package) -> str:
    must = "是 yes" if name in package.required else ""
    choices = "、".join(field.values.values())
    text = " ".join(t for t in (field.help_zh, field.help_en, choices) if t)
    also = "、".join(field.aliases)
    return f"| {field.zh} | `{name}` | {field.type} | {must} | {also} | {text} |"


def _facts(package: Package) -> Iterator[str]:
    for rule in package.facts:
        by = rule.item_column or rule.carrier or rule.product
        what = f"`{rule.item}`" if rule.item else f"item of `{by}`"
        flow = f" · {rule.flow_is}" if rule.flow_is else ""
        kind = "attribute" if rule.text else rule.kind
        yield f"`{rule.cell}` → {what}{flow} ({kind})"


def _units() -> Iterator[str]:
    yield from (
        "",
        "## 单位 Units",
        "",
        "| 单位 unit | 量 dimension | 写法 spellings |",
        "|---|---|---|",
    )
    for unit in units().values():
        yield f"| {unit.unit} | {unit.dimension} | {'、'.join([unit.name_zh, *unit.aliases])} |"


def _names() -> Iterator[str]:
    yield from ("", "## 能源、物料与产品 Energy, materials and products", "")
    yield from ("| 编号 id | 名称 name | English | 其他写法 also |", "|---|---|---|---|")
    for c in carriers().values():
        yield f"| `{c.carrier}` | {c.name_zh} | {c.name_en} | {c.aliases.replace('|', '、')} |"
    yield from ("", "## 来源 Sources", "", "| 编号 id | 名称 name | English |", "|---|---|---|")
    for s in sources().values():
        yield f"| `{s.source}` | {s.name_zh} | {s.name_en} |"


def _messages() -> Iterator[str]:
    yield from ("", "## 提示 Messages", "", "| 代码 code | 中文 | English |", "|---|---|---|")
    own = resources.files("tanma.domain.messages") / "intake.toml"
    for code in sorted([*BORROWED, *tomllib.loads(own.read_text(encoding="utf-8"))]):
        text = catalogue()[code]
        yield f"| `{code}` | {text['zh']} | {text['en']} |"
