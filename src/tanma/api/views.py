"""The page that describes the interface to people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanma.api.openapi import operations

ABOUT: dict[str, str | Promise] = {
    "areas": _("各区域今日情况与发布的碳耗指数，限主管部门本区域；家数不足的合计不给出"),
    "public_code": _("任何人可以看到的碳效码内容"),
    "enterprises": _("调用者可以看到的企业，按名称"),
    "enterprise": _("一家企业"),
    "facts": _("一家企业全部数据的全部版本，可指定知悉时间（UTC 微秒）"),
    "factors": _("因子表数值、来源和依据标记；recalled 即未确认"),
    "hand_in": _("提交一个数据表文件，与网页同样检查；同一文件再交没有变化"),
    "imports": _("可以看到的导入批次，最新在前"),
    "import": _("一个批次：状态、采用和退回的行数"),
    "import_report": _("一个批次的逐行报告：行、列、内容、问题与处理"),
    "rate": _("按评级方案给若干行定级，不保存；与 tanma rate 相同"),
    "results": _("一个评价期（不指定则最新一期）的发布结果，限可见企业"),
    "runs": _("评价批次，最新在前；主管部门工作材料"),
    "schemes": _("评级方案：界限原文、来源和依据标记"),
}
"""operation → what it gives, in a line; the description of the interface says it at length"""


def docs(request: HttpRequest) -> HttpResponse:
    shown = [
        {
            "method": method, "path": path, "public": not operation.get("security"),
            "about": ABOUT[operation["operationId"]],
            "parameters": [p["name"] for p in operation.get("parameters", [])],
        }
        for method, path, operation in operations()
    ]  # fmt: skip
    return render(request, "portal/api.html", {"operations": shown})
