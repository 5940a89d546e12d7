"""Does it work? What arrived, what was answered, when runs moved, and what the reminders have to do with it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from partner_messages.config.schedule import SCHEDULE_TIMEZONE, day_of
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.message_log.effect import CASE_TICKS, LAST_NUMBER, TICKS
from partner_messages.pages import render
from partner_messages.pages.asked import NotAsked
from partner_messages.pages.bars import Bar, Part, svg_bars
from partner_messages.pages.comparison import DIFFERENCE, Comparison
from partner_messages.pages.rights import Reader
from partner_messages.pages.words import LANGUAGES, MESSAGES, STUCK, counted, spoken
from whatsapp_provider.api.errors import classify

SPANS = (14, 28, 90)
"""Days of which the page tells, today included."""
SPAN = 28

Row = Mapping[str, Any]
Column = tuple[str, str]
"""A class in `ops.css`, and what it stands for."""

INTENTS = {
    "stop": "no more messages (STOP)",
    "start": "messages again (START)",
    "english": "English, please",
    "hindi": "Hindi, please",
    "help": "help",
    "later": "a later day",
    "maybe_stop": "perhaps no more messages",
    "other": "something else",
}
SOURCES = {
    "message": "by their own word",
    "user_preferences": "in WhatsApp's own settings",
    "error_131050": "found out when Meta refused a message",
    "told_us": "told us, and somebody entered it",
    "undone": "entered by mistake, and undone",
    "decided": "somebody decided that it was meant so",
}

ARRIVED: Sequence[Column] = (
    ("read", "read"),
    ("delivered", "delivered, not known to be read"),
    ("sent", "accepted by Meta, no word of its delivery"),
    ("silent", "accepted by Meta, not known: no webhook has spoken of it"),
    ("expired", "given up by Meta"),
    ("failed", "failed"),
    ("unknown", "not known to have left"),
    ("queued", "waiting"),
    ("skipped", "not sent, each for a reason"),
)
MOVES: Sequence[Column] = (
    ("moved-1", "moved by the next tick"),
    ("moved-3", "by the 2nd or 3rd"),
    ("moved-5", "by the 4th or 5th"),
    ("moved-10", f"by the 6th to {TICKS}th"),
    ("reminded_again", "reminded again before"),
    ("still_stuck", f"still stuck after {TICKS}"),
    ("by_the_shop", "moved by the shop"),
    ("not_over", "not over yet"),
)


@dataclass(frozen=True)
class Chart:
    """Numbers as a table, and as bars beside it.

    Attributes:
        key: Its id on the page.
        title: What it shows.
        head: What its rows are.
        columns: What is counted.
        lines: By row, how many of each column.
    """

    key: str
    title: str
    head: str
    columns: Sequence[Column]
    lines: Mapping[str, Mapping[str, int]]

    @property
    def shown(self) -> list[Column]:
        """The columns in which there is anything."""
        return [column for column in self.columns if any(line.get(column[0]) for line in self.lines.values())]

    def svg(self) -> Markup:
        """The bars."""
        bars = [
            Bar(label, [Part(name, said, line.get(name, 0)) for name, said in self.shown])
            for label, line in self.lines.items()
        ]
        return svg_bars(self.key, self.title, bars)


def router(open_log: Callable[[], AbstractContextManager[LogConnection]]) -> APIRouter:
    """The page's route, with what opens the message log for a page."""
    routes = APIRouter()

    @routes.get("/effect")
    def effect_page(request: Request, person: Reader) -> Response:
        """Does it work?"""
        days, kind = asked_for(request.query_params)
        with open_log() as connection:
            shown = effect(connection, days, kind, run_context.wall_clock(), load_settings())
        return render.page(request, person, "effect", **shown)

    return routes


def asked_for(query: Mapping[str, str]) -> tuple[int, str | None]:
    """How many days an address asks for, and which kind; None: all kinds.

    Raises:
        NotAsked: There is no such filter, or it cannot have that value.
    """
    given = {name: value.strip() for name, value in query.items() if value.strip()}
    for name in given.keys() - {"days", "kind"}:
        raise NotAsked(f'"{name}" is no filter; "days" and "kind" are.')
    days, kind = given.get("days", str(SPAN)), given.get("kind")
    if days not in map(str, SPANS):
        raise NotAsked(f'days: "{days}" is none of {", ".join(map(str, SPANS))}.')
    if kind is not None and kind not in STUCK:
        raise NotAsked(f'kind: "{kind}" is none of {", ".join(STUCK)}.')
    return int(days), kind


def effect(
    connection: LogConnection, days: int, kind: str | None, now: dt.datetime, settings: Settings
) -> dict[str, Any]:
    """What the page shows of the last days.

    Args:
        connection: The message log.
        days: How many days, today included.
        kind: Of the stuck runs; None for all.
        now: The wall clock.
        settings: The settings.
    """
    last = day_of(now)
    first = last - dt.timedelta(days=days - 1)
    asked = {"first_day": first, "last_day": last}
    (counted_days,) = rows(connection, "days_counted", **asked)
    messages = rows(connection, "counted_messages", **asked, kind=kind)
    moves = rows(connection, "counted_moves", **asked, kind=kind)
    since = dt.datetime.combine(first, dt.time(), SCHEDULE_TIMEZONE)
    return {
        "days": days,
        "kind": kind,
        "spans": SPANS,
        "kinds": STUCK,
        **asked,
        "counted_at": counted_days["counted_at"],
        "counted_until": counted_days["last"],
        "missing": days - counted_days["days"],
        "arrived": arrived(messages),
        "rates": rates(messages),
        "refusals": refusals(messages),
        "reasons": _tallied(messages, "skip_reason"),
        "prices": rows(connection, "counted_prices", **asked, kind=kind),
        "answers": rows(connection, "answers_by_intent", since=since, until=now),
        "intents": INTENTS,
        "opt_outs": rows(connection, "opt_outs_by_source", since=since, until=now),
        "sources": SOURCES,
        "moves": charts_of_moves(moves),
        "not_due": not_due(moves),
        "comparison": Comparison.of(rows(connection, "counted_cases"), settings.control_share),
        "difference": DIFFERENCE,
        "within": CASE_TICKS,
    }


