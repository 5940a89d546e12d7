"""Why a message was not sent: every reason, what it means, who acts on it, and whether it calls for a person."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class SkipReason(enum.StrEnum):
    """The value of `message_log.skip_reason`."""

    DUPLICATE = "duplicate"
    NO_PARTNER = "no_partner"
    PARTNER_INACTIVE = "partner_inactive"
    NO_PHONE = "no_phone"
    INVALID_PHONE = "invalid_phone"
    AMBIGUOUS_PHONE = "ambiguous_phone"
    NO_SENDER = "no_sender"
    NO_TEMPLATE = "no_template"
    NO_APPROVED_TEMPLATE = "no_approved_template"
    NO_CONSENT = "no_consent"
    ALREADY_IN_SHOP = "already_in_shop"
    OVER_LIMIT = "over_limit"
    NOT_DUE = "not_due"
    ESCALATED = "escalated"
    PAUSED = "paused"
    PARTNER_HOLIDAY = "partner_holiday"
    WAITS_FOR_MATERIAL = "waits_for_material"
    BAD_DATA = "bad_data"
    MOVED_ON = "moved_on"
    EXPIRED = "expired"
    NO_COMMON_HOURS = "no_common_hours"
    REFUSED_TODAY = "refused_today"
    NO_PICTURE = "no_picture"
    OUTSIDE_24H_WINDOW = "outside_24h_window"
    STALE_EVENT = "stale_event"
    STATE_MISMATCH = "state_mismatch"
    NO_TEMPLATE_FOR_EVENT = "no_template_for_event"
    OPTED_OUT = "opted_out"
    PROMISED = "promised"
    ANSWERED = "answered"
    UNREACHABLE = "unreachable"
    CONTROL_GROUP = "control_group"
    NOT_APPROVED = "not_approved"
    HELD = "held"


@dataclass(frozen=True)
class Explanation:
    """One row of the table.

    Attributes:
        meaning: What happened, for operations.
        acts: Who can change it: `nobody` (as it should be), `operations` or `engineer`.
        escalates: Whether a run that keeps being skipped for this needs a person.
    """

    meaning: str
    acts: str
    escalates: bool


EXPLANATIONS: dict[SkipReason, Explanation] = {
    SkipReason.DUPLICATE: Explanation(
        "The partner was told already: of this run today, or of this event.", "nobody", False
    ),
    SkipReason.NO_PARTNER: Explanation(
        "The run has no partner: a parent run that was split, or one that waits to be assigned.", "operations", False
    ),
    SkipReason.PARTNER_INACTIVE: Explanation("The partner is inactive, or was deleted.", "operations", True),
    SkipReason.NO_PHONE: Explanation(
        "No verified WhatsApp number and no active admin with a phone.", "operations", True
    ),
    SkipReason.INVALID_PHONE: Explanation("The partner's number is not a possible phone number.", "operations", True),
    SkipReason.AMBIGUOUS_PHONE: Explanation(
        "What was typed may be either of two numbers, and none is guessed: it lacks a + and the country code.",
        "operations",
        True,
    ),
    SkipReason.NO_SENDER: Explanation("No sender is configured for this number.", "engineer", False),
    SkipReason.NO_TEMPLATE: Explanation(
        "The catalog has no template for it in a language of the sender.", "engineer", False
    ),
    SkipReason.NO_APPROVED_TEMPLATE: Explanation(
        "On the sender's account the template is approved in no language that would do.",
        "engineer",
        True,
    ),
    SkipReason.NO_CONSENT: Explanation(
        "The partner, or whoever has the phone, said not to be written to (in any conversation of the shop's inbox).",
        "operations",
        True,
    ),
    SkipReason.ALREADY_IN_SHOP: Explanation(
        "The shop's own flow reminded of this run today, by its inbox or its mark.", "nobody", False
    ),
    SkipReason.OVER_LIMIT: Explanation(
        "More messages were due than the run may send; least recently reminded runs go first.", "operations", False
    ),
    SkipReason.NOT_DUE: Explanation(
        "By setting cadence the run is not to be reminded today.",
        "nobody",
        False,
    ),
    SkipReason.ESCALATED: Explanation(
        "The run was reminded as often as setting max_reminders allows; now a person is called.", "operations", True
    ),
    SkipReason.PAUSED: Explanation(
        "The partner is left alone, or nobody is written to of this run: somebody has said so until a day (on its"
        " page), or setting partners or runs does, for now or never.",
        "operations",
        False,
    ),
    SkipReason.PARTNER_HOLIDAY: Explanation(
        "It is a holiday of the partner's own (setting partners).",
        "nobody",
        False,
    ),
    SkipReason.WAITS_FOR_MATERIAL: Explanation(
        "Material that was ordered for the run has not arrived, or a run of somebody else that it needs is not"
        " finished; its clock begins when the last of it is there.",
        "nobody",
        False,
    ),
    SkipReason.BAD_DATA: Explanation(
        "A column of the run's row holds what cannot be, or names what the shop does not have.",
        "engineer",
        True,
    ),
    SkipReason.MOVED_ON: Explanation(
        "Between planning and sending the run moved on, its partner or phone changed, or its digest was planned anew.",
        "nobody",
        False,
    ),
    SkipReason.EXPIRED: Explanation(
        "The message's day, or the recipient's part of it (setting partner_send_window), was over before it could be"
        " sent.",
        "engineer",
        False,
    ),
    SkipReason.NO_COMMON_HOURS: Explanation(
        "From the tick to the end of send_window it is never day for the recipient (setting partner_send_window);"
        " widen one of the two.",
        "operations",
        True,
    ),
    SkipReason.REFUSED_TODAY: Explanation(
        "Meta refused this number today for the recipient's own sake; it is not tried again the same day.",
        "operations",
        False,
    ),
    SkipReason.NO_PICTURE: Explanation(
        "The design has no picture that Meta would take, and the text without one is not approved.", "operations", True
    ),
    SkipReason.OUTSIDE_24H_WINDOW: Explanation(
        "A picture or link that follows a template may only be sent to who wrote to us within the last 24 hours.",
        "nobody",
        False,
    ),
    SkipReason.STALE_EVENT: Explanation(
        "The event was older than setting event_max_age when it was looked at.", "engineer", False
    ),
    SkipReason.STATE_MISMATCH: Explanation("The run is not as the event says, or not this partner's.", "nobody", False),
    SkipReason.NO_TEMPLATE_FOR_EVENT: Explanation("Nothing is to be said to a partner of this event.", "nobody", False),
    SkipReason.OPTED_OUT: Explanation(
        "The partner has opted out: by STOP on that phone (their own START takes it back), or a person entered it; or"
        " out of MARKETING templates, where the message is one.",
        "operations",
        False,
    ),
    SkipReason.PROMISED: Explanation(
        "The partner has promised a day by which the run moves; they are reminded on the sending day after it.",
        "nobody",
        False,
    ),
    SkipReason.ANSWERED: Explanation(
        "The partner has answered and nobody has read it yet (setting pause_on_answer), or what they wrote sounds like"
        " STOP and nobody has decided; see the open escalations.",
        "operations",
        False,
    ),
    SkipReason.NOT_APPROVED: Explanation(
        "By setting approve_first somebody is to see the tick's messages first: nobody had approved this one in time,"
        " or it was not among those that were seen.",
        "operations",
        False,
    ),
    SkipReason.HELD: Explanation(
        "Somebody held the day's tick (page Before the tick) when the time in which it waits for approval was over.",
        "operations",
        False,
    ),
    SkipReason.UNREACHABLE: Explanation(
        "Three messages in a row were never delivered to the partner's phone; a person calls them.", "operations", True
    ),
    SkipReason.CONTROL_GROUP: Explanation(
        "The reminder was held back to see what reminders do (setting control_share): the partner was drawn for this"
        " fortnight, and the run stands still for the first time. After a fortnight at most they are reminded.",
        "nobody",
        False,
    ),
}
