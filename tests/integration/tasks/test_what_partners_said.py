"""What partners have said keeps the tick from reminding them, is told to operations, and may be entered by hand."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from partner_messages.message_log import outbox, promises
from partner_messages.message_log.answers import AnsweredStall, open_for_answer
from partner_messages.message_log.preferences import enter_preference, note_preference, preferences
from partner_messages.messages.tick import RunRefused
from partner_messages.ops.said_by_hand import opt_out_by_hand, promise_by_hand
from sandbox.shop import partner_id as id_of
from support.dag_tasks import UPKEEP
from support.deployment import TICK
from support.examples import DAY, PARTNER_ID, PHONE, tick
from support.inbound import ANSWERED, find, hear, reminded
from support.log_rows import Log, put, row
from support.spellings import BOTH_WAYS, DIFFERENT
from support.ticks import go_through, look_after

RAJESH = id_of("RAJESH")
WHO = {"who": "Asha", "why": "They called."}
NEXT_DAY = TICK + dt.timedelta(days=1)


@pytest.fixture
def someone(deployment: Any, log: Log) -> dict[str, Any]:
    """A reminder of today's tick; the wall clock moves on to tomorrow."""
    sent = go_through(log)
    # (One whose run stands in the sample shop as it is for as long as it likes.)
    sure = [one for one in sent.rows if one["reminder_kind"] == "idle" and one["sender"] == "in"]
    sure = [one for one in sure if "AFTER" not in one["production_run_id"] and one["status"] == "sent"]
    first = min(sure, key=lambda one: str(one["production_run_id"]))
    deployment.now = NEXT_DAY + dt.timedelta(minutes=1)
    return dict(first)


def of(rows: Any, run_id: str) -> tuple[str, dict[str, Any] | None]:
    (one,) = [row for row in rows.rows if row["production_run_id"] == run_id]
    return one["skip_reason"] or one["status"], one["variables"]


LONG_AGO = TICK - dt.timedelta(days=5)


def tomorrow(log: Log, days: int = 1) -> Any:
    return go_through(log, logical_date=TICK + dt.timedelta(days=days), run_after=TICK + dt.timedelta(days=days))


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
    assert of(tomorrow(log), someone["production_run_id"])[0] == "answered"


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

    reason, variables = of(tomorrow(log), run_id)
    assert reason == "promised"
    assert variables == {"next_due": "2026-11-25"}
    assert promises.open_promises(log).keys() == {run_id}

    deployment.now = TICK + dt.timedelta(days=2, minutes=1)
    assert of(tomorrow(log, 2), run_id)[0] == "sent"
    assert promises.open_promises(log) == {}
    assert log.execute("SELECT state FROM promise").fetchall() == [{"state": "broken"}]
    assert log.execute("SELECT FROM escalation WHERE reason = 'broken_promise'").fetchall() == []


def test_a_promised_day_that_cannot_be_counted_with_stops_no_other_run(log: Log, someone: dict[str, Any]) -> None:
    for run_id, day in (("R1", dt.date.max), ("R2", dt.date.min)):
        promises.make_promise(log, run_id, PARTNER_ID, kind="idle", since=TICK, due_on=day, now=TICK)

    assert of(tomorrow(log), someone["production_run_id"])[0] == "sent"


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
        ends.append(of(tomorrow(log, days), run_id)[0])

    assert ends == ["answered", "answered", "sent"]


def test_or_it_is_where_the_setting_is_off(deployment: Any, log: Log, someone: dict[str, Any]) -> None:
    answer(log, someone, "material is late")
    deployment.set(pause_on_answer=False)

    assert of(tomorrow(log), someone["production_run_id"])[0] == "sent"


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
    assert of(sent, run_id)[0] == "unreachable"
    assert log.execute(
        "SELECT FROM escalation WHERE reason = 'unreachable' AND production_run_id = %s", [run_id]
    ).fetchall()

    hear(log, "hello", sender=someone["to_phone"], at=NEXT_DAY + dt.timedelta(hours=1))
    deployment.set(pause_on_answer=False)
    deployment.now = TICK + dt.timedelta(days=2, minutes=1)
    assert of(tomorrow(log, 2), run_id)[0] == "sent"


