"""People: users, organisations, memberships, consent, and the one policy function.

`viewer(request)` says who looks; `visible(viewer, queryset)` gives the rows they may see;
`viewer.may(action, subject)` and `viewer.require(...)` guard actions.
"""

from tanma.apps.people.models import Consent, Membership, Organisation, Role, User
from tanma.apps.people.policy import (
    ACTIONS,
    SYSTEM,
    ByUser,
    BySubject,
    Everyone,
    Grant,
    OfficeOnly,
    Viewer,
    set_placement,
    token_hash,
    viewer,
    viewer_of,
    visible,
)

__all__ = [
    "ACTIONS", "SYSTEM", "BySubject", "ByUser", "Consent", "Everyone", "Grant", "Membership",
    "OfficeOnly", "Organisation", "Role", "User", "Viewer", "set_placement", "token_hash",
    "viewer", "viewer_of", "visible",
]  # fmt: skip