def arrived(messages: Iterable[Row]) -> Chart:
    """How messages stand, by what they are; each is in one column."""
    lines: dict[str, Counter[str]] = {}
    for row in messages:
        name = MESSAGES.get(row["message_kind"], spoken(row["message_kind"]))
        lines.setdefault(name, Counter())[_standing(row)] += row["messages"]
    in_order = {name: lines[name] for name in MESSAGES.values() if name in lines}
    return Chart("arrived", "What became of the messages", "Message", ARRIVED, {**in_order, **lines})


def _standing(row: Row) -> str:
    status: str = row["status"]
    if status == "sent" and not row["heard"]:
        return "silent"
    return "queued" if status == "sending" else status


def rates(messages: Iterable[Row]) -> str:
    """Which share arrived and was read, in a sentence; what no webhook has spoken of is not known, and not nothing."""
    numbers: Counter[str] = Counter()
    for row in messages:
        numbers[_standing(row)] += row["messages"]
    reached = numbers["delivered"] + numbers["read"]
    heard = reached + numbers["sent"] + numbers["expired"]
    if not heard:
        if not numbers["silent"]:
            return "Nothing was sent."
        return (
            f"How many of the {numbers['silent']:,} messages that Meta took have arrived is not known: no webhook has"
            " spoken of any of them."
        )
    of = heard + numbers["failed"]
    said = [f"{_percent(reached, of)} of {counted(of, 'message')} arrived"]
    if reached:
        read = _percent(numbers["read"], reached)
        said.append(f"at least {read} of those were read (who has switched receipts off is not seen)")
    if numbers["silent"]:
        said.append(f"of {numbers['silent']:,} more it is not known, as no webhook has spoken of them")
    return "; ".join(said) + "."


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def refusals(messages: Iterable[Row]) -> list[tuple[int | None, str, int]]:
    """Meta's codes of what failed, what each means, and of how many messages; the most frequent first."""
    codes: Counter[int | None] = Counter()
    for row in messages:
        if row["status"] == "failed":
            codes[row["error_code"]] += row["messages"]
    return [
        (
            code,
            classify(code).meaning if code else "Meta gave no code, or a person has said that it did not arrive",
            number,
        )
        for code, number in codes.most_common()
    ]


def _tallied(messages: Iterable[Row], column: str) -> list[tuple[str, int]]:
    tally: Counter[str] = Counter()
    for row in messages:
        if row[column]:
            tally[row[column]] += row["messages"]
    return tally.most_common()


def charts_of_moves(moves: Sequence[Row]) -> list[Chart]:
    """When the runs moved that were reminded of: by number, kind, hour and language; each has every reminder in it."""
    reminded = [row for row in moves if row["number"]]
    if not reminded:
        return []
    ways: Sequence[tuple[str, str, Callable[[Row], Any], Callable[[Any], str]]] = (
        ("number of the reminder", "Reminder", lambda row: row["number"], _numbered),
        ("kind", "Kind", lambda row: list(STUCK).index(row["kind"]), lambda place: list(STUCK.values())[place]),
        ("hour at which it was sent", "Sent", lambda row: -1 if row["hour"] is None else row["hour"], _hour),
        ("language", "Language", lambda row: row["language"] or "", lambda code: LANGUAGES.get(code, code)),
    )
    return [
        Chart(f"by-{head.lower()}", f"When the run moved, by the {way}", head, MOVES, _lines(reminded, value, label))
        for way, head, value, label in ways
    ]


def not_due(moves: Sequence[Row]) -> Chart | None:
    """What became of the runs that were reminded of, and of those that were not due on the same days."""
    if not any(row["number"] == 0 for row in moves):
        return None
    lines = _lines(moves, lambda row: row["number"] == 0, lambda quiet: "Not due on that day" if quiet else "Reminded")
    return Chart("not-due", "Runs that were reminded of, and runs that were not due", "Runs", MOVES, lines)


def _lines(
    moves: Iterable[Row], value: Callable[[Row], Any], label: Callable[[Any], str]
) -> dict[str, Mapping[str, int]]:
    found: dict[Any, Counter[str]] = {}
    for row in moves:
        found.setdefault(value(row), Counter())[_move(row)] += row["runs"]
    return {label(key): found[key] for key in sorted(found)}


def _move(row: Row) -> str:
    if row["outcome"] != "moved":
        return str(row["outcome"])
    return next(f"moved-{most}" for most in (1, 3, 5, TICKS) if row["ticks"] <= most)


def _numbered(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number, "th")
    return f"{number}{ending}" + (" or later" if number == LAST_NUMBER else "")


def _hour(hour: int) -> str:
    return "at a time that is not known" if hour < 0 else f"{hour:02}:00 to {hour + 1:02}:00"