# At the claim


def claim(log: Log, *ids: uuid.UUID, **how: Any) -> set[uuid.UUID]:
    return {one.id for one in outbox.claim(log, ids, uuid.uuid4(), ANSWERED, **how)}


@pytest.mark.parametrize(
    ("word", "reason"), [("STOP", "opted_out"), ("please don't send", "answered"), ("START", None), ("हिंदी", None)]
)
def test_a_stop_is_in_force_before_the_next_claim(log: Log, word: str, reason: str | None) -> None:
    queued, other = put(log, "queued", "R1"), put(log, "queued", "R2", to_phone="+919829099999", partner_id="P2")

    hear(log, word)

    assert claim(log, queued, other) == ({other} if reason else {queued, other})
    assert row(log, queued)["skip_reason"] == reason
    held = log.execute("SELECT FROM message_run WHERE holds_slot AND production_run_id = 'R1'").fetchall()
    assert bool(held) is (reason is None)


@pytest.mark.parametrize(("setting", "gone"), [(False, set()), (True, {"event"})])
def test_a_setting_keeps_lifecycle_messages(log: Log, setting: bool, gone: set[str]) -> None:
    ids = {
        "event": put(
            log, "queued", "R1", message_kind="event", event_name="production_run.completed", reminder_kind=None
        ),
        "reminder": put(log, "queued", "R2"),
    }
    hear(log, "STOP")

    claimed = claim(log, *ids.values(), lifecycle_after_opt_out=setting)

    assert {name for name, id_ in ids.items() if id_ in claimed} == gone


def test_what_has_left_already_is_not_withdrawn(log: Log) -> None:
    queued = put(log, "queued", "R1")
    hear(log, "STOP")

    assert claim(log, queued, heeds_stop=False) == {queued}


@pytest.mark.parametrize(
    ("word", "reason"), [("STOP", "opted_out"), ("please don't send", None), ("START", None), ("मदद", None)]
)
@pytest.mark.parametrize("kind", ["reminder", "event", "followup"])
def test_a_stop_of_a_test_phone_is_in_force_before_the_next_claim(
    log: Log, word: str, reason: str | None, kind: str
) -> None:
    """Whatever is redirected, and the setting says of partners; nobody is asked to decide what only sounds like it."""
    of_kind = {"message_kind": kind, "event_name": "production_run.completed" if kind == "event" else None}
    queued, other = (
        put(log, "queued", f"R{number}", delivery="redirect", redirected=phone, to_phone=phone, **of_kind)
        for number, phone in enumerate((PHONE, "+919829099999"))
    )
    hear(log, word)

    claimed = claim(log, queued, other, lifecycle_after_opt_out=True)

    assert claimed == ({other} if reason else {queued, other})
    assert row(log, queued)["skip_reason"] == reason


@pytest.mark.parametrize(
    "words", [("own", "stop"), ("own", "start"), ("hand", "stop"), ("own", "maybe"), ("hand", "start")]
)
@pytest.mark.parametrize(
    "then", [("own", "stop"), ("own", "start"), ("hand", "stop"), ("hand", "start"), ("own", "maybe"), None]
)
@pytest.mark.parametrize("later", [0, 1])
def test_the_claim_and_the_plan_say_the_same(
    log: Log, words: tuple[str, str], then: tuple[str, str] | None, later: int
) -> None:
    for number, (whose, value) in enumerate(filter(None, (words, then))):
        at = ANSWERED + dt.timedelta(minutes=number * later)
        if whose == "own":
            note_preference(log, "opted_out", value, phone=PHONE, partner_id=PARTNER_ID, at=at)
        else:
            enter_preference(log, PARTNER_ID, value, source="told_us", act="opt_out", now=at, **WHO)
    queued = put(log, "queued", "R1")
    known = preferences(log)

    claim(log, queued)

    planned = "opted_out" if known.has_opted_out(PARTNER_ID, PHONE) else None
    planned = planned or ("answered" if known.waits_for_a_person(PARTNER_ID, PHONE) else None)
    assert row(log, queued)["skip_reason"] == planned


