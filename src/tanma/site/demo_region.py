"""The demo region: generated, then brought in through the same doors as real data.

`open_region` imports the newest four quarters and publishes the first grades, so that the pages
stand soon; `fill_region` goes on with the rest beside the running server. Every step is recorded
in `progress.json`, and a step that is done is not done again.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from tanma.domain.periods import parse
from tanma.site import demo_warnings
from tanma.site.config import HOME_FILE

SETTINGS: dict[str, Any] = {
    "demo": True,
    "grid_region": "330000",
    "grid_level": "region",
    "legal_basis": "演示规〔2026〕1号（虚构文件）",
    "issuer_zh": "栖澜市工业碳效管理办公室（演示）",
    "issuer_en": "Qilan Office of Industrial Carbon Efficiency (demo)",
}
"""What makes a home a demo: marked everywhere, factors of the regional grid, invented issuer. Kept
in the home itself, so that every command that opens it marks what it shows."""

LATEST = "2026Q3"
PUBLISHED_LATER = (
    *(f"{q}/r4" for q in ("2026Q2", "2026Q1", "2025Q4", "2025Q3", "2025Q2", "2025Q1", "2024Q4")),
    "2026Q2", "2026H1", "2025",
)  # fmt: skip
PREVIEWED = "2026Q3"
"""A single-quarter run that is left in its preview, so that the window can be seen."""


@dataclass(frozen=True)
class DemoUser:
    """One account of the demo: who logs in as what."""

    username: str
    name: str
    role: str
    area_code: str = ""


USERS = (
    DemoUser("admin", "系统管理员", "admin"),
    DemoUser("bureau", "市工业碳效办", "bureau"),
    DemoUser("county", "县区工业碳效办", "bureau", "990103"),
    DemoUser("reviewer", "初审员", "reviewer"),
    DemoUser("checker", "复核员", "checker"),
    DemoUser("publisher", "发布员", "publisher"),
    DemoUser("enterprise", "企业能源管理员", "enterprise"),
    DemoUser(demo_warnings.AGENT, "企业能碳服务站", "enterprise"),
)


def demo_home() -> Path:
    """Folder of the demo: TANMA_HOME, or one of its own beside the ordinary home."""
    given = os.environ.get("TANMA_HOME")
    return Path(given) if given else Path.home() / ".local" / "share" / "tanma-demo"


def enter(home: Path) -> None:
    """Make this process and its children use the demo's home, and the home say that it is one."""
    os.environ["TANMA_HOME"] = str(home)
    settings = home / HOME_FILE
    if not settings.exists():
        home.mkdir(parents=True, exist_ok=True)
        # texts and truth values are written alike in JSON and TOML
        said = (f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in SETTINGS.items())
        settings.write_text("".join(said), encoding="utf-8")


class Progress:
    """Done steps and the present one, as a file that the pages read."""

    def __init__(self, home: Path) -> None:
        self.path = home / "demo" / "progress.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.state: dict[str, Any] = {"done": [], "total": 0, "now_zh": "", "now_en": ""}
        if self.path.exists():
            self.state = json.loads(self.path.read_text(encoding="utf-8"))

    def once(self, key: str, zh: str, en: str, work: Callable[[], object]) -> None:
        """Do a step unless an earlier start has done it."""
        if key in self.state["done"]:
            return
        self._save(now_zh=zh, now_en=en)
        work()
        self.state["done"].append(key)
        self._save(now_zh="", now_en="")

    def expect(self, total: int) -> None:
        self._save(total=total)

    def _save(self, **changes: object) -> None:
        self.state |= changes
        temporary = self.path.with_suffix(".new")
        temporary.write_text(json.dumps(self.state, ensure_ascii=False), encoding="utf-8")
        temporary.replace(self.path)


def opened(home: Path) -> bool:
    """Whether the accounts stand, so that the server may start."""
    return "users" in Progress(home).state["done"]


def filled(home: Path) -> bool:
    """Whether every step has been done."""
    return f"run:{PREVIEWED}" in Progress(home).state["done"]


SIZES = ("enterprises", "small", "quarters", "region", "seed")
"""What may be said of a demo region before it is made; the generator knows the rest."""


def size(home: Path) -> dict[str, Any]:
    """To what size the region of a home was or is to be made, where it is not the usual one."""
    kept = home / "demo" / "size.json"
    return dict(json.loads(kept.read_text(encoding="utf-8"))) if kept.exists() else {}


