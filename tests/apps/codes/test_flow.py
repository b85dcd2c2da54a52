"""The way of a run: three persons, preview, objections, publication, withdrawal."""

import time
from threading import Barrier, Thread

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from tanma.apps.codes import door as codes
from tanma.apps.codes import flow, objections
from tanma.apps.codes.models import Numbering, Objection, Run
from tanma.apps.people.door import Grant, Role, Viewer
from tanma.domain.messages import Problem
from tests.apps.region import PREVIEW, publish, viewer_of

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def all_roles(name):
    """One person who holds all three roles."""
    roles = (Role.REVIEWER, Role.CHECKER, Role.PUBLISHER)
    return Viewer(viewer_of(name).user_id, name, tuple(Grant(r) for r in roles))


def over(run):
    """The objection window of a run ends now."""
    Run.objects.filter(pk=run.pk).update(preview_until=timezone.now())
    return run


def problem(code, zh, en, call, *args, **kwargs):
    with pytest.raises(Problem) as told:
        call(*args, **kwargs)
    assert code == told.value.code
    assert zh in told.value.text("zh")
    assert en in told.value.text("en")


def test_one_person_cannot_take_two_of_the_three_steps(published):
    run = codes.compute("2026Q1", viewer_of("admin"))
    codes.take(run.id, "review", all_roles("reviewer"))
    problem(
        "run_same_person", "不同的人", "different persons",
        codes.take, run.id, "check", all_roles("reviewer"),
    )  # fmt: skip
    codes.take(run.id, "check", all_roles("checker"), preview_days=0)
    problem(
        "run_same_person", "不同的人", "different persons",
        codes.take, run.id, "publish", all_roles("reviewer"),
    )  # fmt: skip
    assert "published" == codes.take(run.id, "publish", all_roles("publisher")).state


def test_each_step_needs_its_role(published):
    run = codes.compute("2026Q1", viewer_of("admin"))
    for name in ("admin", "city", "checker", "publisher", "firm_a"):
        with pytest.raises(PermissionDenied):
            codes.take(run.id, "review", viewer_of(name))


def test_a_published_run_takes_no_step_but_withdrawal(published):
    run = published.run()
    for action, name in (("review", "reviewer"), ("check", "checker"), ("publish", "publisher"),
                         ("reject", "reviewer")):  # fmt: skip
        problem(
            "run_wrong_state", "不能执行", "not possible now",
            codes.take, run.id, action, viewer_of(name), note="x",
        )  # fmt: skip


def test_publication_waits_for_the_end_of_the_preview(published):
    run = published.run(PREVIEW)
    problem(
        "run_preview_open", "异议期", "cannot be published before",
        codes.take, run.id, "publish", viewer_of("publisher"),
    )  # fmt: skip
    published_run = codes.take(over(run).id, "publish", viewer_of("publisher"))
    assert 3 == published_run.number


def test_publication_waits_for_the_answers(published):
    run, subject = published.run(PREVIEW), published.subject("A")
    said = objections.file(viewer_of("firm_a"), subject, run.id, "五月电量有误")
    problem(
        "run_objections_open", "1 条企业异议", "1 objections",
        codes.take, over(run).id, "publish", viewer_of("publisher"),
    )  # fmt: skip
    objections.answer(viewer_of("city"), said.id, "已核对供电结算单，数据无误")
    assert "published" == codes.take(run.id, "publish", viewer_of("publisher")).state


@pytest.mark.django_db(transaction=True)
def test_two_publications_at_the_same_instant_get_numbers_one_after_the_other(
    published, monkeypatch
):
    """Neither fails, no number is left out, and the later one supersedes the earlier."""
    period, before = "2026Q1", Run.objects.filter(state="published").count()
    checked = [publish(period, upto="check") for _ in range(2)]
    together, failures, seals, record = Barrier(2), [], flow._seals, flow.record

    def sealed(run_id):
        together.wait(timeout=30)
        return seals(run_id)

    def slowly(*args):
        time.sleep(0.3)  # the number is given and not yet committed
        record(*args)

    monkeypatch.setattr(flow, "_seals", sealed)
    monkeypatch.setattr(flow, "record", slowly)

    def write(run):
        try:
            codes.take(run.id, "publish", viewer_of("publisher"))
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [Thread(target=write, args=(run,)) for run in checked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failures
    first, second = Run.objects.filter(period=period).order_by("number")
    assert (before + 1, before + 2) == (first.number, second.number)
    assert (None, first.pk) == (first.supersedes_id, second.supersedes_id)
    assert second.number == Numbering.objects.get().last


def test_a_later_run_of_the_same_period_supersedes_and_leaves_the_old_readable(published):
    old = published.run()
    again = codes.compute(old.period, viewer_of("admin"))
    for action, name in (("review", "reviewer"), ("check", "checker"), ("publish", "publisher")):
        again = codes.take(again.id, action, viewer_of(name), preview_days=0)
    assert old.pk == again.supersedes_id
    assert again.digest == old.digest
    assert 200 == published.client_of("city").get(f"/publications/{old.uid}/").status_code


def test_withdrawal_needs_a_notice(published):
    problem(
        "run_note_missing", "必须填写说明", "needs a note",
        codes.take, published.run().id, "withdraw", viewer_of("publisher"), note=" ",
    )  # fmt: skip


def test_a_rejected_run_is_over(published):
    run = published.run(PREVIEW)
    codes.take(run.id, "reject", viewer_of("reviewer"), note="数据有误")
    problem(
        "run_wrong_state", "已退回", "not possible now",
        codes.take, run.id, "publish", viewer_of("publisher"),
    )  # fmt: skip


# --- objections


def test_an_enterprise_objects_once_and_inside_the_window(published):
    run, subject, who = published.run(PREVIEW), published.subject("A"), viewer_of("firm_a")
    problem("objection_empty", "没有填写", "empty", objections.file, who, subject, run.id, " ")
    objections.file(who, subject, run.id, "五月电量有误")
    problem("objection_twice", "每期一次", "once per period",
            objections.file, who, subject, run.id, "再次")  # fmt: skip
    Objection.objects.all().delete()
    problem("objection_closed", "异议期已结束", "is over",
            objections.file, who, subject, over(run).id, "太晚")  # fmt: skip


def test_nobody_objects_for_another(published):
    for name in ("firm_b", "city"):
        with pytest.raises(PermissionDenied):
            objections.file(viewer_of(name), published.subject("A"), published.run(PREVIEW).id, "x")


def test_an_answer_stands(published):
    subject = published.subject("A")
    said = objections.file(viewer_of("firm_a"), subject, published.run(PREVIEW).id, "x")
    with pytest.raises(Objection.DoesNotExist):
        objections.answer(viewer_of("county2"), said.id, "答复")
    objections.answer(viewer_of("county1"), said.id, "答复")
    problem("objection_answered", "不能修改", "stands",
            objections.answer, viewer_of("city"), said.id, "另一个答复")  # fmt: skip
