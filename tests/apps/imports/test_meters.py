"""Readings: whose meter it is, at which resolution, and a real year of a steel mill."""

import datetime as dt
from importlib import resources

import duckdb
import pytest

from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.imports.meters import scale_of
from tanma.apps.metering import door as metering
from tanma.apps.people.door import SYSTEM, Role
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_text
from tanma.lake.readings import Readings
from tests.apps.imports.conftest import FIRST, SECOND, looks, person

pytestmark = [pytest.mark.db, pytest.mark.django_db]
FIRST_UTC = "2017-12-31 15:00:00"
METERS = "表计编号,统一社会信用代码,计量项目,数据形式,单位,分辨率,生效日期\n"
READINGS = "表计编号,计量项目,开始时间,结束时间,读数,单位\n"
QUARTER = "M1,购入电量,2026-09-01 00:{0:02},2026-09-01 00:{1:02},{2},kWh\n"


def meter(sheet, name, code=FIRST):
    row = f"{name},{code},购入电量,区间量,kWh,0.01,2018-01-01\n"
    assert imports.import_file(sheet(f"{name}.csv", METERS + row), SYSTEM).complete


def read(sheet, *values, viewer=SYSTEM, name="readings.csv"):
    rows = (QUARTER.format(15 * n, 15 * n + 15, v) for n, v in enumerate(values))
    return imports.import_file(sheet(name, READINGS + "".join(rows)), viewer)


def known(home, sql, start=(2018, 1, 1), end=(2027, 1, 1)):
    lake = Readings(home / "lake")
    with duckdb.connect() as con:
        span = (dt.datetime(*d, tzinfo=dt.UTC) for d in (start, end))
        lake.known(con, None, *span, lake.watermark)
        return con.execute(sql).fetchall()


def test_readings_reach_the_lake_through_a_registered_channel(firms, sheet, home):
    meter(sheet, "M1")
    batch = read(sheet, "12.5", "12.25")
    assert (2, 2, 0) == (batch.good, batch.readings, batch.bad)
    channel = registry.Channel.objects.get()
    assert (1, firms[FIRST], "M1", "electricity.purchased", "kWh", 2) == (
        channel.id, channel.subject, channel.meter, channel.item, channel.unit, channel.scale,
    )  # fmt: skip
    assert [(1, 1250), (1, 1225)] == known(
        home, "SELECT channel, value FROM readings ORDER BY start_utc"
    )


def test_readings_of_an_unknown_meter_are_refused_with_what_to_do(firms, sheet):
    batch = read(sheet, "12.5")
    assert (0, 1) == (batch.good, batch.bad)
    (line,) = imports.report_lines(batch, 9)
    assert "import_meter_unknown" == line["code"]
    assert "表计 M1 没有登记" in line["zh"]
    assert "Meter M1 is not registered" in line["en"]
    assert not registry.Channel.objects.exists()


def test_a_meter_counts_in_its_own_unit(firms, sheet, home):
    """Readings come in kWh; the register counts hundredths of a MWh."""
    row = f"M9,{FIRST},购入电量,区间量,MWh,0.01,2018-01-01\n"
    assert imports.import_file(sheet("m.csv", METERS + row), SYSTEM).complete
    lines = ("M9,购入电量,2026-09-01 00:{:02},2026-09-01 00:{:02},{},kWh\n".format(*r)
             for r in ((0, 15, "120"), (15, 30, "125")))  # fmt: skip
    batch = imports.import_file(sheet("r.csv", READINGS + "".join(lines)), SYSTEM)
    assert (1, 1) == (batch.good, batch.bad)
    assert [(12,)] == known(home, "SELECT value FROM readings")


def test_a_multiplier_of_the_file_is_a_fact_of_the_channel(firms, sheet):
    header = METERS.replace("生效日期", "倍率,生效日期")
    row = f"M1,{FIRST},购入电量,表底,kWh,0.01,600,2018-01-01\n"
    assert imports.import_file(sheet("m.csv", header + row), SYSTEM).complete
    channel = registry.Channel.objects.get()
    assert (1, "register", "600", firms[FIRST]) == (
        channel.id, channel.kind, channel.multiplier, channel.subject,
    )  # fmt: skip
    again = row.replace("600,2018-01-01", "800,2026-01-01")
    assert imports.import_file(sheet("n.csv", header + again), SYSTEM).complete
    channel.refresh_from_db()
    assert "800" == channel.multiplier


