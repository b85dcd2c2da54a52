"""Reference pages written from the product itself: commands, settings, messages, capabilities.

`python -m tanma.site.reference docs/reference` writes them; tests/docs compares.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from tanma.intake import page as devices
from tanma.intake.http import openapi
from tanma.site.cli import command_names, load
from tanma.site.config import Config

NOTE = (
    "由 `python -m tanma.site.reference docs/reference` 生成，请勿手改。"
    "Generated; do not edit by hand."
)
SETTINGS = {
    "home": (
        "数据库、密钥、数据湖和上传文件所在的文件夹",
        "folder of the databases, secrets, lake and uploads",
    ),
    "database_url": (
        "空为数据文件夹中的 SQLite；`postgresql://用户:密码@主机:端口/库名` 为 PostgreSQL",
        "empty: SQLite in the home; `postgresql://user:password@host:port/name`: PostgreSQL",
    ),
    "demo": (
        "每页、每个文件和每个接口回答都标明“演示数据”",
        "says on every page, file and answer that the data are invented",
    ),
    "debug": (
        "开发用：显示出错细节；正式运行时保持 false",
        "for development: shows details of errors; keep false in operation",
    ),
    "host": ("监听地址", "address to listen on"),
    "port": ("监听端口", "port to listen on"),
    "public_url": (
        "手机访问碳效码页的外部地址，如 https://code.example.org；空为按请求的地址",
        "where phones reach the code pages; empty: as requested",
    ),
    "allowed_hosts": (
        "允许的主机名，逗号分隔",
        "host names that are served, separated by commas",
    ),
    "issuer_zh": ("发布机构的中文名称，印在页面和证书上", "Chinese name of the issuing office"),
    "issuer_en": ("发布机构的英文名称", "English name of the issuing office"),
    "objection_days": (
        "预览后企业可提出异议的天数",
        "days in which enterprises may object to a previewed result",
    ),
    "grid_region": (
        "基于位置核算所用电网因子的省级代码，如 330000；空时不能评价",
        "province code of the grid factor, such as 330000; while empty no run can be started",
    ),
    "grid_level": (
        "`province` 用省平均因子，`region` 用所属区域电网的平均因子",
        "`province`: its own average factor; `region`: that of its regional grid",
    ),
    "legal_basis": (
        "允许用统计数据公布单个企业结果的文件；空时须逐企业授权",
        "document that allows single results from statistics; empty: each enterprise consents",
    ),
    "mail_url": (
        "发信服务器，smtp://用户:密码@主机:端口 或 smtps://…；空时由管理员重设密码",
        "mail server, smtp://user:password@host:port or smtps://…; empty: administrators set"
        " new passwords",
    ),
    "mail_from": ("信件的发件人地址", "sender of letters"),
    "intake_host": (
        "`tanma intake` 的监听地址",
        "address on which `tanma intake` listens for gateways",
    ),
    "intake_port": ("`tanma intake` 的监听端口", "its port"),
    "intake_url": ("网关访问采集服务的地址；空即监听地址",
                   "where gateways reach the intake; empty: as it listens"),
    "intake_per_s": (
        "每个密钥每秒可发送的读数条数（按服务进程计）",
        "readings per second that one token may send, for each server process",
    ),
    "raw_days": (
        "原始报文保留天数；其后只留摘要",
        "days for which bodies of readings are kept as received; then the digest alone",
    ),
}  # fmt: skip
"""field of `Config` → what it does, Chinese and English; a test wants every field here."""

STATES = {"built": "已建成", "partly": "部分建成", "not built": "未建"}
GROUPS = {
    "A": "数据采集与汇聚 · Data acquisition and integration",
    "B": "碳与能源核算 · Carbon and energy accounting",
    "C": "评价、赋码与标识 · Evaluation, codes, labels",
    "D": "监测、预警与预测 · Monitoring, alerts, forecasting",
    "E": "区域治理 · Regional governance",
    "F": "服务与政策 · Services and policy",
    "G": "金融与市场 · Finance and markets",
    "H": "居民与绿色出行 · Residents and green travel",
    "I": "企业用能与工艺优化 · Energy and process optimisation",
    "J": "园区 · Parks",
    "K": "标识、供应链与可信 · Identifiers, supply chain, trust",
    "L": "展示、安全与运维 · Presentation, security, operations",
    "M": "其他 · Further capabilities",
}
USERS = {
    "ALL": "所有人 everybody", "ENT": "企业 enterprise", "SHOP": "车间 workshop",
    "GOV": "政府 government", "STAT": "统计税务 statistics, tax", "BANK": "银行 bank",
    "GRID": "电网 power company", "RES": "居民 resident", "PARK": "园区 park",
    "SUP": "供应链 supply chain", "VER": "核查 verifier", "SVC": "服务商 service firm",
    "ADM": "管理员 administrator", "PUB": "公众 public",
}  # fmt: skip
Row = Mapping[str, str]


def page(title: str, lines: Iterator[str]) -> str:
    return "\n".join([f"# {title}", "", NOTE, "", *lines]) + "\n"


def _cell(text: object) -> str:
    """Text that cannot break out of its table cell."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def commands_page() -> str:
    """docs/reference/commands.md: every command with its arguments."""
    return page("命令 Commands", _commands())


