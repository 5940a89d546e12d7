"""For what reasons a run needs a person: what each means, what it asks for, when it holds, and when it may go on."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason


class Reason(enum.StrEnum):
    """Why a run needs a person: the value of `escalation.reason`; where several hold, the first one stands."""

    MAYBE_OPT_OUT = "maybe_opt_out"
    ASKED_FOR_HELP = "asked_for_help"
    ANSWERED = "answered"
    BROKEN_PROMISE = "broken_promise"
    PARKED = "parked"
    PARTNER_INACTIVE = "partner_inactive"
    NO_PHONE = "no_phone"
    INVALID_PHONE = "invalid_phone"
    AMBIGUOUS_PHONE = "ambiguous_phone"
    NO_CONSENT = "no_consent"
    NOT_ON_WHATSAPP = "not_on_whatsapp"
    BAD_DATA = "bad_data"
    NO_APPROVED_TEMPLATE = "no_approved_template"
    NO_PICTURE = "no_picture"
    NO_COMMON_HOURS = "no_common_hours"
    UNREACHABLE = "unreachable"
    REMINDERS_USED_UP = "reminders_used_up"
    NO_REACTION = "no_reaction"
    LEFT_ALONE = "left_alone"


OF_ANSWERS = frozenset({Reason.MAYBE_OPT_OUT, Reason.ASKED_FOR_HELP, Reason.ANSWERED, Reason.BROKEN_PROMISE})
"""The reasons for which a partner's own words (or a promise of theirs) opened a row: each stands beside whatever a tick
finds out about the run, until the run moves or somebody closes it."""

TOLD_AT_ONCE = frozenset({Reason.MAYBE_OPT_OUT, Reason.ASKED_FOR_HELP})
"""Those of which operations are told within minutes, and not with the next tick."""

TOLD_EACH_DAY = frozenset({Reason.MAYBE_OPT_OUT, Reason.ASKED_FOR_HELP, Reason.ANSWERED})
"""Those of which they are told again each day while they are open."""


class Act(enum.StrEnum):
    """What a reason asks somebody to do."""

    GIVE_AWAY = "Give the run to a partner who is active."
    FIND_NUMBER = "Find a number on which the partner is reached."
    SAY_COUNTRY = "Type the number with + and the country code, such as +919812345678."
    ASK_FOR_CONSENT = "Ask the partner whether they may be written to."
    REPAIR_ROW = "Repair the run's row in the shop."
    GET_APPROVAL = "Have the template approved."
    ADD_PICTURE = "Give the design a picture."
    WIDEN_HOURS = "Widen one of the two windows."
    CALL = "Call the partner."
    DECIDE = "Read it and decide whether it means STOP: opt the partner out, or say that they are not."
    READ = "Read what was written and answer it, then close this."
    LOOK_AGAIN = "See whether it is still to be left alone."


@dataclass(frozen=True, kw_only=True, slots=True)
class Stall:
    """One stall of one run; as long as all of it is the same, the run has not moved.

    Attributes:
        production_run_id: The shop's run id.
        partner_id: Whose turn it is, if anybody's.
        kind: Where it is stuck; None where nobody has it.
        since: The clock that made it stuck, or when it was parked.
    """

    production_run_id: str
    partner_id: str | None
    kind: ReminderKind | None
    since: dt.datetime

    def is_same(self, other: Stall) -> bool:
        """Whether the run has not moved between the two."""
        return (self.production_run_id, self.partner_id, self.kind, self.since) == (
            *(other.production_run_id, other.partner_id, other.kind, other.since),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StallToday(Stall):
    """What a tick knows of one stall.

    Attributes:
        end: What became of the run's reminder today: a status or a skip reason; None where nothing was decided.
        refused: Whether Meta's last answer about the partner was that the number is not on WhatsApp.
        awaited: Whether that answer was about another run of theirs, and Meta has taken a message to the number since.
        used_up: Whether the run was reminded as often as it may be.
        ignored: Whether the run was reminded so often in a row that it needs a person.
        left_alone: Whether its partner is never reminded of it, by the settings.
    """

    end: str | None = None
    refused: bool = False
    awaited: bool = False
    used_up: bool = False
    ignored: bool = False
    left_alone: bool = False

    @property
    def rests(self) -> bool:
        """Whether the run's reminders are suspended, so that a missing answer is no reason to call a person."""
        return self.end in _SET_ASIDE


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    Attributes:
        meaning: What is the matter, for operations.
        act: What they are to do.
        holds: Whether a stall is to be escalated for it.
        lasts: Whether the reason may still hold; also True where today shows nothing about it.
    """

    meaning: str
    act: Act
    holds: Callable[[StallToday], bool]
    lasts: Callable[[StallToday], bool]


_SAYS_NOTHING = frozenset({None, SkipReason.NO_PARTNER, SkipReason.MOVED_ON})
"""The ends of a day that do not show whether the partner could be written to."""
_SAYS_NOTHING_OF_OURS = _SAYS_NOTHING | {
    *(SkipReason.NO_SENDER, SkipReason.ALREADY_IN_SHOP, SkipReason.REFUSED_TODAY, SkipReason.NO_TEMPLATE),
    "failed",
}
"""Those that do not show whether our own message can be sent (its template, its picture, its hours)."""
_SET_ASIDE = frozenset({SkipReason.PAUSED, SkipReason.WAITS_FOR_MATERIAL})
"""The ends that say that it is not the partner's turn: operations paused it, or the shop owes what it waits for."""


