"""The table of Meta's error codes: what each means and what is done with the message.

Errors are classified by `code` and `details`, never by HTTP status, title or the localised user texts (Meta's "Error
codes" page; docs/reference/whatsapp-cloud-api.md, sections 2.2 and 2.3). A refusal is definite: the message was not
accepted, so sending it again never sends it twice.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass


class Action(enum.StrEnum):
    """What is done with a refused message."""

    RETRY_NOW = "retry_now"
    """Wait some seconds and send it again in the same task."""
    RETRY_LATER = "retry_later"
    """Leave it queued for a later try of the task."""
    GIVE_UP = "give_up"
    """Mark it as failed; the other messages go on."""
    STOP_SENDER = "stop_sender"
    """Every message of this sender would be refused: leave them queued and tell an engineer."""


@dataclass(frozen=True)
class Backoff:
    """The waits between tries.

    Attributes:
        first: Seconds before the first retry.
        factor: Each further wait is this many times longer.
        longest: The longest wait, in seconds.
        retries: How often a task itself retries; 0 if it does not.
        after_retries: What is done with the message after the last retry.
    """

    first: float
    factor: float
    longest: float
    retries: int
    after_retries: Action

    def seconds(self, refusals: int) -> float:
        """The wait after the n-th refusal (from 1)."""
        # A larger exponent would overflow.
        return min(self.first * self.factor ** min(refusals - 1, 30), self.longest)


_SHORT = Backoff(first=1, factor=2, longest=16, retries=5, after_retries=Action.RETRY_LATER)
_PAIR = Backoff(first=1, factor=4, longest=256, retries=3, after_retries=Action.RETRY_LATER)
_OUTAGE = Backoff(first=2, factor=2, longest=30, retries=3, after_retries=Action.RETRY_LATER)
_TWO_RETRIES = Backoff(first=2, factor=2, longest=8, retries=2, after_retries=Action.GIVE_UP)
_MAINTENANCE = Backoff(first=60, factor=2, longest=600, retries=0, after_retries=Action.RETRY_LATER)
_HOURLY = Backoff(first=300, factor=2, longest=3600, retries=0, after_retries=Action.RETRY_LATER)


@dataclass(frozen=True)
class Meaning:
    """A row of the table.

    Attributes:
        codes: Meta's `error.code`.
        action: What is done with the message.
        meaning: What happened.
        advice: What operations or an engineer should do, one sentence.
        backoff: The waits; set if and only if the action is a retry.
        recipient: It concerns this recipient alone, who gets nothing more on that day (`refused_today`).
        template: The template cannot be sent in this language on this account.
        token: It concerns the access token, which may be rotated at any moment.
    """

    codes: tuple[int, ...]
    action: Action
    meaning: str
    advice: str
    backoff: Backoff | None = None
    recipient: bool = False
    template: bool = False
    token: bool = False


_NOTHING = "Nothing to do; the message is sent again by itself."

INVISIBLE_OBJECT = Meaning(
    (33,),
    Action.STOP_SENDER,
    "The phone number id does not exist or this token may not see it",
    "Compare phone_number_id in the connection with WhatsApp Manager and give the token's user access to it.",
)
TRANSIENT = Meaning(
    (),
    Action.RETRY_NOW,
    "Meta refused it for a reason that is not in the table of error codes, and says that it will pass",
    "If it persists, read the details in the message log and Meta's status page.",
    _OUTAGE,
)
UNKNOWN_CODE = Meaning(
    (),
    Action.GIVE_UP,
    "Meta refused it for a reason that is not in the table of error codes",
    "Read the error's details in the message log and look the code up on Meta's error page.",
)

MEANINGS: tuple[Meaning, ...] = (
    # The sender: it can send nothing until somebody acts.
    Meaning(
        (0, 101, 102, 190, 459, 460, 463, 464, 467),
        Action.STOP_SENDER,
        "The access token has expired or was revoked",
        "Put a new system-user token into the password of the sender's connection.",
        token=True,
    ),
    Meaning(
        (104,),
        Action.STOP_SENDER,
        "The request came to Meta without an access token, or without the proof that Meta's app asks for",
        'See what a proxy on the way takes out of requests, and switch off "Require app secret" in the app.',
    ),
    # The form of the request, and so every request of this sender.
    Meaning(
        (12, 2635),
        Action.STOP_SENDER,
        "Meta no longer has this version of the Graph API",
        'Raise "api_version" in the extra of the sender\'s connection.',
    ),
    Meaning(
        (2500, 2501, 803, 1609005),
        Action.STOP_SENDER,
        "Meta does not know the address that the request went to",
        'Compare "api_version" and "phone_number_id" in the extra of the sender\'s connection, and its host, with'
        " WhatsApp Manager.",
    ),
    Meaning(
        (32,),
        Action.STOP_SENDER,
        "The user whose token this is has used up the calls of this hour",
        "Put a system user's token into the password of the sender's connection: its limit is the account's.",
    ),
    Meaning(
        (3, 10, *range(200, 300), 131005),
        Action.STOP_SENDER,
        "The token lacks a permission",
        "Give the token's user whatsapp_business_messaging on this account.",
    ),
    INVISIBLE_OBJECT,
    Meaning(
        (368, 131031),
        Action.STOP_SENDER,
        "Meta has blocked or locked the account for a policy violation",
        "Read the account's status in WhatsApp Manager and appeal there.",
    ),
    Meaning(
        (131042,),
        Action.STOP_SENDER,
        "The account cannot be billed",
        "Repair the payment method in Meta's Business Settings.",
    ),
    Meaning(
        (131045, 131037, 133006, 133010),
        Action.STOP_SENDER,
        "The sender's number is not registered or its display name is not approved",
        "Register the number and its display name in WhatsApp Manager.",
    ),
    Meaning(
        (133000, 133005, 133008, 133009, 133015, 133016),
        Action.STOP_SENDER,
        "The registration of the sender's number is unfinished",
        "Finish it in WhatsApp Manager.",
    ),
    Meaning(
        (131048,),
        Action.STOP_SENDER,
        "Too many messages of this number were blocked or reported",
        "Look at the number's quality in WhatsApp Manager and wait; sending on makes it worse.",
    ),
    Meaning(
        (131064,),
        Action.STOP_SENDER,
        "The account is limited because templates were declared in a wrong category",
        "Correct the categories; Meta lifts the limit by itself after its term.",
    ),
    # Retry.
    Meaning((130429,), Action.RETRY_NOW, "The number sends faster than it may", _NOTHING, _SHORT),
    # Meta's own schedule for a pair: 4^n seconds, n from 0.
    Meaning((131056,), Action.RETRY_NOW, "Too many messages to this one recipient in a short time", _NOTHING, _PAIR),
    Meaning((2, 131016, 133004), Action.RETRY_NOW, "Meta's service is unavailable for the moment", _NOTHING, _OUTAGE),
    Meaning(
        (1, 131000),
        Action.RETRY_NOW,
        "Meta does not know what went wrong",
        "If it persists, read the details in the message log and Meta's status page.",
        _TWO_RETRIES,
    ),
    Meaning((131057,), Action.RETRY_LATER, "Meta is maintaining the account", _NOTHING, _MAINTENANCE),
    Meaning(
        (4, 17, 341, 613, 80007, *(code for code in range(80000, 80100) if code != 80007)),
        Action.RETRY_LATER,
        "The app or the account has used up its calls of this hour",
        "See what else calls Meta with this app; the message is sent again by itself.",
        _HOURLY,
    ),
    # This recipient alone.
    Meaning(
        (131026,),
        Action.GIVE_UP,
        "The number cannot be reached: it is not on WhatsApp, or its app is too old",
        "Ask the partner for another number.",
        recipient=True,
    ),
    Meaning(
        (131049,),
        Action.GIVE_UP,
        "Meta withheld it: this person gets too many marketing messages",
        "Do not repeat it for 24 hours; on a utility template it means Meta has made it MARKETING.",
        recipient=True,
    ),
    Meaning(
        (131050,),
        Action.GIVE_UP,
        "This person has stopped marketing messages from us",
        "Respect it; on a utility template it means Meta has made it MARKETING.",
        recipient=True,
    ),
    Meaning((130472,), Action.GIVE_UP, "This person is in an experiment of Meta's", "Nothing to do.", recipient=True),
    Meaning((130403,), Action.GIVE_UP, "We have blocked this person", "Unblock them first.", recipient=True),
    Meaning(
        (130497,),
        Action.GIVE_UP,
        "This account may not write to this person's country",
        "Reach the partner another way.",
        recipient=True,
    ),
    # This template.
    Meaning(
        (132001,),
        Action.GIVE_UP,
        "The template does not exist or is not approved in this language on this account",
        "Submit it to this account; one that was just approved may take minutes to arrive.",
        template=True,
    ),
    Meaning(
        (132015,),
        Action.GIVE_UP,
        "The template is paused for its quality",
        "Wait until Meta lifts the pause, and change the text before the third one disables it.",
        template=True,
    ),
    Meaning(
        (132016,),
        Action.GIVE_UP,
        "The template is disabled for good",
        "Submit a new one under another name.",
        template=True,
    ),
    # This message.
    Meaning(
        (100, 131008, 131009, 131051, 135000),
        Action.GIVE_UP,
        "The request is wrong in itself",
        "Read the details in the message log: a value or a field is not what Meta expects.",
    ),
    Meaning((131021,), Action.GIVE_UP, "The recipient is the sender itself", "Correct the partner's number."),
    Meaning(
        (131030,),
        Action.GIVE_UP,
        "Meta's test numbers write only to numbers on their list",
        "Add the recipient to the list in the app's dashboard, or use a real number.",
    ),
    Meaning(
        (131047,),
        Action.GIVE_UP,
        "The person has not written to us in the last 24 hours, so only templates may be sent",
        "Send a template.",
    ),
    Meaning(
        (131052, 131053), Action.GIVE_UP, "The picture could not be fetched or used", "Use JPEG or PNG up to 5 MB."
    ),
    Meaning((131062,), Action.GIVE_UP, "The message cannot go to a user id", "Send it to the phone number."),
    Meaning(
        (131063,),
        Action.GIVE_UP,
        "The account may not send MARKETING templates, and Meta holds this one for one",
        "Have the template's category reviewed in WhatsApp Manager.",
    ),
    Meaning(
        (131055, 134100, 134101, 134102),
        Action.GIVE_UP,
        "It belongs to Meta's Marketing Messages API",
        "Check the template's category.",
    ),
    Meaning(
        (132000, 132008, 132012, 132018),
        Action.GIVE_UP,
        "The parameters do not fit the approved template",
        "Compare the catalog with the template in WhatsApp Manager.",
    ),
    Meaning((132005,), Action.GIVE_UP, "The filled-in text is too long", "Shorten the template's text."),
    Meaning((132007,), Action.GIVE_UP, "The text violates a policy", "Change the template's text."),
    Meaning((132021,), Action.GIVE_UP, "The template's name is taken by another kind", "Use another name."),
)
"""Every known code; the rows with `recipient` are the reason `refused_today`."""


@dataclass(frozen=True)
class DetailsRule:
    """A meaning that depends on the details of an error.

    Attributes:
        codes: The codes for which the details are read.
        pattern: What the details contain.
        meaning: The meaning if they do.
    """

    codes: frozenset[int]
    pattern: re.Pattern[str]
    meaning: Meaning


DETAILS_RULES: tuple[DetailsRule, ...] = (
    # Meta does not always send the subcode (33), but always this sentence.
    DetailsRule(
        frozenset({100}),
        re.compile(r"does not exist, cannot be loaded due to missing permissions", re.IGNORECASE),
        INVISIBLE_OBJECT,
    ),
    # The code of this error differs between versions of the Graph API.
    DetailsRule(
        frozenset({100, 132000, 132018}),
        re.compile(r"new-line/tab characters or more than 4 consecutive spaces", re.IGNORECASE),
        Meaning(
            (),
            Action.GIVE_UP,
            "A parameter has a newline, a tab or more than four spaces in a row",
            "Report it: cleaning should have removed them.",
        ),
    ),
    DetailsRule(
        frozenset({131052, 131053}),
        re.compile(r"http code (?:429|5\d\d)|timed? ?out", re.IGNORECASE),
        Meaning(
            (),
            Action.RETRY_NOW,
            "The picture's server did not answer Meta in time",
            "See whether the picture's address can be reached from outside.",
            _TWO_RETRIES,
        ),
    ),
)

RECIPIENT_CODES = frozenset(code for meaning in MEANINGS if meaning.recipient for code in meaning.codes)
"""Refusals that concern one recipient alone: no retry on that day, and no reason to call an engineer."""
TOKEN_CODES = frozenset(code for meaning in MEANINGS if meaning.token for code in meaning.codes)
"""Refusals of the access token; it may have been rotated before the next try."""
TOO_FAST = 130429
"""The sender exceeds its rate: it retries and also slows down."""

_BY_CODE = {code: meaning for meaning in MEANINGS for code in meaning.codes}
_INVISIBLE_OBJECT_SUBCODE = (100, 33)


def classify(code: int | None, details: str = "", subcode: int | None = None, *, transient: bool = False) -> Meaning:
    """Look up the meaning of a refusal.

    Args:
        code: `error.code`; None if there is none.
        details: `error_data.details`, or else the error's message.
        subcode: `error_subcode`; on sending only 100 with 33 is known.
        transient: `error.is_transient`; used only for a code that is not in the table.

    Returns:
        The row; for a code in no row `TRANSIENT` if Meta calls it transient, else `UNKNOWN_CODE`.
    """
    if code is None:
        return UNKNOWN_CODE
    if (code, subcode) == _INVISIBLE_OBJECT_SUBCODE:
        return INVISIBLE_OBJECT
    for rule in DETAILS_RULES:
        if code in rule.codes and rule.pattern.search(details):
            return rule.meaning
    return _BY_CODE.get(code, TRANSIENT if transient else UNKNOWN_CODE)


MAX_WAIT_IN_TASK = 30.0
"""The longest wait, in seconds, for a retry in the same task; for a longer one the message is queued again."""


@dataclass(frozen=True)
class NextStep:
    """The next step for a refused message.

    Attributes:
        action: The action of the table, or another one after too many tries.
        seconds: The wait before the retry; 0 if there is none.
    """

    action: Action
    seconds: float = 0.0


def next_step(meaning: Meaning, refusals: int, retry_after: float | None = None) -> NextStep:
    """Decide whether and when to retry a refused message.

    Args:
        meaning: The meaning of the latest refusal.
        refusals: The refusals of this message in this task, with the latest one.
        retry_after: Seconds that Meta asked for; the longer of this and the backoff is used.
    """
    if meaning.backoff is None:
        return NextStep(meaning.action)
    wait = max(meaning.backoff.seconds(refusals), retry_after or 0.0)
    action = meaning.action
    if action is Action.RETRY_NOW and refusals > meaning.backoff.retries:
        action = meaning.backoff.after_retries
    if action is Action.RETRY_NOW and wait > MAX_WAIT_IN_TASK:
        action = Action.RETRY_LATER
    return NextStep(action, wait if action in (Action.RETRY_NOW, Action.RETRY_LATER) else 0.0)
