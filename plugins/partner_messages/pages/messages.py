"""The messages that answer to the filters, page by page or as a file, and each by itself."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from partner_messages.config import dag_ids
from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.setting_groups import Tables
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.message_log.history import messages_of_ends
from partner_messages.pages.asked import CHOICES, Filters, NotAsked, Place
from partner_messages.pages.dealt import messages_dealt
from partner_messages.pages.names import AT_MOST, names_of, partners_like
from partner_messages.pages.words import MESSAGES, STATES, spoken
from partner_messages.shop.names import Names
from whatsapp_provider.masking import mask

ON_A_PAGE = 50
LOOKS_BACK = 60
"""Days that a page looks through at once where no index leads to what is asked for."""
IN_A_FILE = 50_000
"""Rows of a CSV file, at most."""

SELECTS = (
    ("delivery", "Delivery", [(value, spoken(value)) for value in CHOICES["delivery"]]),
    ("kind", "Message", [(value, MESSAGES[value]) for value in CHOICES["kind"]]),
    ("status", "State", [(value, STATES[value]) for value in CHOICES["status"]]),
    ("reason", "Not sent because", [(value, spoken(value)) for value in CHOICES["reason"]]),
)
"""The filters that are chosen from a list: name, label, values with their words."""


def messages_page(connection: LogConnection, filters: Filters, tables: Tables) -> dict[str, Any]:
    """What one page shows.

    Raises:
        NotAsked: A filter cannot be applied.
        ShopError: A name was asked for, and the shop does not answer.
    """
    filters, dealt = _of_dag_run(connection, filters)
    dealt, decided = _of_ends(connection, filters, dealt)
    partners = _partners(connection, filters, tables)
    back_to = _looks_back_to(filters)
    found = _page_of_messages(connection, filters, partners, dealt, ON_A_PAGE + 1, first_day=back_to)
    shown, more = found[:ON_A_PAGE], found[ON_A_PAGE:]
    last = shown[-1] if more else None
    ends_early = back_to > filters.since and not more
    return {
        "filters": filters,
        "decided": decided,
        "selects": SELECTS,
        "messages": shown,
        "names": names_of(tables, [row["partner_id"] for row in shown], _run_ids(shown)),
        "meant": partners,
        "next": Place(last["day"], last["created_at"], last["id"]).as_text() if last else None,
        "back_to": back_to if ends_early else None,
        "further": Place.before(back_to).as_text() if ends_early else None,
    }


def _looks_back_to(filters: Filters) -> dt.date:
    """The first day that one page looks at: a filter to which nothing answers would read all of them."""
    if filters.partner or filters.run or filters.dag_run:
        return filters.since
    last = min(Place.of_text(filters.after).day, filters.until) if filters.after else filters.until
    return max(filters.since, last - dt.timedelta(days=LOOKS_BACK - 1))


def _of_dag_run(connection: LogConnection, filters: Filters) -> tuple[Filters, list[uuid.UUID] | None]:
    """The filters with the days of the DAG run where none were asked for, and what was dealt to the task, if to one."""
    if not (filters.dag and filters.dag_run):
        return filters, None
    dealt = messages_dealt(filters.dag, filters.dag_run, filters.task, filters.batch) if filters.task else None
    if {"since", "until"} & filters.model_fields_set:
        return filters, dealt
    for span in spans_of_dag_run(connection, filters.dag, filters.dag_run, dealt):
        if "delivery" not in filters.model_fields_set or span["delivery"] == filters.delivery:
            return filters.model_copy(update=span), dealt
    return filters, dealt


def _of_ends(
    connection: LogConnection, filters: Filters, dealt: list[uuid.UUID] | None
) -> tuple[list[uuid.UUID] | None, int]:
    """The messages that decided about the day's runs of a kind, and about how many; as dealt, if none is asked for."""
    if not filters.stuck:
        return dealt, 0
    asked = (filters.delivery, filters.since, filters.stuck, filters.status, filters.reason)
    found = messages_of_ends(connection, dag_ids.REMINDERS, *asked)
    return list({row["id"] for row in found}), len(found)


def spans_of_dag_run(
    connection: LogConnection, dag: str, dag_run: str, message_ids: Sequence[uuid.UUID] | None
) -> Sequence[Mapping[str, Any]]:
    """The first and last day of a DAG run's messages (or of these), by how they are delivered."""
    return rows(connection, "spans_of_dag_run", dag=dag, dag_run=dag_run, message_ids=message_ids)


def _partners(connection: LogConnection, filters: Filters, tables: Tables) -> dict[str, str | None]:
    """The partners that the filter may mean, by id."""
    asked = filters.partner
    if asked is None:
        return {}
    # The log knows partners whom the shop has no more, and answers where the shop does not.
    if is_partner_of_a_message(connection, asked):
        return {asked: None}
    found = partners_like(tables, asked)
    if not found:
        raise NotAsked(f'No partner has the id "{asked}", or that in the name.')
    if len(found) == AT_MOST:
        raise NotAsked(f'"{asked}" is in the names of {AT_MOST} partners and more; write more of the name.')
    return found


def is_partner_of_a_message(connection: LogConnection, partner_id: str) -> bool:
    """Whether a partner has ever been written to, or was left out."""
    return bool(rows(connection, "is_partner_of_a_message", partner_id=partner_id))