def _skipped(reason: SkipReason, act: Act, says_nothing: Collection[str | None] = _SAYS_NOTHING) -> Rule:
    """A reason that is a skip: it ends with any other outcome of the reminder, but for those in `says_nothing`."""
    return Rule(
        EXPLANATIONS[reason].meaning,
        act,
        holds=lambda stall: stall.end == reason,
        lasts=lambda stall: stall.end == reason or stall.end in says_nothing,
    )


def _of_answer(meaning: str, act: Act) -> Rule:
    """A reason that an answer gives: no tick opens it, and none ends it."""
    return Rule(meaning, act, holds=lambda _: False, lasts=lambda _: True)


def _is_nobody_s(stall: StallToday) -> bool:
    return stall.kind is None


def _is_ignored(stall: StallToday) -> bool:
    return stall.ignored and not stall.rests


def _is_left_alone(stall: StallToday) -> bool:
    # Nobody would be reminded of a run that waits for material, whatever the settings say.
    return stall.left_alone and stall.end != SkipReason.WAITS_FOR_MATERIAL


RULES: Mapping[Reason, Rule] = {
    Reason.MAYBE_OPT_OUT: _of_answer(
        "The partner wrote something that sounds like STOP; until somebody decides they are not reminded.", Act.DECIDE
    ),
    Reason.ASKED_FOR_HELP: _of_answer("The partner has asked for help with the run.", Act.CALL),
    Reason.ANSWERED: _of_answer("The partner has answered, and nobody has read it yet.", Act.READ),
    Reason.BROKEN_PROMISE: _of_answer(
        "The partner has promised a day twice, and the run has not moved; no third day is taken.", Act.CALL
    ),
    Reason.PARKED: Rule(
        "Nobody has the run: it waits to be reassigned, or has no partner.",
        Act.GIVE_AWAY,
        holds=_is_nobody_s,
        lasts=_is_nobody_s,
    ),
    Reason.PARTNER_INACTIVE: _skipped(SkipReason.PARTNER_INACTIVE, Act.GIVE_AWAY),
    Reason.NO_PHONE: _skipped(SkipReason.NO_PHONE, Act.FIND_NUMBER),
    Reason.INVALID_PHONE: _skipped(SkipReason.INVALID_PHONE, Act.FIND_NUMBER),
    Reason.AMBIGUOUS_PHONE: _skipped(SkipReason.AMBIGUOUS_PHONE, Act.SAY_COUNTRY),
    Reason.NO_CONSENT: _skipped(SkipReason.NO_CONSENT, Act.ASK_FOR_CONSENT),
    Reason.NOT_ON_WHATSAPP: Rule(
        "Meta could not deliver to the partner's number: it is not on WhatsApp (131026).",
        Act.FIND_NUMBER,
        holds=lambda stall: stall.refused and not stall.awaited and not stall.rests,
        lasts=lambda stall: stall.refused and not stall.rests,
    ),
    Reason.BAD_DATA: _skipped(SkipReason.BAD_DATA, Act.REPAIR_ROW),
    Reason.NO_APPROVED_TEMPLATE: _skipped(SkipReason.NO_APPROVED_TEMPLATE, Act.GET_APPROVAL, _SAYS_NOTHING_OF_OURS),
    Reason.NO_PICTURE: _skipped(SkipReason.NO_PICTURE, Act.ADD_PICTURE, _SAYS_NOTHING_OF_OURS),
    Reason.NO_COMMON_HOURS: _skipped(SkipReason.NO_COMMON_HOURS, Act.WIDEN_HOURS, _SAYS_NOTHING_OF_OURS),
    Reason.UNREACHABLE: _skipped(SkipReason.UNREACHABLE, Act.CALL),
    Reason.REMINDERS_USED_UP: Rule(
        "The partner was reminded as often as setting max_reminders allows, and is not reminded any more.",
        Act.CALL,
        holds=lambda stall: stall.end == SkipReason.ESCALATED,
        lasts=lambda stall: stall.used_up and not stall.rests,
    ),
    Reason.NO_REACTION: Rule(
        "The partner was reminded (or would have been, but for setting control_share) on as many days in a row as"
        " setting escalate_after says, and nothing happened.",
        Act.CALL,
        holds=_is_ignored,
        lasts=_is_ignored,
    ),
    Reason.LEFT_ALONE: Rule(
        "By setting partners or runs the partner is never reminded of it.",
        Act.LOOK_AGAIN,
        holds=_is_left_alone,
        lasts=_is_left_alone,
    ),
}
"""By reason, in the order of `Reason`."""


def reasons_that_ask_for(act: Act) -> list[Reason]:
    """Those that somebody deals with in the same way."""
    return [reason for reason, rule in RULES.items() if rule.act is act]