def test_a_file_cannot_change_what_readings_mean(firms, sheet):
    meter(sheet, "M1")
    row = f"M1,{FIRST},购入电量,区间量,MWh,0.01,2026-01-01\n"
    batch = imports.import_file(sheet("m.csv", METERS + row), SYSTEM)
    assert (0, 1) == (batch.good, batch.bad)
    (line,) = imports.report_lines(batch, 9)
    assert "import_channel_fixed" == line["code"]
    assert "表计 M1 的数据形式、单位或分辨率" in line["zh"]
    assert "Meter M1 is registered with another kind" in line["en"]
    assert "kWh" == registry.Channel.objects.get().unit


def test_a_trial_gives_no_numbers(firms, sheet):
    row = f"M1,{FIRST},购入电量,区间量,kWh,0.01,2018-01-01\n"
    assert 1 == imports.import_file(sheet("m.csv", METERS + row), SYSTEM, dry_run=True).good
    assert not registry.Channel.objects.exists()


def test_an_enterprise_brings_readings_of_its_own_meters_only(firms, sheet):
    meter(sheet, "M1", SECOND)
    viewer = looks(person("jia", Role.ENTERPRISE, subject=firms[FIRST]))
    assert 0 == read(sheet, "1", viewer=viewer).good
    other = looks(person("yi", Role.ENTERPRISE, subject=firms[SECOND]))
    assert 1 == read(sheet, "1", viewer=other, name="again.csv").good


def test_a_channel_keeps_its_resolution_and_refuses_what_is_finer(firms, sheet):
    meter(sheet, "M1")
    batch = read(sheet, "12.5", "12.255")
    assert (1, 1) == (batch.good, batch.bad)
    (line,) = imports.report_lines(batch, 9)
    assert "import_reading_too_fine" == line["code"]
    assert "2 位小数" in line["zh"]
    assert "2 decimals" in line["en"]


def test_corrected_readings_supersede(firms, sheet, home):
    meter(sheet, "M1")
    read(sheet, "12.5")
    read(sheet, "13", name="corrected.csv")
    assert [(1300,)] == known(home, "SELECT value FROM readings")


REGISTER = (
    "表计编号,统一社会信用代码,计量项目,数据形式,单位,分辨率,倍率,位数,采集间隔秒,额定值,"
    "上级表计,安装位置,准确度等级,检定到期,来源网关,生效日期\n"
)
ABOVE = f"总表,{FIRST},购入电量,表底,kWh,0.01,600,8,900,1250,,总降,0.5S,2027-06-30,,2024-01-01\n"


def below(name, parent="总表", *, code=FIRST, since="2024-01-01", gateway="", rated="250"):
    start = f"{name},{code},购入电量,区间量,kWh,0.01,1,,900,{rated},{parent}"
    return f"{start},一车间,1,2027年6月30日,{gateway},{since}\n"


def register(sheet, *rows, name="register.csv", dry_run=False):
    return imports.import_file(sheet(name, REGISTER + "".join(rows)), SYSTEM, dry_run=dry_run)


def refusals(batch):
    return {(line["row"], line["code"]) for line in imports.report_lines(batch, 99)}


def test_every_column_of_the_register_is_a_dated_fact(firms, sheet):
    gateway, _ = metering.create_gateway("一号网关", firms[FIRST], author="test")
    # the meter above may stand below in the file
    assert register(sheet, below("支表", gateway=gateway.uid), ABOVE).complete
    main, part = (metering.Meter.objects.get(name=n) for n in ("总表", "支表"))
    assert (main.id, "一车间", "1", dt.date(2027, 6, 30), gateway.source) == (
        part.parent, part.location, part.accuracy, part.calibration_due, part.source,
    )  # fmt: skip
    assert (None, "总降", "0.5S", "") == (
        main.parent, main.location, main.accuracy, main.source,
    )  # fmt: skip
    channel = registry.Channel.objects.get(meter="总表")
    assert ("register", 8, 900, "1250", "600") == (
        channel.kind, channel.digits, channel.interval_s, channel.rated, channel.multiplier,
    )  # fmt: skip
    (said,) = facts.facts_of(part.id, "meter.parent")
    assert (dt.date(2024, 1, 1), id_text(main.id), "总表") == (
        said.valid_from, said.text, said.reported,
    )  # fmt: skip