def choose(home: Path, wanted: dict[str, Any]) -> None:
    """Keep the size of a region that is not made yet; a Problem where one of another size is."""
    from tanma.domain.messages import Problem

    made = size(home)
    if not wanted or made == wanted:
        return
    if made or "generate" in Progress(home).state["done"]:
        usual = json.dumps(made or "default")
        raise Problem("demo_size_other", home=home, made=usual, wanted=json.dumps(wanted))
    _check(wanted)
    (home / "demo" / "size.json").write_text(json.dumps(wanted), encoding="utf-8")


def _check(wanted: dict[str, Any]) -> None:
    from tanma.demo.plan import Plan
    from tanma.domain.messages import Problem

    try:
        Plan(**wanted)
    except ValueError as fault:
        raise Problem("demo_size_wrong", wanted=json.dumps(wanted), why=fault) from None


def published_later(periods: list[str]) -> list[str]:
    """The earlier periods of which the region has every quarter."""
    begin = parse(periods[0]).start
    return [period for period in PUBLISHED_LATER if parse(period).start >= begin]


OTHER_STEPS = 13
"""Steps of a region beside its files and its earlier periods."""

PATIENCE_S = 40.0
"""After so long the server opens with what is there; the rest goes on beside it."""


def open_region(home: Path, say: Callable[[str], None]) -> None:
    """What should stand before the first page is opened, as far as patience goes."""
    started = time.monotonic()
    for key, zh, en, work in opening(home, say):
        if key.startswith(("import:", "run:")) and time.monotonic() - started > PATIENCE_S:
            return
        Progress(home).once(key, zh, en, work)


Work = tuple[str, str, str, Callable[[], object]]


def opening(home: Path, say: Callable[[str], None]) -> Iterator[Work]:
    """Region, accounts, registers, the newest four quarters, the first publication."""
    from tanma import demo
    from tanma.site.setup import prepare

    out = home / "demo" / "region"
    say("准备数据库 · preparing the database")
    prepare()
    made = partial(demo.generate, out, **size(home))
    yield "generate", "生成演示区域", "generating the region", made
    manifest = demo.read(out)
    earlier = published_later(manifest.periods)
    Progress(home).expect(len(manifest.steps) + len(earlier) + OTHER_STEPS)
    yield "users", "建立账号", "making accounts", lambda: make_users(home)
    for step in first_steps(manifest.steps):
        say(f"{step.description_zh} · {step.description_en}（{step.rows:,}）")
        yield _import(manifest, step)
    say(f"计算并发布 {LATEST}/r4 · computing and publishing")
    yield f"run:{LATEST}/r4", "发布最新等级", "publishing", partial(publish, f"{LATEST}/r4")
    yield "enterprise", "关联企业账号", "linking an enterprise", link_enterprise


def fill_region(home: Path) -> None:
    """The rest: documents, meters, older quarters, corrections, earlier publications."""
    from tanma import demo

    progress = Progress(home)
    for work in opening(home, lambda _: None):
        progress.once(*work)
    manifest = demo.read(home / "demo" / "region")
    progress.once("group", "建立集团", "making a group", lambda: found_group(home))
    progress.once("ledger", "企业购买台账", "a purchase ledger", lambda: keep_ledger(home))
    for step in manifest.steps:
        progress.once(*_import(manifest, step))
    progress.once("post", "表计月用量入账", "stating a metered month", post_readings)
    for period in published_later(manifest.periods):
        progress.once(
            f"run:{period}", f"发布 {period}", f"publishing {period}", partial(publish, period)
        )
    progress.once("schedule", "设定定时评价", "setting a schedule", schedule_runs)
    progress.once("rule", "起草规则", "drafting a rule", draft_rule)
    progress.once("method", "起草核算方法", "drafting an accounting method", draft_method)
    # the year before and the corrections were not known when the first grades came out
    progress.once(
        f"run:{LATEST}/r4:restated", f"重新发布 {LATEST}/r4", f"restating {LATEST}/r4",
        partial(publish, f"{LATEST}/r4"),
    )  # fmt: skip
    progress.once("warnings", "发出碳效预警", "sending warnings", demo_warnings.send)
    progress.once(
        f"run:{PREVIEWED}", f"预览 {PREVIEWED}", f"previewing {PREVIEWED}",
        partial(publish, PREVIEWED, preview=True),
    )  # fmt: skip


def schedule_runs() -> None:
    """The grade that is published, computed by itself a month after each quarter."""
    from tanma.apps.codes import door as codes
    from tanma.apps.people import door as people

    codes.make_schedule("rolling", 30, 90, people.viewer_of("bureau"))


