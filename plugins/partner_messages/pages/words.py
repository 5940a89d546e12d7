"""What the pages call things: kinds, states and times, in words that operations use."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.messages.skip_reasons import EXPLANATIONS, SkipReason
from whatsapp_provider.api.errors import classify

ZONE = "IST"
"""The zone's name as people write it; every time on a page is in it."""

STUCK = {
    "assignment_pending": "never accepted",
    "not_started": "accepted, never started",
    "idle": "gone quiet",
}
"""What the kinds of stuck runs mean."""

MESSAGES = {
    "reminder": "Reminder",
    "digest": "Digest",
    "event": "Lifecycle message",
    "followup": "Picture or link",
    "reply": "Reply",
}

STATES = {
    "queued": "waits to be sent",
    "sending": "is being sent",
    "rehearsed": "rehearsed (dry run)",
    "sent": "accepted by Meta, no word yet",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "unknown": "not known",
    "skipped": "not sent",
    "undecided": "nothing was decided",
}
"""How a message stands, in words; `sent` is not delivered, and says so."""


EVENTS = {
    "production_run.sent_to_partner": "a run was sent to the partner",
    "production_run.cancelled": "a run was cancelled",
    "production_run.completed": "a run was completed",
}
"""What the events of a run's life mean."""

LANGUAGES = {"en": "English", "hi": "Hindi", "": "not known"}

ACTS = {
    "halt": "halted all sending",
    "go_on": "let sending go on",
    "settle_message": "said what became of a message",
    "send_preview": "sent a preview to a test phone",
    "submit_templates": "had templates submitted, or read anew",
    "resend_messages": "sent failed messages again",
    "hold_tick": "held a day's tick",
    "let_tick_go_on": "let a held tick go on",
    "approve_tick": "approved what a tick sends",
    "leave_alone": "left alone",
    "write_again": "ended that it is left alone",
    "make_promise": "entered a promise",
    "opt_out": "entered that a partner wants no more messages",
    "undo_opt_out": "took an entered opt-out back",
    "decide_opt_out": "decided whether it was a STOP",
    "assign_escalation": "took on what needs a person",
    "give_back_escalation": "gave back what needs a person",
    "put_off_escalation": "put off what needs a person",
    "note_escalation": "noted something on what needs a person",
    "close_escalation": "closed what needs a person",
    "save_settings": "saved settings",
}
"""What people do by hand, as `audit.act`."""

_OF_PARTNER = ("opt_out", "undo_opt_out", "decide_opt_out")

FIELDS = {
    "promised_run": "The run",
    "promised_until": "By",
    "leave_alone_until": "Until",
    "leave_alone_id": "The address",
    "opt_out_partner": "The address",
    "opt_out": "What is said of them",
    "leave_alone": "What is to be done",
    "outcome": "What became of it",
    "sending": "What is to be done",
    "hold": "What is to be done",
    "hold_day": "The day",
    "message_id": "The address",
    "production_run_id": "The run",
    "preview_phone": "To",
}
"""The params of an act as the pages' forms call them; who does it and why have names that end so."""

_NAMED = re.compile(r'DAG run params: "(\w+)"|\bParam (\w+)|DAG run params: (\w+) is missing;.*')

_CONNECTION_FAILURES = (
    ("was not reached", "Meta could not be reached."),
    ("broke off", "The connection to Meta broke off before an answer came."),
    ("did not answer in time", "Meta did not answer in time."),
    # As it was written before 0.1.0; rows are kept for long.
    ("Connection aborted", "The connection to Meta broke off before an answer came."),
    ("Read timed out", "Meta did not answer in time."),
    ("ReadTimeout", "Meta did not answer in time."),
    ("ConnectTimeout", "Meta could not be reached."),
    ("NewConnectionError", "Meta could not be reached."),
    ("ConnectionError", "The connection to Meta failed."),
)
"""What each wording of a failed connection means; the first that fits counts."""


_MORE = {
    "left_alone_by": "By {}.",
    "held_by": "Held by {}.",
    "holiday": "It is {}.",
    "readings": "It may be {}.",
    "bad_column": "It is the column {}.",
    "next_due": "The next reminder is due on {:%a %-d %b %Y}.",
}
"""What a row of `page_columns` says besides of a message that was not sent."""