def test_the_same_register_again_changes_nothing_and_a_corrected_one_supersedes(firms, sheet):
    register(sheet, ABOVE, below("支表"))
    before = facts.Fact.objects.count()
    assert register(sheet, ABOVE, below("支表")).repeated
    again = register(sheet, below("支表"), ABOVE, name="again.csv")
    assert (2, 0, before) == (again.good, again.new, facts.Fact.objects.count())
    corrected = below("支表", rated="300").replace("一车间", "二车间")
    batch = register(sheet, ABOVE, corrected, name="corrected.csv")
    assert (1, 0) == (batch.superseded, batch.new)
    assert "二车间" == metering.Meter.objects.get(name="支表").location
    assert "300" == registry.Channel.objects.get(meter="支表").rated
    # the place and the rated power, and nothing else
    assert before + 2 == facts.Fact.objects.count()


def test_a_later_row_holds_from_its_day_and_a_revision_brings_back_what_was_said(firms, sheet):
    register(sheet, ABOVE, below("支表"))
    register(sheet, below("支表", "", since="2026-01-01", rated="400"), name="later.csv")
    number = registry.Channel.objects.get(meter="支表").id
    for day, rated in ((dt.date(2025, 6, 1), "250"), (dt.date(2026, 6, 1), "400")):
        assert rated == metering.attributes([number], day)[number]["channel.rated"]
    register(sheet, below("支表", since="2026-01-01", rated="500"), name="five.csv")
    head, row = REGISTER.strip() + ",修订号\n", below("支表", since="2026-01-01", rated="400")
    imports.import_file(sheet("back.csv", head + row.strip() + ",2\n"), SYSTEM)
    assert "400" == registry.Channel.objects.get(meter="支表").rated


def test_a_row_that_ends_says_nothing_of_later_days(firms, sheet):
    head = METERS.replace("生效日期", "额定值,生效日期,失效日期")
    row = f"M1,{FIRST},购入电量,区间量,kWh,0.01,250,2024-01-01,2025-01-01\n"
    assert imports.import_file(sheet("m.csv", head + row), SYSTEM).complete
    number = registry.Channel.objects.get().id
    on = {d: metering.attributes([number], dt.date(d, 6, 1))[number] for d in (2024, 2025)}
    assert ("250", None) == (on[2024]["channel.rated"], on[2025].get("channel.rated"))


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_meter_above_that_nobody_registered_is_refused(firms, sheet, dry_run):
    batch = register(sheet, below("支表", "没有"), below("孙表", "支表"), dry_run=dry_run)
    unknown = "import_parent_unknown"
    if dry_run:
        assert {unknown: 2} == batch.checked.report.counts()
        return
    # what stands below a refused row has nothing above it either
    assert {(2, unknown), (3, unknown)} == refusals(batch)
    line = imports.report_lines(batch, 9)[0]
    assert "「上级表计」没有 没有登记" in line["zh"]
    assert "没有 is not registered and does not come with a good row" in line["en"]
    assert not registry.Channel.objects.exists()


def test_a_meter_above_of_another_enterprise_is_refused(firms, sheet):
    batch = register(sheet, ABOVE, below("外表", code=SECOND))
    assert {(3, "import_parent_other")} == refusals(batch)
    (line,) = imports.report_lines(batch, 9)
    assert "总表 属于另一企业" in line["zh"]
    assert "belongs to another enterprise" in line["en"]


def test_a_mapping_of_a_foreign_sheet_is_judged_the_same(firms, sheet, tmp_path):
    own = tmp_path / "own.toml"
    text = (
        resources.files("tanma.intake.tables").joinpath("packages/meters.toml").read_text("utf-8")
    )
    own.write_text(text, encoding="utf-8")
    rows = REGISTER + ABOVE + below("支表") + below("甲", "没有")
    batch = imports.import_file(sheet("foreign.csv", rows), SYSTEM, mapping=own)
    assert {(4, "import_parent_unknown")} == refusals(batch)
    main, part = (metering.Meter.objects.get(name=n) for n in ("总表", "支表"))
    assert main.id == part.parent