def draft_rule() -> None:
    """Drafts of next year's scheme, to be tried out: they are no rules and nobody released them."""
    tighter = {'up_to = "0.6"': 'up_to = "0.5"', 'up_to = "2.0"': 'up_to = "1.8"'}
    _draft_scheme("2027-demo", "演示：下一年度界限收紧的草稿", "演示：界限收紧", tighter)
    shrink = {"[fallback]": SHRINK + "[fallback]"}
    _draft_scheme("2027-shrink", "演示：小行业向上一级行业收缩的草稿", "演示：小行业收缩", shrink)


SHRINK = """[population.shrink]
evidence = "example"
fallback_k = "2"

"""


def _draft_scheme(edition: str, purpose: str, note: str, changes: dict[str, str]) -> None:
    from tanma.apps.codes import door as codes
    from tanma.apps.people import door as people
    from tanma.apps.rules import door as rules

    chosen, who = rules.schemes(), people.viewer_of("bureau")
    base = next(s for s in chosen if s.id == codes.SCHEME)
    pack = rules.start("scheme", f"{base.id}/{base.edition}", purpose, who)
    ((name, text),) = pack.files.items()
    dated = {
        f'edition = "{base.edition}"': f'edition = "{edition}"',
        f"valid_from = {base.valid_from}": "valid_from = 2027-01-01",
    }
    for was, now in (dated | changes).items():
        text = text.replace(was, now)
    rules.edit(pack, {name: text}, who, note)


NATIONAL_GRID = """
[[order]]
id = "demo-national"
title_zh = "实测优先；全国电力平均因子（演示）"
title_en = "Measured first; national grid average (demo)"
evidence = "example"
based_on = "province-average"

[[order.step]]
family = "electricity"
parameter = "grid_tco2_per_mwh"
origin = "table"
source = "grid"
take = "ef"
kind = "average"
level = "national"
rule = "latest_published"
choice = "latest_published"
"""


def draft_method() -> None:
    """A draft of the code account with the nation's grid factor, to be tried out."""
    from tanma.apps.people import door as people
    from tanma.apps.rules import door as rules
    from tanma.engine.accounts import CODE

    base = next(e for e in rules.editions() if e.id == CODE)
    who, purpose = people.viewer_of("bureau"), "演示：碳效码口径改用全国平均电网因子的草稿"
    pack = rules.start("edition", f"{base.id}/{base.edition}", purpose, who)
    ((name, text),) = pack.files.items()
    text = text.replace(f'edition = "{base.edition}"', 'edition = "2027-demo"')
    text = text.replace(f"in_force_from = {base.in_force_from}", "in_force_from = 2027-01-01")
    text = text.replace(f'preferences = "{base.preferences}"', 'preferences = "demo-national"')
    rules.edit(pack, {name: text + NATIONAL_GRID}, who, "演示：换取值顺序")


def first_steps(steps: Iterable[Any]) -> list[Any]:
    """Registers and the newest four quarters; the manifest lists them first."""
    found = []
    for step in steps:
        if step.package in {"targets", "gdp"}:
            break
        if step.package not in {"production", "form_205_4"}:  # no grade rests on them
            found.append(step)
    return found


def _import(manifest: Any, step: Any) -> Work:
    from tanma.apps.imports import door as imports
    from tanma.apps.people import door as people

    def work() -> None:
        imports.import_file(manifest.file(step), people.SYSTEM, package=step.package)

    return f"import:{step.path}", step.description_zh, step.description_en, work


def make_users(home: Path) -> None:
    """Accounts of the demo, with one random password that only this home knows."""
    from tanma.apps.people import door as people

    password = secrets.token_urlsafe(9)
    office, _ = people.Organisation.objects.get_or_create(
        name_zh=SETTINGS["issuer_zh"], name_en=SETTINGS["issuer_en"]
    )
    for given in USERS:
        user = people.User(username=given.username, display_name=given.name)
        user.set_password(password)
        user.save()
        if given.role != "enterprise":
            people.Membership.objects.create(
                user=user, organisation=office, role=given.role, area_code=given.area_code,
                valid_from=date(2020, 1, 1),
            )  # fmt: skip
    accounts = home / "demo" / "accounts.txt"
    accounts.touch(mode=0o600)
    names = ", ".join(u.username for u in USERS)
    accounts.write_text(f"{names}\n{password}\n", encoding="utf-8")