def moment(value: dt.datetime | None) -> str:
    """Such as `Tue 24 Nov, 10:00`; the zone is named once a page."""
    return f"{value.astimezone(SCHEDULE_TIMEZONE):%a %-d %b, %H:%M}" if value else ""


def day(value: dt.date) -> str:
    """Such as `Tue 24 Nov 2026`."""
    return f"{value:%a %-d %b %Y}"


def reason(skip_reason: str | None) -> str:
    """What a skip reason means, in a sentence."""
    if skip_reason is None or skip_reason not in [*SkipReason]:
        return skip_reason or ""
    return EXPLANATIONS[SkipReason(skip_reason)].meaning


def why_not_sent(row: Mapping[str, Any]) -> str:
    """Why a message was not sent, and what its row knows more of; empty for one that was sent.

    Args:
        row: With `skip_reason` and the columns of `page_columns` that say more.
    """
    if not row["skip_reason"]:
        return ""
    more = [sentence.format(row[column]) for column, sentence in _MORE.items() if row.get(column)]
    return " ".join([reason(row["skip_reason"]), *more])


def refusal(text: str) -> str:
    """What is said of an act's params, with the name that the form's label has."""

    def label(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3]
        ending = "Why" if name.endswith("_why") else "Your name" if name.endswith("_by") else spoken(name).capitalize()
        # What else is said of one that is missing names all params, which a page's form does not have.
        return FIELDS.get(name, ending) + (" is missing." if match[3] else "")

    return _NAMED.sub(label, text)


def invalid(problem: Mapping[str, Any]) -> str:
    """What is wrong with one value of an address or a form, by FastAPI's words for it."""
    where, kind = spoken(str(problem["loc"][-1])), problem["type"]
    if kind == "uuid_parsing":
        return "The address is cut or mistyped: there is nothing of that id."
    if kind.startswith("int_") or kind in ("less_than_equal", "greater_than_equal"):
        return f"The address is cut or mistyped: its number ({where}) cannot be, it is out of range."
    if kind == "missing":
        return f"Something is missing: {where}."
    return f"{where.capitalize()} cannot be so: {str(problem['msg']).removeprefix('Value error, ')}."


def act(row: Mapping[str, Any]) -> str:
    """What somebody has done by hand, and until when, in words.

    Args:
        row: With `act` and `detail` of the audit.
    """
    said = ACTS.get(row["act"], spoken(row["act"]))
    day_said = (row["detail"] or {}).get("until") or (row["detail"] or {}).get("due_on")
    return f"{said} until {day(dt.date.fromisoformat(day_said))}" if day_said else said


def about(row: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The partner and the run that a row of `last_acts` is about; None for what it is not about."""
    subject = row["subject"]
    if row["act"].endswith("_escalation"):
        return row["partner_id"], row["production_run_id"]
    if row["act"] in _OF_PARTNER or (row["act"] in ("leave_alone", "write_again") and row["is_partner"]):
        return subject, None
    return None, subject if row["act"] in ("leave_alone", "write_again", "make_promise") else None


def error(row: Mapping[str, Any]) -> str:
    """Why a message failed or is not known: by Meta's code what it means, and otherwise what broke.

    Args:
        row: With `error_code` and `error_detail`; empty where neither says anything.
    """
    code, detail = row["error_code"], row["error_detail"] or ""
    meaning = classify(code, detail)
    if code in meaning.codes:
        return f"{meaning.meaning}. {meaning.advice} (Meta's code {code})"
    for sign, said in _CONNECTION_FAILURES:
        if sign in detail:
            return said
    return f"{code}: {detail}" if code else detail


def spoken(name: str | None) -> str:
    """A name of the code as words: `no_phone` is "no phone"."""
    return (name or "").replace("_", " ")


def counted(number: int, one: str, many: str | None = None) -> str:
    """Such as `1 run`, `2,000 runs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def address(*parts: str) -> str:
    """The address of one of our pages, without the prefix; an id of the shop may have any character in it."""
    return "/" + "/".join(quote(part, safe="") for part in parts)