def _commands() -> Iterator[str]:
    yield "`./dev tanma 命令 --help` 显示同样的内容。 The same is shown by `--help`."
    for name in command_names():
        module = load(name)
        parser = argparse.ArgumentParser(prog=f"tanma {name}")
        module.arguments(parser)
        yield from ("", f"## `tanma {name}`", "", str(module.HELP), "")
        yield from _arguments(parser)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    shown = [a for a in parser._actions if a.help != argparse.SUPPRESS and a.dest != "help"]
    if not shown:
        yield "没有参数 · no arguments"
        return
    yield from ("| 参数 argument | 含义 meaning |", "|---|---|")
    for action in shown:
        yield f"| {_spelling(action)} | {_cell(action.help or '')} |"


def _spelling(action: argparse.Action) -> str:
    """How an argument is typed: `--period PERIOD`, `PATH …`, `[TABLE]`."""
    value = "|".join(map(str, action.choices)) if action.choices else ""
    value = value or str(action.metavar or action.dest.upper())
    if action.option_strings:
        named = ", ".join(action.option_strings)
        return _cell(f"`{named}`" if action.nargs == 0 else f"`{named} {value}`")
    forms = {"?": f"[{value}]", "+": f"{value} …", argparse.REMAINDER: f"{value} …"}
    return _cell(f"`{forms.get(str(action.nargs), value)}`")


def settings_page() -> str:
    """docs/reference/settings.md: every variable an operator may set."""
    return page("设置 Settings", _settings())


def _settings() -> Iterator[str]:
    yield "环境变量，进程启动时读取；也可写入数据文件夹的 `settings.toml`，"
    yield "用去掉 `TANMA_` 的小写名，如 `demo = true`；环境变量优先。"
    yield "Environment variables, read when a process starts; or lines of `settings.toml` in the"
    yield "home, under the small name without `TANMA_`; variables come first."
    yield from ("", "| 变量 variable | 默认 default | 含义 meaning |", "|---|---|---|")
    for name, field in Config.model_fields.items():
        zh, en = SETTINGS[name]
        default = "~/.local/share/tanma" if name == "home" else field.default
        value = str(default).lower() if isinstance(default, bool) else str(default)
        yield f"| `TANMA_{name.upper()}` | {f'`{value}`' if value else ''} | {zh}<br>{en} |"


def messages_page() -> str:
    """docs/reference/messages.md: every code with both texts."""
    return page("提示与错误 Messages", _messages())


def _messages() -> Iterator[str]:
    yield "花括号内是出错时填入的值。 Braces stand for the values put in."
    for topic, texts in message_files().items():
        yield from ("", f"## {topic}", "", "| 代码 code | 中文 | English |", "|---|---|---|")
        for code, text in texts.items():
            yield f"| `{code}` | {_cell(text['zh'])} | {_cell(text['en'])} |"