def link_enterprise() -> None:
    """Give the enterprise account one with something to see: high-carbon but efficient."""
    from tanma.apps.codes import door as codes
    from tanma.apps.people import door as people

    results = codes.Result.objects.filter(run=codes.latest(), size_class="above")
    chosen = (
        results.filter(level="high", grade=2, deduction_mg__gt=0).order_by("-net_mg").first()
        or results.filter(grade=2).order_by("-net_mg").first()
    )
    if chosen is None:
        return
    organisation, _ = people.Organisation.objects.get_or_create(name_zh=chosen.name)
    people.Membership.objects.create(
        user=people.User.objects.get(username="enterprise"), organisation=organisation,
        role="enterprise", subject=chosen.subject, valid_from=date(2020, 1, 1),
    )  # fmt: skip


def _own_firm() -> Any:
    """The enterprise of the account `enterprise`; None while it has none."""
    from tanma.apps.people import door as people
    from tanma.apps.registry import door as registry

    own = people.Membership.objects.filter(user__username="enterprise")
    return registry.Enterprise.objects.filter(pk__in=own.values("subject")).first()


MEMBERS = 3
"""Enterprises of the demo's group beside its head; all but the last consent to be seen by it."""


def found_group(home: Path) -> None:
    """Put some enterprises under the one of the account: a sheet of the register, and consents."""
    from tanma.apps.imports import door as imports
    from tanma.apps.people import door as people
    from tanma.apps.registry import door as registry
    from tanma.demo import writing

    head = _own_firm()
    if head is None:
        return
    active = registry.Enterprise.objects.filter(
        status="active", size_class="above", area_code=head.area_code
    ).exclude(pk=head.pk)
    members = list(active.order_by("natural_key")[:MEMBERS])
    sheet = {
        "uscc": [m.uscc for m in members], "name": [m.name for m in members],
        "industry": [m.industry for m in members],
        "area_statutory": [m.area_code for m in members], "size_class": ["规上"] * len(members),
        "status": ["在营"] * len(members), "group_uscc": [head.uscc] * len(members),
        "valid_from": ["2026-01-01"] * len(members),
    }  # fmt: skip
    path = home / "demo" / "group.csv"
    writing.write(path, "enterprises", sheet)
    imports.import_file(path, people.SYSTEM, package="enterprises")
    for member in active.filter(pk__in=[m.pk for m in members[:-1]]):
        registry.consent(member, given=True, on=date(2026, 1, 1), author="demo")
    registry.project()


def keep_ledger(home: Path) -> None:
    """The purchases of the account's enterprise, around a fuel that it reported as burnt."""
    import numpy as np

    from tanma.apps.imports import door as imports
    from tanma.apps.people import door as people
    from tanma.demo import ledgers, writing

    firm = _own_firm()
    carrier, tonnes = _burnt(firm.pk, ledgers.UNIT) if firm else ("", [])
    if firm is None or not tonnes:
        return
    use = ledgers.Use(firm.uscc, carrier, parse(LATEST).start, tonnes)
    path = home / "demo" / "purchases.csv"
    writing.write(path, "purchases", ledgers.sheet([use], np.random.default_rng(firm.pk)))
    imports.import_file(path, people.SYSTEM, package="purchases")


def _burnt(subject: int, unit: str) -> tuple[str, list[float]]:
    """The first fuel of the unit that was burnt in each month of the latest quarter."""
    from tanma.apps.facts import door as facts
    from tanma.domain.items import carriers, items

    months = parse(LATEST).months
    said = {(f.item, f.valid_from): f.value for f in facts.current(facts.facts_of(subject))
            if f.kind == "amount"}  # fmt: skip
    for item in items().values():
        counts = [said.get((item.item, month)) for month in months]
        if item.flow == "burnt" and item.unit == unit and all(counts):
            name = carriers()[item.carrier].name_zh
            return name, [(count or 0) / 10**item.scale for count in counts]
    return "", []


def post_readings() -> None:
    """What the night does for a closed month: its days derived, its amounts stated as facts."""
    from django.conf import settings

    from tanma.apps.codes import door as codes
    from tanma.engine.metering.run import run as derive
    from tanma.site.keeping import post

    month = [f"{parse(LATEST).months[-1]:%Y-%m}"]
    codes.sync_lake()
    derive(settings.TANMA.lake, month)
    post(settings.TANMA.lake, month)


def publish(period: str, *, preview: bool = False) -> None:
    """Compute a run and take it through review, check and publication by three persons."""
    from tanma.apps.codes import door as codes
    from tanma.apps.people import door as people

    run = codes.compute(period, people.viewer_of("bureau"))
    codes.take(run.pk, "review", people.viewer_of("reviewer"), "演示：抽查通过")
    days = None if preview else 0
    codes.take(run.pk, "check", people.viewer_of("checker"), "演示：复核通过", preview_days=days)
    if not preview:
        codes.take(run.pk, "publish", people.viewer_of("publisher"), "演示：发布")
