"""The table of Meta's errors in template management, by `code` and `error_subcode`.

Unlike on sending, the subcode matters here, and the user texts (`error_user_title`, `error_user_msg`) say what is
wrong. They are in the account's language, so they are shown and never compared (docs/reference/whatsapp-cloud-api.md,
sections 2.1 and 4.5).
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from whatsapp_provider.api.answers import Refused
from whatsapp_provider.api.errors import TOKEN_CODES
from whatsapp_provider.ends import RepairNeeded, TryLater
from whatsapp_provider.masking import plain


class Kind(enum.StrEnum):
    """What an error affects."""

    ACCOUNT = "account"
    """The whole account, until somebody acts."""
    LATER = "later"
    """The account has used up its calls of this hour."""
    EXISTS = "exists"
    """The template exists already: read it."""
    TEMPLATE = "template"
    """This template alone; the others go on."""
    UNCLEAR = "unclear"
    """Perhaps done, perhaps not: list again, and repeat what was not done."""


@dataclass(frozen=True)
class Rule:
    """A row of the table.

    Attributes:
        codes: Meta's `error.code`.
        kind: What it affects.
        meaning: What happened and what to do, without the full stop.
        subcode: `error_subcode`; None for any.
    """

    codes: tuple[int, ...]
    kind: Kind
    meaning: str
    subcode: int | None = None


INVALID = 100
"""The code under which Meta refuses templates; the subcode says why."""
INVISIBLE_OBJECT = 33
"""The subcode for an id that does not exist or that the token may not see (Meta does not say which)."""

_INVISIBLE = Rule(
    (33,),
    Kind.ACCOUNT,
    "Meta knows no such template, or the token may not see it; see in WhatsApp Manager whether somebody has deleted it",
)
INVISIBLE: Mapping[str, tuple[Kind, str]] = {
    "phone_number_id": (
        Kind.ACCOUNT,
        "Meta knows no phone number of this id, or the token may not see it; compare phone_number_id in the connection"
        " with WhatsApp Manager (API setup): it is not the number itself",
    ),
    "waba_id": (
        Kind.ACCOUNT,
        "Meta knows no account of this id, or the token may not see it; compare waba_id in the connection with WhatsApp"
        " Manager (API setup)",
    ),
    # The account was listed before, so only the app is wrong: templates without a picture go on.
    "app_id": (
        Kind.TEMPLATE,
        "Meta knows no app of this id, or the token may not see it; compare app_id in the connection with the app's"
        " dashboard",
    ),
}
"""The same of an id that a connection has, by its key: what it affects, and what to compare."""

RULES: tuple[Rule, ...] = (
    Rule(
        (104, *sorted(TOKEN_CODES)),
        Kind.ACCOUNT,
        "the access token has expired or was revoked; put a new system-user token into the connection's password",
    ),
    Rule(
        (3, 10, *range(200, 300), 131005),
        Kind.ACCOUNT,
        "the token may not manage templates; give its user whatsapp_business_management on this account",
    ),
    _INVISIBLE,
    replace(_INVISIBLE, codes=(INVALID,), subcode=INVISIBLE_OBJECT),
    Rule(
        (12, 2635),
        Kind.ACCOUNT,
        "Meta no longer has this version of the Graph API; raise api_version in the connection",
    ),
    Rule(
        (803, 2500, 2501, 1609005),
        Kind.ACCOUNT,
        "Meta does not know the address that the request went to; compare api_version and the host in the connection"
        " with Meta's documentation",
    ),
    Rule(
        (368, 131031),
        Kind.ACCOUNT,
        "Meta has blocked or locked the account for a policy violation; read its status in WhatsApp Manager and appeal"
        " there",
    ),
    Rule(
        (4, 17, 32, 341, 613, *range(80000, 80100)),
        Kind.LATER,
        "the account or the app has used up its calls of this hour; run it again later",
    ),
    Rule((1, 2, 131000, 131016), Kind.UNCLEAR, "Meta's service is unavailable for the moment"),
    Rule((INVALID,), Kind.EXISTS, "the template is there already", subcode=2388024),
    Rule(
        (INVALID,),
        Kind.ACCOUNT,
        "the account has as many templates as Meta lets it have; delete some that nobody uses in WhatsApp Manager, or"
        " have the business verified",
        subcode=2388019,
    ),
    Rule(
        (INVALID,),
        Kind.TEMPLATE,
        "Meta does not let it be edited now: an approved template may be edited once a day and ten times in 30 days, no"
        " template while it is reviewed",
        subcode=2388039,
    ),
    Rule(
        (INVALID,),
        Kind.TEMPLATE,
        "Meta did not take the example picture; it must be a JPEG or PNG of at most 5 MB",
        subcode=2388273,
    ),
)

OTHER_REFUSAL = Rule((), Kind.TEMPLATE, "Meta refused it")

_BY_CODE = {(code, rule.subcode): rule for rule in RULES for code in rule.codes}


def rule_for(code: int, subcode: int | None) -> Rule:
    """The row of a refusal; a row without a subcode is for all subcodes without a row of their own."""
    return _BY_CODE.get((code, subcode)) or _BY_CODE.get((code, None)) or OTHER_REFUSAL


class ManagementError(Exception):
    """A template request failed; the message is one sentence. Raised as one of the two classes below (`error_of`).

    Attributes:
        kind: What it affects.
        code: Meta's code; None if Meta has not refused it.
        subcode: Meta's subcode.
    """

    def __init__(self, kind: Kind, sentence: str, code: int | None = None, subcode: int | None = None) -> None:
        super().__init__(plain(sentence))
        self.kind = kind
        self.code = code
        self.subcode = subcode


class ManagementRefused(ManagementError, RepairNeeded):
    """Meta refused it, and will do so again until something is changed."""


class ManagementUnclear(ManagementError, TryLater):
    """The outcome is not known; a later try may succeed."""


def error_of(kind: Kind, sentence: str, code: int | None = None, subcode: int | None = None) -> ManagementError:
    """The exception for a kind of error."""
    return (ManagementUnclear if kind is Kind.UNCLEAR else ManagementRefused)(kind, sentence, code, subcode)


def refusal(conn_id: str, refused: Refused, said: str, key: str | None = None) -> ManagementError:
    """The exception for a refusal, with one sentence.

    Args:
        conn_id: The connection that was used.
        refused: Meta's refusal.
        said: Meta's text for users, masked.
        key: The key of `INVISIBLE` under which the connection has the id that was asked for, if it has.
    """
    rule = rule_for(refused.code, refused.subcode)
    if key and rule.meaning == _INVISIBLE.meaning:
        rule = replace(rule, kind=INVISIBLE[key][0], meaning=INVISIBLE[key][1])
    number = f"{refused.code}/{refused.subcode}" if refused.subcode else f"{refused.code}"
    again = f", in about {math.ceil(refused.retry_after / 60)} minutes" if refused.retry_after else ""
    sentence = f"{conn_id}: {rule.meaning}{again} ({number}: {said.rstrip('.')})."
    return error_of(rule.kind, sentence, refused.code, refused.subcode)