@cache
def message_files() -> dict[str, dict[str, dict[str, str]]]:
    """topic → code → texts, one topic per file of the catalogue."""
    folder = resources.files("tanma.domain.messages")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {f.name[:-5]: tomllib.loads(f.read_text(encoding="utf-8")) for f in files}


@cache
def routes() -> dict[str, str]:
    """name of a route → its address as a pattern: `codepages:code` → `/c/<text>`."""
    from tanma.site.setup import django_ready

    django_ready()
    from django.urls import get_resolver

    return dict(_routes(get_resolver().url_patterns, "", "/"))


def _routes(patterns: object, space: str, before: str) -> Iterator[tuple[str, str]]:
    for entry in patterns:  # type: ignore[attr-defined]
        address = before + str(entry.pattern).replace("str:", "")
        if hasattr(entry, "url_patterns"):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _routes(entry.url_patterns, inner, address)
        elif entry.name:
            yield f"{space}{entry.name}", address


def read_capabilities(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def capabilities_page(rows: list[dict[str, str]]) -> str:
    """docs/reference/capabilities.md, from capabilities.csv beside it."""
    return page("能力清单 Capabilities", _capabilities(rows))


def _capabilities(rows: list[dict[str, str]]) -> Iterator[str]:
    yield (
        "**已建成**的行能在所列页面或命令看到，并由所列测试检查；**部分建成**的行写明还缺什么；"
        "其余未建，没有占位页面。 Rows marked built can be seen at the page or command and are "
        "held by the test; partly built rows say what is missing; the others are not built and "
        "have no placeholder page. 改动写在 Changes go into `capabilities.csv`."
    )
    yield from ("", "；".join(f"{short} {words}" for short, words in USERS.items()))
    yield from ("", "| | " + " | ".join(STATES.values()) + " | 合计 |", "|---|---:|---:|---:|---:|")
    for group, title in GROUPS.items():
        own = [row for row in rows if row["id"][0] == group]
        yield _counted(f"[{group} {title}](#{group.lower()})", own)
    yield _counted("合计 total", rows)
    for group, title in GROUPS.items():
        yield from ("", f'<a id="{group.lower()}"></a>', "", f"## {group} {title}", "")
        yield "| 编号 | 能力 capability | 用户 | 状态 | 在哪里看 where | 测试 test |"
        yield "|---|---|---|---|---|---|"
        yield from (_capability(row) for row in rows if row["id"][0] == group)


def _counted(title: str, rows: list[dict[str, str]]) -> str:
    counts = Counter(row["status"] for row in rows)
    cells = [counts[state] for state in STATES]
    return f"| {title} | " + " | ".join(map(str, [*cells, len(rows)])) + " |"


def _capability(row: Row) -> str:
    name = f"{row['zh']}<br>{row['en']}"
    state = f"{STATES[row['status']]} {row['status']}" + (
        f"<br>还缺 {row['missing']}" if row["missing"] else ""
    )
    where = "<br>".join(f"`{place(w)}`" for w in row["where"].split())
    tests = "<br>".join(f"`{t}`" for t in row["tests"].split())
    return f"| {row['id']} | {name} | {row['users']} | {state} | {where} | {tests} |"


def place(where: str) -> str:
    """What an outsider types: `cmd:rate` → `tanma rate`, `dev:demo`, or the name of a route."""
    kind, _, name = where.partition(":")
    if kind in {"cmd", "dev"}:
        return f"tanma {name}" if kind == "cmd" else f"./dev {name}"
    return routes()[where]


def pages(folder: Path) -> dict[str, str]:
    """file name → text of every generated page; `folder` holds capabilities.csv."""
    return {
        "commands.md": commands_page(),
        "settings.md": settings_page(),
        "messages.md": messages_page(),
        "capabilities.md": capabilities_page(read_capabilities(folder / "capabilities.csv")),
        "devices.md": page("设备与表计 Devices and meters", devices.lines()),
        "intake-openapi.json": openapi.as_json(),
    }


def main(folder: Path) -> None:
    for name, text in pages(folder).items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