@pytest.mark.parametrize(("ours", "theirs"), BOTH_WAYS)
@pytest.mark.parametrize(("word", "reason"), [("STOP", "opted_out"), ("please don't send", "answered")])
def test_a_phone_is_the_same_however_meta_spells_it(log: Log, ours: str, theirs: str, word: str, reason: str) -> None:
    queued = put(log, "queued", "R1", to_phone=ours)

    hear(log, word, sender=theirs)

    known = preferences(log)
    assert known.has_opted_out(PARTNER_ID, ours) is (reason == "opted_out")
    assert known.waits_for_a_person(PARTNER_ID, ours) is (reason == "answered")
    assert claim(log, queued) == set()
    assert row(log, queued)["skip_reason"] == reason
    hear(log, "START", sender=ours, at=ANSWERED + dt.timedelta(minutes=1))
    assert claim(log, put(log, "queued", "R2", to_phone=theirs))


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_another_phone_s_stop_is_not_this_one_s(log: Log, one: str, other: str) -> None:
    queued = put(log, "queued", "R1", to_phone=one)

    hear(log, "STOP", sender=other)

    assert not preferences(log).has_opted_out(PARTNER_ID, one)
    assert claim(log, queued) == {queued}


# Replies


@pytest.mark.parametrize(("minutes", "end"), [(1, "sent"), (6, "skipped")])
def test_a_reply_is_sent_once_and_in_time_or_not_at_all(
    deployment: Any, log: Log, graph_api: Any, minutes: int, end: str
) -> None:
    reminded(log)
    hear(log, "STOP", at=ANSWERED)
    deployment.now = ANSWERED + dt.timedelta(minutes=minutes)

    look_after()
    look_after()

    (reply,) = log.execute("SELECT * FROM message_log WHERE message_kind = 'reply'").fetchall()
    assert (reply["status"], reply["attempts"]) == (end, 1 if end == "sent" else 0), reply["error_detail"]
    assert bool(reply["meta_message_id"]) is (end == "sent")


# By hand


def opt_out(choice: str, partner_id: str = RAJESH) -> str:
    given = {"opt_out_partner": partner_id, "opt_out": choice, "opt_out_by": "Asha", "opt_out_why": "They called."}
    return opt_out_by_hand(given)


def is_out(log: Log) -> bool:
    return preferences(log).has_opted_out(RAJESH, PHONE)


def audited(log: Log) -> list[tuple[str, str, str]]:
    return [(one["act"], one["who"], one["subject"]) for one in log.execute("SELECT * FROM audit ORDER BY id")]


def test_a_partner_who_told_somebody_is_opted_out_and_a_mistake_is_undone(log: Log, deployment: Any) -> None:
    opt_out("told_us")
    assert is_out(log)
    deployment.now += dt.timedelta(minutes=1)
    opt_out("undo")

    assert not is_out(log)
    assert audited(log) == [("opt_out", "Asha", RAJESH), ("undo_opt_out", "Asha", RAJESH)]
    with pytest.raises(RunRefused, match="nothing to undo"):
        opt_out("undo")


def test_their_own_stop_is_lifted_by_their_own_word_alone(log: Log, deployment: Any) -> None:
    reminded(log, partner_id=RAJESH)
    hear(log, "STOP")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    with pytest.raises(RunRefused, match="only their own later message"):
        opt_out("undo")
    assert is_out(log)
    hear(log, "START", at=ANSWERED + dt.timedelta(hours=2))
    assert not is_out(log)


@pytest.mark.parametrize(("choice", "out"), [("was_stop", True), ("was_no_stop", False)])
def test_what_sounds_like_stop_is_decided_and_closed(log: Log, deployment: Any, choice: str, out: bool) -> None:
    reminded(log, partner_id=RAJESH)
    hear(log, "band karo")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    opt_out(choice)

    assert is_out(log) is out
    assert not preferences(log).waits_for_a_person(RAJESH, PHONE)
    assert log.execute("SELECT FROM escalation WHERE closed_at IS NULL").fetchall() == []
    with pytest.raises(RunRefused, match="waits to be decided"):
        opt_out(choice)


