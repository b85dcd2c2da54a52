"""The description of the interface: one JSON file, and one page of documentation from it.

`python -m tanma.api.openapi docs/reference` writes both; a test compares.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def schema() -> dict[str, Any]:
    from tanma.api.service import api

    return json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), default=str))


def as_json() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) in the order of the paths."""
    paths = schema()["paths"]
    return [
        (method.upper(), path, operation)
        for path, methods in sorted(paths.items())
        for method, operation in methods.items()
    ]


def page() -> str:
    return "\n".join([*_head(), *_operations(), *_schemas()]) + "\n"


def _head() -> Iterator[str]:
    yield "# 接口 API"
    yield ""
    yield "由 `python -m tanma.api.openapi docs/reference` 生成，请勿手改。Generated; do not edit."
    yield ""
    yield (
        "登录会话，或请求头 `Authorization: Bearer tanma_…`（密钥在“我的账号”页生成，只显示一次）。"
        " A session, or a key from the page of your account. Errors are `{code, zh, en}`."
    )
    yield ""
    yield "```sh"
    yield "curl -H 'Authorization: Bearer '$KEY $BASE/api/v1/enterprises?limit=5"
    yield "curl -H 'Authorization: Bearer '$KEY -H 'Content-Type: application/json' \\"
    yield """  -d '{"scheme":"zhejiang-carbon-efficiency","rows":[{"id":"a","group":"1751",\\"""
    yield """  "numerator":"12.5","denominator":"40"}]}' $BASE/api/v1/rate"""
    yield "curl -H 'Authorization: Bearer '$KEY -F package=energy -F file=@energy.xlsx \\"
    yield "  $BASE/api/v1/imports"
    yield "```"
    yield ""


def _operations() -> Iterator[str]:
    yield "| 方法 method | 路径 path | 内容 content | 权限 access |"
    yield "|---|---|---|---|"
    for method, path, operation in operations():
        access = "登录或密钥 session or key" if operation.get("security") else "公开 public"
        text = operation.get("description", "").replace("\n", " ")
        yield f"| {method} | `{path}` | {text} | {access} |"
    yield ""


def _schemas() -> Iterator[str]:
    for name, body in sorted(schema()["components"]["schemas"].items()):
        yield f"## {name}"
        yield ""
        if text := body.get("description"):
            yield text.replace("\n", " ")
            yield ""
        for field, about in body.get("properties", {}).items():
            yield f"- `{field}`: {_type(about)}"
        yield ""


def _type(about: dict[str, Any]) -> str:
    if "$ref" in about:
        return str(about["$ref"]).rpartition("/")[2]
    if "anyOf" in about:
        return " or ".join(_type(part) for part in about["anyOf"])
    if about.get("type") == "array":
        return f"list of {_type(about['items'])}"
    return str(about.get("type", "any"))


def main(folder: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tanma.site.settings")
    import django

    django.setup()
    Path(folder, "openapi.json").write_text(as_json(), encoding="utf-8")
    Path(folder, "api.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
