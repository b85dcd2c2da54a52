"""The one policy function: which rows a viewer may see, and what a viewer may do.

Every model that a page, export, route or task shows declares `row_policy`. `visible` turns it into
a filter; nothing else in the product filters rows by right. A model without a policy raises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tanma.apps.facts import door as facts
from tanma.apps.people.models import ApiToken, Consent, Membership, Role, User

M = TypeVar("M", bound=Model)

OFFICE: set[str] = {Role.ADMIN, Role.BUREAU, Role.REVIEWER, Role.CHECKER, Role.PUBLISHER}

ACTIONS: dict[str, set[str]] = {
    "see_figures": {*OFFICE, Role.ENTERPRISE},
    "see_basis": {*OFFICE, Role.ENTERPRISE},
    "see_statistical": {*OFFICE, Role.ENTERPRISE},
    "use_desk": OFFICE,
    "import": {Role.ADMIN, Role.BUREAU},
    "decide": {Role.ADMIN, Role.BUREAU},
    "start_run": {Role.ADMIN, Role.BUREAU},
    "review_run": {Role.REVIEWER},
    "check_run": {Role.CHECKER},
    "publish_run": {Role.PUBLISHER},
    "draft_rules": {Role.ADMIN, Role.BUREAU},
    "review_rules": {Role.REVIEWER, Role.CHECKER},
    "release_rules": {Role.PUBLISHER},
    "declare": {Role.ENTERPRISE},
    "object": {Role.ENTERPRISE},
    "consent": {Role.ENTERPRISE},
    "manage_meters": {Role.ADMIN, Role.BUREAU, Role.ENTERPRISE},
    "see_lake": {Role.ADMIN},
    "manage_users": {Role.ADMIN},
}
"""action → the roles that allow it. Area and subject of the membership limit it further."""
REGION_WIDE = {
    "start_run", "review_run", "check_run", "publish_run", "draft_rules", "review_rules",
    "release_rules",
}  # fmt: skip
"""What touches every enterprise: only for an office whose areas hold them all."""


@dataclass(frozen=True)
class Grant:
    """One membership that is valid today."""

    role: str
    area_code: str = ""
    subject: int | None = None


@dataclass(frozen=True)
class Viewer:
    """Who looks: an anonymous visitor has no grants."""

    user_id: int | None = None
    name: str = ""
    grants: tuple[Grant, ...] = ()
    consented: frozenset[int] = frozenset()

    @property
    def office(self) -> bool:
        return any(g.role in OFFICE for g in self.grants)

    @property
    def own_subjects(self) -> frozenset[int]:
        return frozenset(g.subject for g in self.grants if g.subject is not None)

    @property
    def area_codes(self) -> tuple[str, ...]:
        """Areas of the official roles; "" stands for the whole region."""
        return tuple(sorted({g.area_code for g in self.grants if g.role in OFFICE}))

    @property
    def whole_region(self) -> bool:
        """An official whose areas hold every enterprise that lies in an area."""
        return _hold_all(self.area_codes)

    def may(self, action: str, subject: int | None = None) -> bool:
        """Whether an action is allowed, for one subject where it has one."""
        grants = [g for g in self.grants if g.role in ACTIONS[action]]
        if action in REGION_WIDE:
            return bool(grants) and _hold_all(g.area_code for g in grants)
        if subject is None:
            return bool(grants)
        if action in {"see_figures", "see_basis"} and subject in self.consented:
            return True
        if action == "see_statistical" and not statistics_open(subject):
            grants = [g for g in grants if g.role not in OFFICE]
        return any(_covers(g, subject) for g in grants)

    def acting(self, roles: Iterable[str], subjects: Collection[int]) -> set[int]:
        """Those of some subjects for which one of these roles is held: cases name roles."""
        wanted = set(roles)
        held = [covered(g, subjects) for g in self.grants if g.role in wanted]
        return set[int]().union(*held)

    def require(self, action: str, subject: int | None = None) -> None:
        if not self.may(action, subject):
            raise PermissionDenied(action)


CONSENT = "consent.statistical"
"""The dated fact with which an enterprise lets its single figures be used."""


def statistics_open(subject: int) -> bool:
    """Whether a legal basis or the enterprise's consent lets officials see its single figures."""
    if settings.TANMA.legal_basis:
        return True
    said = facts.current(facts.facts_of(subject, CONSENT))
    return any(f.text and f.valid_from <= today() < f.valid_to for f in said)


def _hold_all(area_codes: Iterable[str]) -> bool:
    codes = list(area_codes)
    if "" in codes or not codes:
        return bool(codes)
    inside = _placement(codes)
    return not inside.model.objects.exclude(subject__in=inside.values("subject")).exists()


def _covers(grant: Grant, subject: int) -> bool:
    return subject in covered(grant, {subject})


def covered(grant: Grant, subjects: Collection[int]) -> set[int]:
    """Those of some subjects that a grant is about."""
    if grant.subject is not None:
        return {grant.subject} & set(subjects)
    if grant.role not in OFFICE:
        return set()
    if not grant.area_code:
        return set(subjects)
    inside = _placement([grant.area_code]).filter(subject__in=list(subjects))
    return set(inside.values_list("subject", flat=True))


