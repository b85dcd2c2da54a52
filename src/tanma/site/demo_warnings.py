"""Warnings of the demo: enterprises of the attention list, each at another point of its case.

They are sent by the bureau's account and answered by the one of a service station, which acts for
these enterprises; every step is taken as on the page.
"""

from __future__ import annotations

from datetime import date

AGENT = "agent"
"""The account that answers for the enterprises."""
NOTE = "演示：贵单位列入碳效关注清单，请在期限内提交整改措施或情况说明。"
Story = tuple[tuple[str, str, str], ...]
"""(account, move, note) after the warning was sent."""
EXPLAINED = (AGENT, "explain", "演示：三季度大修停产两周，产值下降，设备待机用能未同步减少。")
MEASURES = (AGENT, "measures", "演示：更换两台空压机，加装余热回收，四季度完成。")
STORIES: tuple[Story, ...] = (
    (),
    (MEASURES,),
    (EXPLAINED, ("bureau", "return", "演示：请附停产期间的用电和产量记录。")),
    (MEASURES, ("bureau", "accept", "演示：措施可行，请按期落实。")),
    (
        MEASURES, ("bureau", "accept", ""),
        (AGENT, "report", "演示：设备已更换，十一月单位产品电耗下降 8%。"),
        ("bureau", "close", "演示：现场核实，予以办结。"),
    ),
)  # fmt: skip


def send() -> None:
    """A warning for each story, to the enterprises with the most reasons."""
    from tanma.apps.attention import door as attention
    from tanma.apps.cases import door as cases
    from tanma.apps.codes import door as codes
    from tanma.apps.people import door as people

    run = codes.latest()
    if run is None:
        return
    subjects = [item.subject for item in attention.listed(run)][: len(STORIES)]
    _act_for(subjects)
    attention.warn(people.viewer_of("bureau"), run, subjects, NOTE)
    for subject, story in zip(subjects, STORIES, strict=False):
        case = cases.Case.objects.get(workflow="attention", subject=subject)
        for account, move, note in story:
            case = cases.take(case, move, people.viewer_of(account), note)


def _act_for(subjects: list[int]) -> None:
    """Let the service station act for these enterprises."""
    from tanma.apps.people import door as people

    station, _ = people.Organisation.objects.get_or_create(name_zh="企业能碳服务站（演示）")
    user = people.User.objects.get(username=AGENT)
    for subject in subjects:
        people.Membership.objects.create(
            user=user, organisation=station, role="enterprise", subject=subject,
            valid_from=date(2020, 1, 1),
        )  # fmt: skip
