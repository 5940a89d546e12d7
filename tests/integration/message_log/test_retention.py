"""How long the message log keeps what: blanked after a while, deleted later, and nothing before its time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_messages.config.settings import parse_settings
from partner_messages.message_log import retention
from partner_messages.message_log.history import days_reminded, event_holders
from partner_messages.message_log.preferences import preferences
from partner_messages.message_log.ticks import record_stuck
from partner_messages.messages.kinds import ReminderKind
from partner_messages.recipients.preferences import Preferences
from support.deployment import TICK
from support.examples import PHONE, draft, stuck_run, tick
from support.log_rows import Log, put, row

SETTINGS = parse_settings({"blank_days": 90, "retain_days": 400})
OF_A_PERSON = ("to_phone", "meta_message_id", "variables", "body_text", "image_url", "error_detail")


def ago(days: float) -> dt.datetime:
    return TICK - dt.timedelta(days=days)


def put_old(log: Log, days: float, status: str = "read", run_id: str = "R1", **columns: Any) -> uuid.UUID:
    return put(log, status, run_id, created_at=ago(days), day=ago(days).date(), **columns)


def forget(log: Log) -> dict[str, int]:
    return {one.step.statement: one.number for one in retention.forget(log, TICK, SETTINGS)}


def left(log: Log) -> set[uuid.UUID]:
    return {found["id"] for found in log.execute("SELECT id FROM message_log")}


@pytest.mark.parametrize(("days", "blank"), [(89.9, False), (90.1, True)])
def test_what_tells_of_a_person_is_taken_out_of_an_old_message_and_the_rest_stays(
    log: Log, days: float, blank: bool
) -> None:
    told = {"meta_message_id": "wamid.1", "image_url": "https://cdn.example/1.jpg", "error_detail": "To +91…"}
    id_ = put_old(log, days, **told)
    before = row(log, id_)

    assert forget(log) == ({"blank_messages": 1} if blank else {})

    after = row(log, id_)
    assert [after[column] is None for column in OF_A_PERSON] == [blank] * len(OF_A_PERSON)
    kept = before.keys() - {*OF_A_PERSON, "blanked"}
    assert {column: after[column] for column in kept} == {column: before[column] for column in kept}


@pytest.mark.parametrize("status", ["queued", "sending"])
def test_what_may_still_leave_is_neither_blanked_nor_deleted(log: Log, status: str) -> None:
    id_ = put_old(log, 1000, status)

    assert forget(log) == {}
    assert row(log, id_)["to_phone"]
    with pytest.raises(psycopg.errors.CheckViolation, match="what_may_leave_is_not_blanked"):
        log.execute("UPDATE message_log SET blanked = true")


def test_an_old_message_goes_with_its_runs_what_follows_it_and_the_duplicates_that_name_it(log: Log) -> None:
    old = put_old(log, 401)
    put_old(log, 401, message_kind="followup", parent_id=old, context_id="R1:image")
    put_old(log, 10, "skipped", "R2", skip_reason="duplicate", duplicate_of=old)
    young = put_old(log, 399, run_id="R3")

    forget(log)

    assert left(log) == {young}
    assert log.execute("SELECT production_run_id FROM message_run").fetchall() == [{"production_run_id": "R3"}]


@pytest.mark.parametrize(
    ("status", "delivery", "days", "kept"),
    [
        ("skipped", "live", 29.9, True),
        ("skipped", "live", 30.1, False),
        ("rehearsed", "dry_run", 29.9, True),
        ("rehearsed", "dry_run", 30.1, False),
        ("queued", "dry_run", 30.1, False),
        ("failed", "live", 30.1, True),
        ("unknown", "live", 30.1, True),
        ("sent", "redirect", 30.1, True),
        ("sent", "live", 399.9, True),
        ("sent", "live", 400.1, False),
    ],
)
def test_what_never_left_goes_after_thirty_days_and_the_rest_after_retain_days(
    log: Log, status: str, delivery: str, days: float, kept: bool
) -> None:
    put_old(log, days, status, delivery=delivery)

    forget(log)

    assert bool(left(log)) is kept


def test_a_backfill_of_last_year_is_as_young_as_it_was_written(log: Log) -> None:
    id_ = put(log, "rehearsed", "R1", delivery="dry_run", day=ago(500).date(), created_at=TICK)

    assert forget(log) == {}
    assert left(log) == {id_}


def test_a_blanked_reminder_still_counts_in_its_stall(log: Log) -> None:
    asking = tick(9)
    since = ago(200)
    record_stuck(
        log, asking, ReminderKind.IDLE, [stuck_run("R1", kind=ReminderKind.IDLE, since=since)], observed_at=TICK
    )
    put_old(log, 150)
    before = days_reminded(log, asking)

    assert forget(log) == {"blank_messages": 1}
    assert days_reminded(log, asking) == before == {"R1": (ago(150).date(),)}


@pytest.mark.parametrize(("days", "known"), [(399, True), (401, False)])
def test_an_event_s_id_is_known_until_its_message_is_deleted(log: Log, days: int, known: bool) -> None:
    put_old(log, days, message_kind="event", event_name="production_run.cancelled", event_id="E1")
    again = draft("R1", message_kind="event", event_name="production_run.cancelled", event_id="E1", decided_at=TICK)

    forget(log)

    by_event_id, _ = event_holders(log, tick(9), [again])
    assert bool(by_event_id) is known


OLD, YOUNG = ago(401), ago(399)
OTHERS: Mapping[str, tuple[str, str]] = {
    "delete_stuck_runs": (
        "stuck_run",
        "INSERT INTO stuck_run (dag_run_id, production_run_id, kind, delivery, day, since, observed_at)"
        " VALUES (%(name)s, 'R1', 'idle', 'live', %(at)s, %(at)s, %(at)s)",
    ),
    "delete_quantities": (
        "produced_quantity_seen",
        "INSERT INTO produced_quantity_seen (production_run_id, number, now, observed_at)"
        " VALUES (%(name)s, 1, %(at)s, %(at)s)",
    ),
    "delete_escalations": (
        "escalation",
        "INSERT INTO escalation (id, delivery, production_run_id, kind, partner_id, reason, since, dag_run_id,"
        " opened_at, closed_at, closed_by, closed_why, over_at) VALUES (%(id)s, 'live', %(name)s, 'idle', 'P1',"
        " 'ignored', %(old)s, 'run 1', %(old)s, %(at)s, 'a tick', 'The run moved on.', %(at)s)",
    ),
    "delete_sender_stops": (
        "sender_stop",
        "INSERT INTO sender_stop (id, sender, dag_id, dag_run_id, clear_number, error_detail, lifted_at)"
        " VALUES (%(id)s, %(name)s, 'a dag', 'run 1', 0, 'Locked.', %(at)s)",
    ),
    "delete_template_changes": (
        "template_change",
        "INSERT INTO template_change (dag_run_id, waba_id, name, language, change, outcome, made_at)"
        " VALUES (%(name)s, '1', 'a_template', 'hi', 'create', 'taken', %(at)s)",
    ),
    "delete_ticks": (
        "tick",
        "INSERT INTO tick (id, dag_id, dag_run_id, delivery, day, now, created_at)"
        " VALUES (%(id)s, 'a dag', %(name)s, 'live', %(at)s, %(at)s, %(at)s)",
    ),
}


@pytest.mark.parametrize("statement", OTHERS)
def test_of_every_other_table_what_is_old_is_deleted_too(log: Log, statement: str) -> None:
    table, insert = OTHERS[statement]
    for name, at in (("old", OLD), ("young", YOUNG)):
        log.execute(insert.encode(), {"id": uuid.uuid4(), "name": name, "at": at, "old": OLD})

    assert forget(log) == {statement: 1}

    (found,) = log.execute(f"SELECT * FROM {table}").fetchall()
    assert "young" in found.values()


def test_what_still_holds_is_not_deleted_however_old_it_is(log: Log) -> None:
    insert = OTHERS["delete_escalations"][1]
    log.execute(insert.encode(), {"id": uuid.uuid4(), "name": "closed by hand", "at": OLD, "old": OLD})
    log.execute("UPDATE escalation SET over_at = NULL")
    log.execute(OTHERS["delete_sender_stops"][1].encode(), {"id": uuid.uuid4(), "name": "in", "at": None})
    log.execute(OTHERS["delete_template_changes"][1].encode(), {"name": "asked", "at": OLD})
    log.execute("UPDATE template_change SET outcome = 'asked'")
    for number, at in ((1, OLD), (2, YOUNG)):
        log.execute("INSERT INTO produced_quantity_seen VALUES ('R1', %s, %s, %s, %s)", [number, number, at, at])

    assert forget(log) == {}


def test_a_run_does_a_bounded_number_of_batches_and_the_next_one_goes_on(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "BATCHES", 2)
    for number in range(5):
        put_old(log, 100 + number, run_id=f"R{number}")

    (first,) = retention.forget(log, TICK, SETTINGS)
    (second,) = retention.forget(log, TICK, SETTINGS)

    assert str(first) == "Messages blanked: 4 (older than 90 days, setting blank_days); more the next time"
    assert str(second) == "Messages blanked: 1 (older than 90 days, setting blank_days)"


def test_every_column_that_names_a_message_has_an_index_by_which_it_is_found(log: Log) -> None:
    found = log.execute(
        """
        SELECT c.conrelid::regclass::text || '.' || a.attname AS column
        FROM pg_constraint AS c JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.confrelid = 'message_log'::regclass
            AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.conrelid AND i.indkey[0] = a.attnum)
        """
    ).fetchall()

    assert found == []


# What was said about being written to


def say(log: Log, value: str, days: float, kind: str = "opted_out", **columns: Any) -> None:
    said = {"kind": kind, "value": value, "at": ago(days), "source": "message", "phone": PHONE, **columns}
    if said["source"] in ("told_us", "undone", "decided"):
        said |= {"who": "Asha", "why": "They called."}
    names = ", ".join(said)
    log.execute(f"INSERT INTO partner_preference ({names}) VALUES ({', '.join(['%s'] * len(said))})", [*said.values()])


def standing(log: Log) -> Preferences:
    return preferences(log)


BY_HAND = {"phone": None, "partner_id": "P1", "source": "told_us"}
WORDS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                ("opted_out", "stop", {}),
                ("opted_out", "start", {}),
                ("opted_out", "maybe", {}),
                ("opted_out", "stop", {"phone": "+919829099999", "partner_id": "P1"}),
                ("opted_out", "stop", BY_HAND),
                ("opted_out", "start", {**BY_HAND, "source": "undone"}),
                ("language", "hi", {}),
                ("language", "en", {}),
                ("marketing", "stop", {"source": "user_preferences"}),
                ("marketing", "resume", {"source": "user_preferences"}),
            ]
        ),
        st.integers(85, 95),
    ),
    max_size=8,
    unique_by=str,
)


@given(words=WORDS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_said_the_last_words_outlast_all_retention(log: Log, words: list[Any]) -> None:
    log.execute("TRUNCATE partner_preference")
    for (kind, value, columns), days in words:
        say(log, value, days, kind, **columns)
    before = standing(log)

    forget(log)
    assert standing(log) == before
    retention.forget(log, TICK + dt.timedelta(days=4000), SETTINGS)
    assert standing(log) == before


def test_a_word_goes_once_another_one_as_old_has_taken_its_place(log: Log) -> None:
    say(log, "stop", 200)
    say(log, "start", 91)
    say(log, "stop", 89)
    say(log, "hi", 300, kind="language")

    assert forget(log) == {"delete_preferences": 1}
    kept = log.execute("SELECT value, phone FROM partner_preference ORDER BY at").fetchall()
    assert [one["value"] for one in kept] == ["hi", "start", "stop"]
    assert {one["phone"] for one in kept} == {PHONE}
    assert forget(log) == {}