def _page_of_messages(
    connection: LogConnection,
    filters: Filters,
    partners: Mapping[str, Any],
    dealt: Sequence[uuid.UUID] | None,
    at_most: int,
    *,
    first_day: dt.date | None = None,
) -> Sequence[Mapping[str, Any]]:
    place = Place.of_text(filters.after) if filters.after else None
    begins = {f"after_{name}": getattr(place, name, None) for name in ("day", "created_at", "id")}
    asked = filters.model_dump(exclude={"after", "partner", "since", "until", "stuck", "task", "batch"}) | begins
    asked |= {"first_day": first_day or filters.since, "last_day": filters.until, "message_ids": dealt}
    if dealt is not None:  # Who has them now is another question: what waited is sent by another DAG run.
        asked |= {"dag": None, "dag_run": None}
    return rows(connection, "page_of_messages", **asked, partner_ids=list(partners) or None, at_most=at_most)


def _run_ids(found: Sequence[Mapping[str, Any]]) -> list[str | None]:
    return [id_ for row in found for id_ in (row["production_run_id"], *(row["run_ids"] or ()))]


def message(connection: LogConnection, message_id: uuid.UUID, tables: Tables) -> dict[str, Any]:
    """What the page of one message shows.

    Raises:
        NotAsked: There is none of this id.
    """
    found = rows(connection, "message_by_id", message_id=message_id)
    if not found:
        raise NotAsked(f"There is no message {message_id}; it may have been deleted (setting retain_days).")
    row = found[0]
    return {
        "row": row,
        "ladder": ladder(row),
        "names": names_of(tables, [row["partner_id"]], _run_ids(found)),
        "follow_ups": rows(connection, "follow_ups_of", message_id=message_id),
        "answers": answers(connection, message_id=message_id),
        "acts": rows(connection, "acts_about", subject=str(message_id), at_most=ON_A_PAGE),
    }


def answers(
    connection: LogConnection,
    *,
    message_id: uuid.UUID | None = None,
    partner_id: str | None = None,
    since: dt.date | None = None,
) -> Sequence[Mapping[str, Any]]:
    """What was answered to a message, or came from a partner's phones since a day; the newest first."""
    asked = {"message_id": message_id, "partner_id": partner_id, "first_day": since}
    return rows(connection, "answers", **asked, at_most=ON_A_PAGE)


def ladder(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The states that a message has come through, each with its time."""
    steps = (
        ("decided", row["created_at"]),
        ("taken up to be sent", row["claimed_at"]),
        ("accepted by Meta", row["sent_at"]),
        ("delivered", row["delivered_at"]),
        ("read", row["read_at"]),
        ("failed", row["failed_at"]),
        ("never delivered in its time", row["expired_at_meta"]),
    )
    return [(name, at) for name, at in steps if at is not None]


_COLUMNS = (
    *("Day", "Partner", "Partner id", "Design", "Run id", "Message", "State", "Not sent because"),
    *("Meta's code", "Error", "Sender", "Number", "Language", "Template", "Text"),
    *("Decided at", "Sent at", "Delivered at", "Read at", "Message id", "DAG run id"),
)
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet, and what partners wrote is in these cells."""


def as_csv(connection: LogConnection, filters: Filters, tables: Tables) -> Iterator[str]:
    """The messages as a file for spreadsheets: UTF-8 with a mark, times in the schedule's zone, numbers masked.

    Raises:
        NotAsked: A filter cannot be applied, or there is more than a file may have.
    """
    filters, dealt = _of_dag_run(connection, filters)
    dealt, _ = _of_ends(connection, filters, dealt)
    found = _page_of_messages(connection, filters, _partners(connection, filters, tables), dealt, IN_A_FILE + 1)
    if len(found) > IN_A_FILE:
        raise NotAsked(f"That is more than {IN_A_FILE:,} messages; ask for fewer days.")
    names = names_of(tables, [row["partner_id"] for row in found], _run_ids(found))
    return _lines(found, names)


def _lines(found: Sequence[Mapping[str, Any]], names: Names) -> Iterator[str]:
    yield "\ufeff" + _line(_COLUMNS)
    for row in found:
        yield _line(_cells(row, names))


def _cells(row: Mapping[str, Any], names: Names) -> list[Any]:
    runs = row["run_ids"] or [row["production_run_id"]]
    return [
        row["day"],
        names.partners.get(row["partner_id"]),
        row["partner_id"],
        ", ".join(filter(None, (names.designs.get(run) for run in runs))),
        ", ".join(filter(None, runs)),
        *(row[name] for name in ("message_kind", "status", "skip_reason", "error_code", "error_detail", "sender")),
        mask(row["to_phone"] or ""),
        *(row["language"], row["template_name"], row["body_text"]),
        *(_sortable(row[name]) for name in ("created_at", "sent_at", "delivered_at", "read_at")),
        *(row["id"], row["dag_run_id"]),
    ]


def _sortable(at: dt.datetime | None) -> str:
    return at.astimezone(SCHEDULE_TIMEZONE).isoformat(timespec="seconds") if at else ""


def _line(cells: Sequence[Any]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([_defused(cell) for cell in cells])
    return written.getvalue()


def _defused(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_DANGEROUS) else text