@pytest.mark.parametrize("choice", ["told_us", "was_stop", "was_no_stop", "undo"])
@pytest.mark.parametrize(
    ("typed", "hint"),
    [(f"{RAJESH[:-1]}Q", "is no partner's id"), (RAJESH.lower(), RAJESH), ("Rajesh Textiles", RAJESH)],
)
def test_a_partner_whom_the_shop_does_not_have_is_refused_and_the_one_of_that_name_is_told(
    log: Log, deployment: Any, choice: str, typed: str, hint: str
) -> None:
    with pytest.raises(RunRefused, match=f"opt_out_partner names {typed}.*{hint}"):
        opt_out(choice, typed)

    assert audited(log) == []


def test_of_a_partner_whom_the_shop_has_forgotten_an_opt_out_can_be_undone(log: Log, deployment: Any) -> None:
    enter_preference(log, "GONE", "stop", source="told_us", act="opt_out", now=ANSWERED, **WHO)
    deployment.now = ANSWERED + dt.timedelta(minutes=1)

    opt_out("undo", "GONE")

    assert not preferences(log).has_opted_out("GONE", PHONE)


@pytest.mark.parametrize(("choice", "end"), [("was_stop", "opted_out"), ("was_no_stop", "sent")])
def test_what_sounds_like_stop_of_a_partner_never_written_to_is_told_and_decided(
    deployment: Any, log: Log, someone: dict[str, Any], choice: str, end: str
) -> None:
    log.execute("DELETE FROM message_log")
    hear(log, "please don't send me messages", sender=someone["to_phone"], at=TICK + dt.timedelta(hours=1))
    assert log.execute("SELECT FROM escalation WHERE reason = 'maybe_opt_out'").fetchall() == []

    assert of(tomorrow(log), someone["production_run_id"])[0] == "answered"

    (one,) = log.execute("SELECT * FROM escalation WHERE reason = 'maybe_opt_out'").fetchall()
    assert (one["partner_id"], one["closed_at"]) == (someone["partner_id"], None)
    assert log.execute("SELECT text FROM answer WHERE id = %s", [one["answer_id"]]).fetchone()
    opt_out(choice, someone["partner_id"])
    deployment.now = TICK + dt.timedelta(days=2, minutes=1)
    assert of(tomorrow(log, 2), someone["production_run_id"])[0] == end
    assert log.execute("SELECT FROM escalation WHERE reason = 'maybe_opt_out' AND closed_at IS NULL").fetchall() == []


def test_it_is_decided_by_the_phone_that_the_shop_has_now_too(
    deployment: Any, log: Log, someone: dict[str, Any]
) -> None:
    log.execute("DELETE FROM message_log")
    hear(log, "please don't send me messages", sender=someone["to_phone"], at=TICK + dt.timedelta(hours=1))

    opt_out("was_stop", someone["partner_id"])

    assert preferences(log).has_opted_out(someone["partner_id"], someone["to_phone"])


def test_what_was_written_on_a_shared_phone_is_decided_for_all_whom_it_reaches(log: Log, deployment: Any) -> None:
    reminded(log, "R2", partner_id="P2")
    reminded(log, partner_id=RAJESH)
    enter_preference(log, "P2", "stop", source="told_us", act="opt_out", now=ANSWERED, **WHO)
    hear(log, "band karo")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    opt_out("was_no_stop")

    known = preferences(log)
    assert not known.waits_for_a_person("P2", PHONE)
    assert (known.has_opted_out("P2", PHONE), known.has_opted_out(RAJESH, PHONE)) == (True, False)


def test_who_has_told_somebody_leaves_nothing_to_be_decided(log: Log, deployment: Any) -> None:
    reminded(log, partner_id=RAJESH)
    hear(log, "band karo")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    opt_out("told_us")

    assert log.execute("SELECT FROM escalation WHERE closed_at IS NULL").fetchall() == []