def test_meters_that_lie_above_each_other_are_refused(firms, sheet):
    batch = register(sheet, ABOVE, below("甲", "乙"), below("乙", "甲"), below("丙", "丙"))
    circle = "import_parent_circle"
    assert {(3, circle), (4, circle), (5, circle)} == refusals(batch)
    line = imports.report_lines(batch, 9)[0]
    assert "又回到本表计" in line["zh"]
    assert "leads back to it" in line["en"]


def test_a_gateway_that_may_not_bring_the_readings_is_refused(firms, sheet):
    other, _ = metering.create_gateway("外企网关", firms[SECOND], author="test")
    rows = (below("甲", "", gateway=g) for g in (other.uid,))
    batch = register(sheet, *rows, below("乙", "", gateway="没有"))
    assert {(2, "import_gateway_unknown"), (3, "import_gateway_unknown")} == refusals(batch)
    line = imports.report_lines(batch, 9)[1]
    assert "不是可为本企业送数的网关" in line["zh"]
    assert "is no gateway that may bring readings" in line["en"]


def test_rows_of_one_meter_must_agree(firms, sheet):
    second = ABOVE.replace("购入电量", "售出电量").replace("总降", "别处")
    batch = register(sheet, ABOVE, second, below("支表"))
    contradicted = "import_meter_contradicted"
    assert {(2, contradicted), (3, contradicted), (4, "import_parent_unknown")} == refusals(batch)
    line = imports.report_lines(batch, 9, code=contradicted)[0]
    assert "表计 总表 的几行" in line["zh"]
    assert "Rows of meter 总表 say different things" in line["en"]


@pytest.mark.parametrize(("resolution", "scale"), [("1", 0), ("0.01", 2), ("0.010", 2), ("10", 0)])
def test_scale_of_a_resolution(resolution, scale):
    assert scale == scale_of(resolution)


def test_a_real_year_of_a_steel_mill(firms, sheet, home, real_data):
    """UCI 851: 35,040 intervals from 2018-01-01 00:00 in Seoul, 959.64 MWh, no day torn."""
    meter(sheet, "uci-851-steel")
    (path,) = (real_data / "uci_steel").glob("*.csv")
    batch = imports.import_file(path, SYSTEM, package="uci_steel")
    assert (35_040, 35_040, 0) == (batch.rows, batch.good, batch.bad)
    ((count, first),) = known(
        home, "SELECT count(*), min(start_utc)::TEXT FROM readings", (2017, 12, 1), (2019, 2, 1)
    )
    assert (35_040 - missing(batch), FIRST_UTC) == (count, first)
    lake = Readings(home / "lake")
    with duckdb.connect() as con:
        days = (dt.date(2018, 1, 1), dt.date(2019, 1, 1))
        lake.daily(con, None, *days, "Asia/Seoul", lake.watermark)
        rows = con.execute(
            "SELECT day, value::BIGINT, readings, crossing FROM daily ORDER BY day"
        ).fetchall()
    assert 365 == len(rows)
    assert 959.64 == round(sum(v for _, v, _, _ in rows) / 100_000, 2)
    assert {0} == {crossing for _, _, _, crossing in rows}
    assert sums_of_file(path) == {day: value for day, value, _, _ in rows}


def missing(batch):
    """Readings known to be missing: rows of zeros that the report names."""
    return len(imports.report_lines(batch, 99, code="reading_zero_missing"))


def sums_of_file(path):
    """The same days, added up with nothing but the csv module: 00:00 closes the day before."""
    import csv
    from decimal import Decimal

    sums: dict[dt.date, int] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            # the file writes the closing midnight with the date of the day it closes
            day = dt.datetime.strptime(row["date"].split()[0], "%d/%m/%Y").date()  # noqa: DTZ007
            sums[day] = sums.get(day, 0) + int(Decimal(row["Usage_kWh"]) * 100)
    return sums
