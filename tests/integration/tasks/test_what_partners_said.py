"""What partners have said keeps the tick from reminding them, or has it call a person."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from partner_messages.message_log import promises
from partner_messages.message_log.preferences import note_preference
from sandbox.shop import partner_id
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID
from support.inbound import hear, told_somebody
from support.log_rows import Log, put
from support.ticks import go_through, tomorrow

NEXT_DAY = TICK + dt.timedelta(days=1)


LONG_AGO = TICK - dt.timedelta(days=5)


def answer(log: Log, message: dict[str, Any], text: str, **changes: Any) -> None:
    named = {"sender": message["to_phone"], "context_wamid": message["meta_message_id"]}
    hear(log, text, at=TICK + dt.timedelta(hours=1), **named, **changes)


def stop(log: Log, message: dict[str, Any], value: str = "stop") -> None:
    note_preference(log, "opted_out", value, phone=message["to_phone"], partner_id=message["partner_id"], at=TICK)


def test_who_has_opted_out_is_not_reminded_and_whoever_is_reached_there_is_neither(
    log: Log, someone: dict[str, Any]
) -> None:
    stop(log, someone)

    ends = [row["skip_reason"] for row in tomorrow(log).rows if row["partner_id"] == someone["partner_id"]]

    assert set(ends) == {"opted_out"}


def test_what_sounds_like_stop_is_not_reminded_either_before_it_is_decided(log: Log, someone: dict[str, Any]) -> None:
    stop(log, someone, "maybe")
    assert tomorrow(log).ends[someone["production_run_id"]] == "answered"


def test_a_language_that_was_asked_for_is_written_in(log: Log, someone: dict[str, Any]) -> None:
    other = "en" if someone["language"] == "hi" else "hi"
    note_preference(log, "language", other, phone=someone["to_phone"], partner_id=None, at=TICK)

    rows = tomorrow(log).rows

    (mine,) = [one for one in rows if one["production_run_id"] == someone["production_run_id"]]
    assert (mine["status"], mine["language"]) == ("sent", other)


def test_no_reminder_before_the_sending_day_after_a_promise_and_then_it_is_broken(
    deployment: Any, log: Log, someone: dict[str, Any]
) -> None:
    run_id = someone["production_run_id"]
    answer(log, someone, "Tue", kind="interactive", payload=f"promise:{someone['id']}:2026-11-24")

    (planned,) = [row for row in tomorrow(log).rows if row["production_run_id"] == run_id]
    assert planned["skip_reason"] == "promised"
    assert planned["variables"] == {"next_due": "2026-11-25"}
    assert promises.open_promises(log).keys() == {run_id}

    deployment.now = TICK + dt.timedelta(days=2, minutes=1)
    reminded_again = tomorrow(log, 2)
    assert reminded_again.ends[run_id] == "sent"
    assert [one for one in reminded_again.returned["warnings"] if "promise" in one] == [
        f"A promise was broken: run {run_id} was to move by 2026-11-24 (partner {someone['partner_id']}); they are"
        " reminded of it again."
    ]
    assert promises.open_promises(log) == {}
    assert log.execute("SELECT state FROM promise").fetchall() == [{"state": "broken"}]
    assert log.execute("SELECT FROM escalation WHERE reason = 'broken_promise'").fetchall() == []


def test_a_promised_day_that_cannot_be_counted_with_stops_no_other_run(log: Log, someone: dict[str, Any]) -> None:
    for run_id, day in (("R1", dt.date.max), ("R2", dt.date.min)):
        promises.make_promise(log, run_id, PARTNER_ID, kind="idle", since=TICK, due_on=day, now=TICK)

    assert tomorrow(log).ends[someone["production_run_id"]] == "sent"


def test_the_second_broken_one_calls_a_person(deployment: Any, log: Log, someone: dict[str, Any]) -> None:
    stall = promises.last_stall(log, someone["production_run_id"])
    assert stall is not None
    said = {"kind": stall["kind"], "since": stall["since"], "due_on": DAY, "now": TICK}
    for last in (False, True):
        promises.make_promise(log, someone["production_run_id"], someone["partner_id"], **said)
        if not last:
            (one,) = promises.open_promises(log).values()
            promises.end_promises(log, {one.id: ("broken", "Its day went by.")}, TICK)

    tomorrow(log)

    found = log.execute("SELECT production_run_id FROM escalation WHERE reason = 'broken_promise'").fetchall()
    assert found == [{"production_run_id": someone["production_run_id"]}]


def test_a_promise_is_kept_when_its_run_is_stuck_no_more(log: Log, deployment: Any) -> None:
    promises.make_promise(log, "gone", PARTNER_ID, kind="idle", since=LONG_AGO, due_on=DAY, now=TICK)

    go_through(log)

    assert log.execute("SELECT state, ended_why FROM promise").fetchall() == [
        {"state": "kept", "ended_why": "The run moved on."}
    ]


def test_a_promise_ends_where_its_run_has_gone_to_another_partner_though_it_is_not_late_there_yet(
    deployment: Any, shop: Any, log: Log, someone: dict[str, Any]
) -> None:
    run_id, day = someone["production_run_id"], TICK + dt.timedelta(days=1)
    other = next(one for one in map(partner_id, ("RAJESH", "MEERATAK")) if one != someone["partner_id"])
    answer(log, someone, "Tue", kind="interactive", payload=f"promise:{someone['id']}:2026-11-24")
    shop.execute(
        "UPDATE production_runs SET partner_id = %s, accepted_at = NULL, started_at = NULL, status = 'sent_to_partner',"
        " dispatch_completed_at = %s, updated_at = %s WHERE id = %s",
        [other, day, day, run_id],
    )

    assert run_id not in tomorrow(log).ends

    found = log.execute("SELECT state, ended_why FROM promise").fetchall()
    assert found == [{"state": "withdrawn", "ended_why": "The run was given to another partner."}]


@pytest.mark.parametrize(
    ("since", "made_at"), [(LONG_AGO, TICK + dt.timedelta(minutes=5)), (TICK - dt.timedelta(hours=71), TICK)]
)
def test_a_tick_that_knows_less_than_who_promised_ends_no_promise(
    log: Log, deployment: Any, since: dt.datetime, made_at: dt.datetime
) -> None:
    # It was cleared hours later, or the stall is younger than its threshold, which may have been raised.
    promises.make_promise(log, "R9", PARTNER_ID, kind="idle", since=since, due_on=DAY, now=made_at)

    go_through(log)

    assert log.execute("SELECT state FROM promise").fetchall() == [{"state": "open"}]


def test_while_nobody_has_read_an_answer_its_run_is_not_reminded_for_five_sending_days(
    deployment: Any, log: Log, someone: dict[str, Any]
) -> None:
    answer(log, someone, "material is late")
    run_id = log.execute("SELECT production_run_id FROM escalation WHERE reason = 'answered'").fetchone()[
        "production_run_id"
    ]  # type: ignore[index]
    ends = []
    for days in (1, 7, 8):  # Tuesday, and Monday and Tuesday of the next week: five and six sending days later.
        deployment.now = TICK + dt.timedelta(days=days, minutes=1)
        ends.append(tomorrow(log, days).ends[run_id])

    assert ends == ["answered", "answered", "sent"]


def test_or_it_is_where_the_setting_is_off(deployment: Any, log: Log, someone: dict[str, Any]) -> None:
    answer(log, someone, "material is late")
    deployment.set(pause_on_answer=False)

    assert tomorrow(log).ends[someone["production_run_id"]] == "sent"


def test_a_partner_to_whom_nothing_was_delivered_three_times_is_called_instead(
    deployment: Any, log: Log, someone: dict[str, Any]
) -> None:
    log.execute("UPDATE message_log SET expired_at_meta = %s WHERE id = %s", [TICK, someone["id"]])
    for number in (1, 2):
        put(
            *(log, "sent", f"X{number}"),
            partner_id=someone["partner_id"],
            to_phone=someone["to_phone"],
            meta_message_id=f"wamid.x{number}",
            claimed_at=TICK - dt.timedelta(days=number),
            expired_at_meta=TICK,
            day=DAY - dt.timedelta(days=number),
        )
    others = "partner_id = %s AND id <> %s AND meta_message_id NOT LIKE 'wamid.x%%'"
    log.execute(f"DELETE FROM message_log WHERE {others}", [someone["partner_id"], someone["id"]])

    sent = tomorrow(log)

    run_id = someone["production_run_id"]
    assert sent.ends[run_id] == "unreachable"
    assert log.execute(
        "SELECT FROM escalation WHERE reason = 'unreachable' AND production_run_id = %s", [run_id]
    ).fetchall()

    hear(log, "hello", sender=someone["to_phone"], at=NEXT_DAY + dt.timedelta(hours=1))
    deployment.set(pause_on_answer=False)
    deployment.now = TICK + dt.timedelta(days=2, minutes=1)
    assert tomorrow(log, 2).ends[run_id] == "sent"


def test_a_tick_says_who_has_opted_out_and_since_when(
    deployment: Any, log: Log, someone: dict[str, Any], caplog: Any
) -> None:
    caplog.set_level("INFO")
    stop(log, someone)
    told_somebody(log, "P9", "stop", at=TICK)
    note_preference(log, "opted_out", "maybe", phone="+919829077777", partner_id=None, at=TICK)
    note_preference(log, "opted_out", "start", phone="+919829077777", partner_id=None, at=NEXT_DAY)

    tomorrow(log)

    said = [line.strip() for line in caplog.messages if " since 2026-11-23 (" in line]
    assert "opted out, or may have: 2" in caplog.messages
    assert [line.rpartition(": ")[2] for line in said] == [
        "stop since 2026-11-23 (message)",
        "stop since 2026-11-23 (told_us)",
    ]
