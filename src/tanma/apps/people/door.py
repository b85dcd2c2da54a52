"""People: users, organisations, memberships, consent, and the one policy function.

`viewer(request)` says who looks; `visible(viewer, queryset)` gives the rows they may see;
`viewer.may(action, subject)` and `viewer.require(...)` guard actions. `holders` names the people of
a role, `write` sends one of them a letter in that person's language.
"""

from tanma.apps.people.letters import holders, speak, write
from tanma.apps.people.models import ApiToken, Consent, Membership, Organisation, Role, User
from tanma.apps.people.policy import (
    ACTIONS,
    SYSTEM,
    BySubject,
    ByUser,
    Everyone,
    Grant,
    OfficeOnly,
    Viewer,
    has_office,
    set_members,
    set_placement,
    token_hash,
    viewer,
    viewer_of,
    visible,
)
from tanma.apps.people.tokens import create_token, user_of_token

__all__ = [
    "ACTIONS", "SYSTEM", "ApiToken", "BySubject", "ByUser", "Consent", "Everyone", "Grant",
    "Membership", "OfficeOnly", "Organisation", "Role", "User", "Viewer", "create_token",
    "has_office", "holders", "set_members", "set_placement", "speak", "token_hash",
    "user_of_token", "viewer", "viewer_of", "visible", "write",
]  # fmt: skip
