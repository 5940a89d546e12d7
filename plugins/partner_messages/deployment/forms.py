"""The trigger forms of the DAGs: what Airflow's pages call each param, say of it, and let be chosen.

A run's conf need not come through a form, so `params` and `planning.events.event` check everything again where it is
used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from partner_messages.deployment.choices import LEAVE
from partner_messages.messages.kinds import ReminderKind

KINDS = [kind.value for kind in ReminderKind]
KIND_WORDS = {
    ReminderKind.ASSIGNMENT_PENDING.value: "never accepted",
    ReminderKind.NOT_STARTED.value: "never started",
    ReminderKind.IDLE.value: "gone quiet",
}

_DELIVERIES = {
    "auto": "auto: as the setting says",
    "live": "live: to the partners",
    "dry_run": "dry run: nothing is sent",
    "redirect": "redirect: all to one test phone",
}
_OPEN = "Run Parameters"
"""The section that Airflow's form shows at once, by this name alone; of the others it shows the names. So what most
people come for stands in it."""
_DELIVERY = "How the messages are delivered"
_WHICH = "Which runs"
_LIMITS = "Limits"
_MANY_EVENTS = "Or several events"


def _many(title: str, section: str, words: str) -> Param:
    """A list that may be empty, one entry a line."""
    return Param(
        [],
        type=["null", "array"],
        items={"type": "string", "minLength": 1},
        title=title,
        section=section,
        description_md=words,
    )


def _delivery(section: str) -> dict[str, Param]:
    """How a run delivers, for every DAG that sends."""
    return {
        "delivery": Param(
            "auto",
            type="string",
            enum=list(_DELIVERIES),
            values_display=_DELIVERIES,
            title="Delivery",
            section=section,
            description_md="**live** writes to the partners. **auto** follows the setting delivery of the Variable"
            " partner_messages (Admin, then Variables), which is dry_run until operations set it to live; the note of"
            " the latest run says what it is. A run for another day than today is a dry run under auto, and refused as"
            " live or redirect.",
        ),
        "redirect_to": Param(
            None,
            type=["null", "string"],
            pattern=r"^\+[1-9][0-9]{6,14}$",
            title="Test phone",
            section=section,
            description_md="For **redirect**: the one phone that gets the messages. A plus sign, the country code and"
            " the number, digits only, without spaces: **+919812345678**.",
        ),
    }


REMINDERS: Mapping[str, Param] = {
    **_delivery(_OPEN),
    "kinds": Param(
        KINDS,
        type="array",
        items={"type": "string", "enum": KINDS},
        examples=KINDS,
        values_display=KIND_WORDS,
        title="Stalls to remind of",
        section=_WHICH,
        description_md="Runs that are stuck elsewhere are found and counted, and nobody is reminded of them.",
    ),
    "partner_ids": _many("Only these partners", _WHICH, "Partner ids of the shop, one a line; empty for all partners."),
    "production_run_ids": _many(
        "Only these runs", _WHICH, "Ids such as prod_run_01K8Z4M7Q2X9T5R3W6Y1B0C4DH, one a line; empty for all runs."
    ),
    "limit": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="At most so many messages",
        section=_LIMITS,
        description_md="Empty for the setting max_messages_per_run. Who was reminded least recently goes first.",
    ),
    "ignore_send_window": Param(
        False,
        type="boolean",
        title="Also outside the send window",
        section=_LIMITS,
        description_md="Send outside the setting send_window, this once. Each partner's own hours"
        " (partner_send_window) stay.",
    ),
    "confirmed": Param(
        False,
        type="boolean",
        title="Send even if there are many",
        section=_LIMITS,
        description_md="Needed where a run would send more messages than the setting confirm_above allows.",
    ),
}

_ID: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\s:]+$"}
_EVENT_NAMES = [
    *(f"production_run.{name}" for name in ("sent_to_partner", "cancelled", "completed")),
    *(f"production_run.reminder_{kind}" for kind in KINDS),
]
_EVENT: dict[str, tuple[dict[str, Any], str, str]] = {
    "event": (
        {"type": "string", "pattern": r"^(production_run\.)?[a-z][a-z0-9_.]*$", "examples": _EVENT_NAMES},
        "What happened",
        "Choose one, such as **production_run.sent_to_partner**; any other event ends as a skip"
        " (no_template_for_event).",
    ),
    "production_run_id": (_ID, "To which run", "Its id in the shop, such as prod_run_01K8Z4M7Q2X9T5R3W6Y1B0C4DH."),
    "event_id": (
        _ID,
        "Event id",
        "The shop's own id of the event: one message for it, as long as the message log keeps that (retain_days).",
    ),
    "partner_id": (_ID, "Partner", "The id of the partner whom it concerns; empty for the run's partner."),
    "notes": (
        {"type": "string", "maxLength": 5000},
        "Words for the partner",
        "Why the run was cancelled; empty for the run's cancelled_reason.",
    ),
    "occurred_at": (
        {"type": "string", "format": "date-time"},
        "When it happened",
        "With its zone; empty for when this DAG run was due.",
    ),
}
EVENT_REQUIRED = ("event", "production_run_id")


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "type": ["null", "string"]}


EVENTS: Mapping[str, Param] = {
    **{
        name: Param(None, title=title, section=_OPEN, description_md=words, **_or_null(schema))
        for name, (schema, title, words) in _EVENT.items()
    },
    "events": Param(
        [],
        type=["null", "array"],
        items={
            "type": "object",
            "required": list(EVENT_REQUIRED),
            "properties": {
                name: schema if name in EVENT_REQUIRED else _or_null(schema) for name, (schema, _, _) in _EVENT.items()
            },
        },
        maxItems=1000,
        title="Events",
        section=_MANY_EVENTS,
        description_md="In place of the one event: a list of objects with the same fields, up to 1,000.",
    ),
    **_delivery(_DELIVERY),
}

_TEMPLATE_MODES = {
    "dry-run": "dry-run: show the plan, change nothing",
    "upsert": "upsert: create what is missing",
    "edit": "edit: make Meta's text the catalog's",
    "subscribe": "subscribe: let Meta tell our app what happens on each account",
    "check": "check: ask Meta for each business number: its name, its quality, its limit",
}
_WHICH_TEMPLATES = "Which templates"

TEMPLATES: Mapping[str, Param] = {
    "mode": Param(
        "dry-run",
        type="string",
        enum=list(_TEMPLATE_MODES),
        values_display=_TEMPLATE_MODES,
        title="Mode",
        section=_OPEN,
        description_md="Nothing is ever deleted at Meta, in no mode.",
    ),
    "wait_seconds": Param(
        0,
        type="integer",
        minimum=0,
        maximum=3600,
        title="Wait for reviews (seconds)",
        section=_OPEN,
        description_md="Wait so long, at most, for Meta's reviews to end; 0 to look once. They take minutes, at times a"
        " day.",
    ),
    "senders": _many(
        "Only these accounts",
        _WHICH_TEMPLATES,
        "The labels of their senders (setting senders), such as **in**; one a line, empty for all.",
    ),
    "templates": _many(
        "Only these templates",
        _WHICH_TEMPLATES,
        "Names, or patterns with a star such as jyt_production_run_reminder_\\*; one a line, empty for the whole"
        " catalog: the family that is not chosen is submitted too, so that it is approved before you switch to it.",
    ),
    "languages": _many(
        "Only these languages",
        _WHICH_TEMPLATES,
        "Of those that an account is to have, such as **hi**; one a line, empty for all.",
    ),
}

_SENDINGS = {
    LEAVE: "leave it as it is",
    "halt": "halt: nothing leaves from now on",
    "go_on": "go on: end what was halted here",
}
_CLOSE = "Close an escalation by hand"
_TRUST = "Go on from a message log that was failed over or restored"
_SETTLE = "Say what became of a message that is unknown"
_PROMISE = "Enter what a partner has promised"
_OPT_OUT = "Opt a partner out, or decide what sounds like STOP"
_OPT_OUTS = {
    LEAVE: "nothing is to be said",
    "told_us": "they told us to stop: nothing is sent to them any more",
    "undo": "that was a mistake: what somebody entered is undone",
    "was_stop": "what they wrote means STOP",
    "was_no_stop": "what they wrote does not mean STOP: they are reminded again",
}
_LEAVE_ALONE = "Leave a partner or a run alone until a day"
_LEFT_ALONE = {
    LEAVE: "nobody is left alone",
    "partner": "a partner: nothing is sent to them before that day",
    "run": "a run: nobody is written to of it before that day",
}
_HOLD = "Hold the tick of a day, or let it go on"
_HOLDS = {
    LEAVE: "leave it as it is",
    "hold": "hold: nothing of that day's scheduled tick is sent",
    "go_on": "go on: end what was held",
}
_PREVIEW = "Send one preview to a test phone"
_PREVIEWS = {
    LEAVE: "nothing is to be sent",
    "run": "what the day's tick would say of a run",
    "template": "a template with its example values",
}
_OUTCOMES = {
    LEAVE: "nothing is to be said",
    "arrived": "it arrived: it counts as sent",
    "did_not_arrive": "it did not arrive: it has failed, and may be sent again",
}


def _text(title: str, section: str, words: str, *, longest: int) -> Param:
    """A text that may be left out."""
    return Param(None, type=["null", "string"], maxLength=longest, title=title, section=section, description_md=words)


def _choice(title: str, section: str, choices: Mapping[str, str], words: str) -> Param:
    return Param(
        LEAVE,
        type="string",
        enum=list(choices),
        values_display=choices,
        title=title,
        section=section,
        description_md=words,
    )


def _day(title: str, section: str, words: str) -> Param:
    return Param(None, type=["null", "string"], format="date", title=title, section=section, description_md=words)


def _who(section: str, words: str = "") -> Param:
    """Who does something by hand."""
    return _text("Who says so", section, f"Your name; it is written down.{words}", longest=200)


UPKEEP: Mapping[str, Param] = {
    "sending": _choice(
        "Halt all sending, or go on",
        _OPEN,
        _SENDINGS,
        "**halt** stops all messages of all DAGs before the next one leaves. The setting halt of the"
        " Variable partner_messages does the same; messages go out again when neither halts them.",
    ),
    "sending_by": _who(_OPEN),
    "sending_why": _text(
        "Why", _OPEN, "What is wrong, or what was repaired; every run says it until sending goes on.", longest=2_000
    ),
    "production_run_id": _text("Of which run", _CLOSE, "The run's id in the shop; empty to close none.", longest=200),
    "closed_by": _who(_CLOSE),
    "closed_why": _text("Why", _CLOSE, "Why nobody has to look at the run any more.", longest=2_000),
    "message_id": Param(
        None,
        type=["null", "string"],
        format="uuid",
        title="Which message",
        section=_SETTLE,
        description_md="The message's id; it stands in the log of Summarise of the run that sent it, in the line that"
        " says unknown. Empty to settle none.",
    ),
    "outcome": _choice(
        "What became of it",
        _SETTLE,
        _OUTCOMES,
        "To send another one for it the same day, trigger its DAG again afterwards.",
    ),
    "settled_by": _who(_SETTLE),
    "settled_why": _text("Why", _SETTLE, "How you know: what the partner says, or Meta.", longest=2_000),
    "promised_run": _text("Of which run", _PROMISE, "The run's id in the shop; empty to enter none.", longest=200),
    "promised_until": _day(
        "By which day it will move",
        _PROMISE,
        "At most 31 days ahead. Nobody is reminded of it before the sending day after this one; the"
        " promise ends early when the run moves.",
    ),
    "promised_by": _who(_PROMISE),
    "promised_why": _text("Why", _PROMISE, "How you know, and what the partner said.", longest=2_000),
    "opt_out_partner": _text("Which partner", _OPT_OUT, "The partner's id in the shop; empty for none.", longest=200),
    "opt_out": _choice(
        "What is said of them",
        _OPT_OUT,
        _OPT_OUTS,
        "In force before the next claim. A partner's own STOP is lifted by their own later message alone (START).",
    ),
    "opt_out_by": _who(_OPT_OUT),
    "opt_out_why": _text("Why", _OPT_OUT, "How you know, or what was a mistake.", longest=2_000),
    "leave_alone": _choice(
        "Who or what",
        _LEAVE_ALONE,
        _LEFT_ALONE,
        "In force before the next claim, beside the settings partners and runs: either is enough.",
    ),
    "leave_alone_id": _text("Which one", _LEAVE_ALONE, "The id in the shop; empty for none.", longest=200),
    "leave_alone_until": _day(
        "Until which day",
        _LEAVE_ALONE,
        "The first day that is as always again, at most a year ahead; **today** ends it at once.",
    ),
    "leave_alone_by": _who(_LEAVE_ALONE),
    "leave_alone_why": _text("Why", _LEAVE_ALONE, "Why, or why no longer.", longest=2_000),
    "hold": _choice(
        "What is to be done",
        _HOLD,
        _HOLDS,
        "In force before the next claim. What people trigger by hand goes on; **halt** stops that, too.",
    ),
    "hold_day": _day(
        "Of which day",
        _HOLD,
        "The day whose tick it is; today or a later one.",
    ),
    "hold_by": _who(_HOLD),
    "hold_why": _text("Why", _HOLD, "Why, or why it may go on.", longest=2_000),
    "preview_of": _choice(
        "Of what",
        _PREVIEW,
        _PREVIEWS,
        "It counts as no reminder. The pages *Before the tick* and *Templates* fill this in.",
    ),
    "preview_id": _text(
        "Which one",
        _PREVIEW,
        "The run's id in the shop; or the template, its language and the sender, such as"
        " **jyt_production_run_assigned_v1/hi/in**.",
        longest=500,
    ),
    "preview_phone": _text("To", _PREVIEW, "One of the phones in the setting test_phones.", longest=50),
    "preview_by": _who(_PREVIEW),
    "preview_why": _text("Why", _PREVIEW, "What is to be seen.", longest=2_000),
    "trusted_by": _text(
        "Who says so",
        _TRUST,
        "Your name; it is written down. See docs/failover.md first: what the log has lost may be sent again.",
        longest=200,
    ),
    "trusted_why": _text("Why", _TRUST, "Why sending may go on: what was looked at, and what was lost.", longest=2_000),
}