SYSTEM = Viewer(name="system", grants=(Grant(Role.ADMIN),))
"""For the command line of the operator, who holds the database anyway."""


def viewer(request: HttpRequest) -> Viewer:
    """The viewer of a request: memberships valid today, and consent links opened in the session."""
    cached = getattr(request, "_tanma_viewer", None)
    if cached is None:
        cached = request._tanma_viewer = _viewer(request)  # type: ignore[attr-defined]
    return cached


def has_office(request: HttpRequest) -> bool:
    """Whether whoever asks holds an office role."""
    return viewer(request).office


def _viewer(request: HttpRequest) -> Viewer:
    consented = _consented(request)
    user = request.user
    if not user.is_authenticated:
        return Viewer(consented=consented)
    grants = grants_of(user.pk)
    own = frozenset(g.subject for g in grants if g.subject is not None)
    return Viewer(user.pk, _called(user), grants, consented | _members(own))


def _called(user: object) -> str:
    """As records name a person; a user name without a name of the person may be longer."""
    return str(user)[:80]


def today() -> date:
    return date.today()  # noqa: DTZ011 - memberships and consent are dated in local days


def grants_of(user_id: int) -> tuple[Grant, ...]:
    rows = Membership.objects.filter(user=user_id, valid_from__lte=today(), valid_to__gt=today())
    return tuple(Grant(m.role, m.area_code, m.subject) for m in rows)


def viewer_of(username: str) -> Viewer:
    """The viewer that a user is outside a request: tasks and the command line."""
    user = User.objects.get(username=username)
    return Viewer(user.pk, _called(user), grants_of(user.pk))


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _consented(request: HttpRequest) -> frozenset[int]:
    tokens = request.session.get("consents", []) if hasattr(request, "session") else []
    if not tokens:
        return frozenset()
    live = Consent.objects.filter(
        token_hash__in=tokens, expires_at__gt=timezone.now(), revoked_at=None
    )
    return frozenset(live.values_list("subject", flat=True))


# Which subjects lie in which areas is known to the registry, a room above; it registers itself.
Placement = Callable[[Iterable[str]], "QuerySet[Any]"]
_placement_source: list[Placement] = []


def set_placement(source: Placement) -> None:
    _placement_source[:] = [source]


Members = Callable[[frozenset[int]], frozenset[int]]
_members_source: list[Members] = []


def set_members(source: Members) -> None:
    """Who tells which enterprises let the heads of their groups see their figures."""
    _members_source[:] = [source]


def _members(heads: frozenset[int]) -> frozenset[int]:
    """Subjects that consented to be seen by enterprises of this viewer."""
    return _members_source[0](heads) if heads and _members_source else frozenset()


def _placement(area_codes: Iterable[str]) -> QuerySet[Any]:
    return _placement_source[0](area_codes)


@dataclass(frozen=True)
class Everyone:
    """Reference data: open to all."""

    def allows(self, viewer: Viewer) -> Q | None:
        return None


@dataclass(frozen=True)
class OfficeOnly:
    """Working material of the bureau."""

    def allows(self, viewer: Viewer) -> Q | None:
        return None if viewer.office else NOBODY


@dataclass(frozen=True)
class BySubject:
    """Rows about an enterprise: itself, officials of its area, and (if `consent`) its guests."""

    field: str = "subject"
    consent: bool = False

    def allows(self, viewer: Viewer) -> Q | None:
        if "" in viewer.area_codes:
            return None
        own = viewer.own_subjects | (viewer.consented if self.consent else frozenset())
        rule = Q(**{f"{self.field}__in": own}) if own else NOBODY
        if viewer.area_codes:
            inside = _placement(viewer.area_codes).values("subject")
            rule |= Q(**{f"{self.field}__in": inside})
        return rule


@dataclass(frozen=True)
class ByUser:
    """Personal rows: only their user."""

    field: str = "user"

    def allows(self, viewer: Viewer) -> Q | None:
        return Q(**{self.field: viewer.user_id}) if viewer.user_id else NOBODY


NOBODY = Q(pk__in=[])
# declared here, because the models of this room cannot import their own policy
Consent.row_policy = BySubject()  # type: ignore[attr-defined]


def visible(viewer: Viewer, queryset: QuerySet[M]) -> QuerySet[M]:
    """The rows of a queryset that the viewer may see."""
    policy = getattr(queryset.model, "row_policy", None)
    if policy is None:
        raise LookupError(f"{queryset.model.__name__} declares no row_policy; no page may show it")
    rule = policy.allows(viewer)
    return queryset if rule is None else queryset.filter(rule)


@dataclass(frozen=True)
class Managers:
    """Accounts and roles: whoever manages users; others see their own rows."""

    field: str = "user"

    def allows(self, viewer: Viewer) -> Q | None:
        if viewer.may("manage_users"):
            return None
        return ByUser(self.field).allows(viewer)


Membership.row_policy = Managers()  # type: ignore[attr-defined]
ApiToken.row_policy = ByUser()  # type: ignore[attr-defined]