def test_a_tick_says_who_has_opted_out_and_since_when(
    deployment: Any, log: Log, someone: dict[str, Any], caplog: Any
) -> None:
    caplog.set_level("INFO")
    stop(log, someone)
    enter_preference(log, "P9", "stop", source="told_us", act="opt_out", now=TICK, **WHO)
    note_preference(log, "opted_out", "maybe", phone="+919829077777", partner_id=None, at=TICK)
    note_preference(log, "opted_out", "start", phone="+919829077777", partner_id=None, at=NEXT_DAY)

    tomorrow(log)

    said = [line.strip() for line in caplog.messages if " since 2026-11-23 (" in line]
    assert "opted out, or may have: 2" in caplog.messages
    assert [line.rpartition(": ")[2] for line in said] == [
        "stop since 2026-11-23 (message)",
        "stop since 2026-11-23 (told_us)",
    ]


def test_that_it_was_none_takes_no_earlier_word_back(log: Log, deployment: Any) -> None:
    opt_out("told_us")
    reminded(log, partner_id=RAJESH)
    hear(log, "band karo")
    deployment.now = ANSWERED + dt.timedelta(hours=1)

    opt_out("was_no_stop")

    assert is_out(log)


def promise(run_id: str = "R1", until: str = "2026-11-30") -> str:
    given = {"promised_run": run_id, "promised_until": until, "promised_by": "Asha", "promised_why": "From Monday."}
    return promise_by_hand(given)


def test_a_promise_is_entered_for_a_partner_and_the_same_again_is_the_same(log: Log, deployment: Any) -> None:
    find(log, tick(1), "R1")

    promise()
    promise()

    one = promises.open_promises(log)["R1"]
    assert (one.due_on, one.kind, one.source) == (dt.date(2026, 11, 30), "idle", "told_us")
    assert audited(log) == [("make_promise", "Asha", "R1")]


@pytest.mark.parametrize(
    ("run_id", "until", "why"),
    [
        ("R2", "2026-11-30", "never found stuck"),
        ("R1", "2026-11-22", "gone by"),
        ("R1", "2099-12-31", "the latest day is Thu 24 Dec 2026"),
    ],
)
def test_none_is_entered_of_a_run_that_nobody_is_reminded_of_or_for_a_day_that_is_over(
    log: Log, deployment: Any, run_id: str, until: str, why: str
) -> None:
    find(log, tick(1), "R1")

    with pytest.raises(RunRefused, match=why):
        promise(run_id, until)


@pytest.mark.parametrize("task", [UPKEEP.enter_promise, UPKEEP.enter_opt_out])
def test_where_nothing_is_asked_for_the_task_is_skipped(log: Log, deployment: Any, task: Any) -> None:
    with pytest.raises(AirflowSkipException):
        task({"params": {"opt_out": "leave"}})


def test_an_act_that_is_half_given_is_refused(log: Log, deployment: Any) -> None:
    with pytest.raises(AirflowFailException, match="opt_out_by is missing"):
        UPKEEP.enter_opt_out({"params": {"opt_out": "told_us", "opt_out_partner": "P1"}})


# Told


def test_help_is_told_at_once_and_again_the_next_day_and_no_sooner(log: Log, deployment: Any, tmp_path: Any) -> None:
    told = tmp_path / "told.txt"
    deployment.set(
        on_escalation={
            "class": "support.notifier.WritesTheList",
            "args": {"path": str(told), "text": "{{ escalations_text }}"},
        }
    )
    stall = AnsweredStall("R1", "idle", TICK, moved=False)
    open_for_answer(log, stall, PARTNER_ID, "asked_for_help", at=TICK, answer_id=None)
    open_for_answer(log, stall, PARTNER_ID, "answered", at=TICK, answer_id=None)

    assert UPKEEP.tell_at_once({"params": {}}, tick().to_xcom()) == 1
    assert UPKEEP.tell_at_once({"params": {}}, tick().to_xcom()) == 0

    days = log.execute("SELECT reason, told_on FROM escalation ORDER BY reason").fetchall()
    assert [(one["reason"], one["told_on"]) for one in days] == [("answered", None), ("asked_for_help", DAY)]
