"""docs/reference/devices.md: adapters, keys of device maps and connections, meters and units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tanma.domain.items import items
from tanma.intake.adapters import ADAPTERS
from tanma.intake.connections import SECTIONS
from tanma.intake.devices import TYPES, DeviceMap, built_in, templates
from tanma.intake.devices.reading import DEVICE, POINT, SHARED
from tanma.intake.dlt645.identifiers import card, identifiers
from tanma.intake.files import Key
from tanma.intake.units import units

STATUS = {"built": "已建成 built", "planned": "未建 not built"}
METERED = ("state", "reactive", "steam", "gas")
"""Groups of items that only meters state."""


def lines() -> Iterator[str]:
    """The page after its heading."""
    yield from (
        "## 接入方式 Adapters",
        "",
        "| 名称 | 接入方式 | adapter | 状态 |",
        "|---|---|---|---|",
    )
    for one in ADAPTERS.values():
        yield f"| `{one.name}` | {one.label_zh} | {one.label_en} | {STATUS[one.status]} |"
    yield from _keys("设备点表：[device] Device map", {**DEVICE, **_shared()})
    yield from _keys("设备点表：[[point]] Device map", {**POINT, "type": _types(), **SHARED})
    for name, keys in SECTIONS.items():
        yield from _keys(f"连接文件：[[{name}]] Connections file", keys)
    for device_map in built_in().values():
        yield from _map(device_map)
    yield from _templates()
    yield from _identifiers()
    yield from _items()
    yield from _units()


def _shared() -> Mapping[str, Key]:
    return {name: key._replace(required=False) for name, key in SHARED.items()}


def _types() -> Key:
    return Key(", ".join(TYPES), lambda value: value in TYPES, required=True)


def _keys(title: str, keys: Mapping[str, Key]) -> Iterator[str]:
    yield from ("", f"## {title}", "", "| 键 key | 取值 value | 必填 required | 默认 default |")
    yield "|---|---|---|---|"
    for name, key in keys.items():
        default = "" if key.default in (None, "", [], {}) else f"`{key.default}`"
        yield f"| `{name}` | {key.allowed} | {'是 yes' if key.required else ''} | {default} |"


def _map(device_map: DeviceMap) -> Iterator[str]:
    yield from ("", f"## 内置点表 {device_map.name} Built-in map", "")
    mark = " **未确认 unconfirmed**" if device_map.evidence != "confirmed" else ""
    yield f"{device_map.name_zh} · {device_map.name_en}。{device_map.source}。{mark}"
    yield from (
        "",
        "| 点 | 名称 | 功能码 | 地址 | 类型 | 单位 | 项目 |",
        "|---|---|---:|---:|---|---|---|",
    )
    for p in device_map.points:
        yield (
            f"| `{p.name}` | {p.name_zh} | {p.function} | {p.address} | {p.type} | {p.unit} | "
            f"{_code(p.item)} |"
        )


def _templates() -> Iterator[str]:
    yield from ("", "## 点表模板 Templates of maps", "")
    yield "没有地址，按厂家说明书填写后才能使用。 Without addresses: fill in the maker's list."
    yield ""
    for name in templates():
        yield f"- `tanma device {name} > {name}.toml`"


def _identifiers() -> Iterator[str]:
    yield from ("", "## DL/T 645-2007 数据标识 Data identifiers", "")
    for mark, words in card()["evidence"].items():
        yield f"- `{mark}`：{words['zh']} · {words['en']}"
    yield from ("", "| 名称 | 标识 | 数据项 | 单位 | 字节 | 小数 | 项目 | 依据 |")
    yield "|---|---|---|---|---:|---:|---|---|"
    for one in identifiers().values():
        mark = one.evidence if one.evidence != "recalled" else "**recalled**"
        yield (
            f"| `{one.name}` | {one.identifier} | {one.name_zh}<br>{one.name_en} | {one.unit} | "
            f"{one.bytes} | {one.decimals} | {_code(one.item)} | {mark} |"
        )


def _items() -> Iterator[str]:
    yield from ("", "## 只由表计给出的项目 Items that meters state", "")
    yield from ("| 项目 item | 名称 | name | 单位 | 小数 |", "|---|---|---|---|---:|")
    for one in items().values():
        if one.group in METERED:
            cells = [f"`{one.item}`", one.name_zh, one.name_en, one.unit, str(one.scale)]
            yield f"| {' | '.join(cells)} |"


def _units() -> Iterator[str]:
    yield from ("", "## 单位 Units", "", "| 单位 unit | 名称 | 其他写法 also |", "|---|---|---|")
    for one in units().values():
        yield f"| `{one.unit}` | {one.name_zh} | {'、'.join(one.aliases)} |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
