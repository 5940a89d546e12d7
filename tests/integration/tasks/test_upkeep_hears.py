"""What a receiver has left is applied by upkeep, which also says what operations are to know, once."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter

import pytest
from psycopg.types.json import Jsonb

from partner_messages.database.named_sql import query
from partner_messages.message_log.answers import STOP_OF_NOBODY, AnsweredStall, open_for_answer
from partner_messages.message_log.database import recordset
from partner_messages.message_log.silences import SILENT, listen_to
from partner_messages.messages.tick import Tick
from partner_messages.ops.hearing import note_told, untold
from partner_messages.ops.run_notes import LONGEST, text_of
from partner_messages.ops.summarise import NeedsAnEngineer, TaskResults, summarise
from partner_messages.ops.summary import summarise_tick
from partner_messages.ops.upkeep import look_after_the_log
from partner_messages.recipients.taps import help_payload, later_payload
from partner_messages.webhook.store import store
from support.dag_tasks import UPKEEP
from support.deployment import TICK, run_pass
from support.examples import DAY, PARTNER_ID, tick
from support.inbound import ANSWERED, hear, reminded, replies, tap
from support.log_rows import put, row
from support.ticks import look_after
from support.webhooks import envelope, messages_change, of_statuses, status_item, text_item

NUMBER = "111000000000001"


def sweep(number=1):
    run = run_pass(f"run {number}", dag_id="message_log_upkeep", run_type="scheduled")
    return run, Tick.from_xcom(look_after_the_log(run))


def upkeep(number=1, unfinished=()):
    run, found = sweep(number)
    return summarise(found, run, unfinished, "Upkeep run", told=TaskResults(), of_all=True)


def test_what_a_receiver_has_stored_and_not_applied_is_applied(deployment, log):
    id_ = put(log, "unknown")
    store(log, of_statuses(status_item(status="read", biz_opaque_callback_data=str(id_)), number=NUMBER), TICK)

    assert upkeep()["warnings"] == []
    assert row(log, id_)["status"] == "read"


def test_what_could_not_be_applied_is_told_once(deployment, log):
    id_ = put(log, "sent", meta_message_id="wamid.A", sender="in")
    store(log, of_statuses(status_item("wamid.B", biz_opaque_callback_data=str(id_)), number=NUMBER), TICK)

    (said,) = upkeep()["warnings"]
    assert "another_wamid" in said
    assert str(id_) in said
    assert upkeep(2)["warnings"] == []


def test_what_is_to_be_told_waits_until_the_note_of_a_run_has_room_for_it(deployment, log):
    id_ = put(log, "sent", meta_message_id="wamid.A", sender="in")
    store(log, of_statuses(status_item("wamid.B", biz_opaque_callback_data=str(id_)), number=NUMBER), TICK)
    store(log, envelope({"field": "account_alerts", "value": {"alert_type": "OBA_APPROVED"}}), TICK)
    sweep(1)  # It is killed, or a later task is, before anything was said.
    with pytest.raises(NeedsAnEngineer):
        upkeep(2, unfinished=["x" * LONGEST])

    assert len(upkeep(3)["warnings"]) == 2
    assert upkeep(4)["warnings"] == []


def kinds_of_errors(log, number, *kinds):
    """A webhook with these kinds of errors, two of each, which are told in sentences as long as they may be."""
    store(log, envelope({"field": f"odd {number}", "value": {}}), TICK)
    sweep(f"of webhook {number}")
    errors = [{"item": place, "why": kind.ljust(200, ".")} for place, kind in enumerate((*kinds, *kinds))]
    log.execute("UPDATE webhook_event SET errors = %s WHERE id = (SELECT max(id) FROM webhook_event)", [Jsonb(errors)])


def test_each_of_several_kinds_of_errors_is_told_once_however_little_room_the_notes_have(deployment, log, monkeypatch):
    kinds_of_errors(log, 1, "kind A", "kind B", "kind C")
    kinds_of_errors(log, 2, "kind C", "kind D", "kind E")
    kinds_of_errors(log, 3, "kind A", "kind F", "kind G", "kind H")
    notes = []
    monkeypatch.setattr("partner_messages.ops.summarise.leave", lambda _, note: notes.append(note[:LONGEST]))

    while upkeep(len(notes))["warnings"] and len(notes) < 9:
        pass

    told = Counter(re.findall(r"(\d) items of webhooks could not be applied \((kind \w)\.*\); see", "".join(notes)))
    assert told == Counter({(str(4 if kind in "AC" else 2), f"kind {kind}"): 1 for kind in "ABCDEFGH"})
    assert 3 < len(notes) < 9


def test_what_becomes_known_while_a_run_tells_is_told_by_the_next(deployment, log):
    id_ = put(log, "sent", meta_message_id="wamid.A", sender="in")
    store(log, of_statuses(status_item("wamid.B", biz_opaque_callback_data=str(id_)), number=NUMBER), TICK)
    sweep()
    found = untold(log)
    log.execute("""UPDATE webhook_event SET errors = errors || '[{"item": 1, "why": "another_number"}]'""")
    note_told(log, found, TICK)

    (said,) = upkeep(2)["warnings"]
    assert said.startswith("1 items of webhooks could not be applied (another_number)")


def test_more_errors_of_a_kind_that_was_told_are_told_without_those_before(deployment, log):
    store(log, envelope({"field": "odd", "value": {}}), TICK)
    assert upkeep(1)["warnings"]
    (event,) = log.execute("SELECT id, errors FROM webhook_event").fetchall()
    more = [{"item": 7, "why": event["errors"][0]["why"]}] * 2
    log.execute(query("add_errors"), {"added": recordset([{"id": event["id"], "errors": more}])})

    assert [said.split()[0] for said in upkeep(2)["warnings"]] == ["2"]
    assert upkeep(3)["warnings"] == []


def test_that_a_partner_was_told_twice_is_told(deployment, log):
    put(log, "failed", meta_message_id="wamid.A", sender="in")
    put(log, "sent", meta_message_id="wamid.B", sender="in")
    store(log, of_statuses(status_item("wamid.A", "delivered"), number=NUMBER), TICK)

    (said,) = upkeep()["warnings"]
    assert said.startswith("told_twice: 1 messages")


def test_a_partner_who_was_told_twice_and_has_read_it_is_one_message(deployment, log):
    put(log, "failed", meta_message_id="wamid.A", sender="in")
    put(log, "sent", meta_message_id="wamid.B", sender="in")
    store(log, of_statuses(status_item("wamid.A", "delivered"), status_item("wamid.A", "read"), number=NUMBER), TICK)

    (said,) = upkeep()["warnings"]
    assert said.startswith("told_twice: 1 messages")


def test_what_meta_says_of_an_account_is_told_once(deployment, log):
    store(log, envelope({"field": "account_alerts", "value": {"alert_type": "OBA_APPROVED"}}), TICK)

    assert "OBA_APPROVED" in upkeep()["warnings"][0]
    assert upkeep(2)["warnings"] == []


@pytest.mark.parametrize("senders", [[], ["gone"]])
def test_without_senders_that_can_be_read_statuses_are_applied_all_the_same(deployment, log, senders, monkeypatch):
    id_ = put(log, "sent", meta_message_id="wamid.A")
    deployment.set(senders=senders)
    if not senders:
        for label in ("in", "au", "europe"):
            deployment.disconnect(f"whatsapp_{label}")
    store(log, of_statuses(status_item(status="delivered"), number=NUMBER), TICK)
    upkeep()

    assert row(log, id_)["status"] == "delivered"


def test_a_silent_sender_is_told_at_once_and_shown_while_it_lasts(deployment, log, told, caplog):
    deployment.set(senders=["in"])
    listen_to(log, ["in"], TICK)
    sent = {"meta_message_id": "wamid.A", "sent_at": TICK, "claimed_at": TICK}
    put(log, "sent", **sent)
    deployment.now = TICK + dt.timedelta(minutes=15)
    caplog.set_level("INFO")

    first, second = look_after(), look_after()

    assert told.read_text(encoding="utf-8").startswith("webhook_silent: Meta has taken messages of sender in ")
    assert first.tasks["tell_at_once"] == second.tasks["tell_at_once"] == "success"
    assert told.read_text(encoding="utf-8").count("webhook_silent") == 1
    assert [line for line in caplog.messages if line.startswith("webhook_silent: Meta has taken")]
    counts = summarise_tick(log, tick(), {}, deployment.now).counts()
    assert counts["silent"] == ["in"]
    assert "webhook_silent: in" in text_of(counts)

    store(log, of_statuses(status_item("wamid.A", "delivered", deployment.now), number=NUMBER), deployment.now)
    look_after()
    assert summarise_tick(log, tick(), {}, deployment.now).counts()["silent"] == []


def test_what_cannot_wait_is_told_until_somebody_was_told(deployment, log, told):
    """A silent sender, and a STOP of somebody unknown: whether the notifier fails, or the process is killed before."""
    deployment.set(senders=["in"])
    listen_to(log, ["in"], TICK)
    put(log, "sent", meta_message_id="wamid.A", sent_at=TICK, claimed_at=TICK)
    stop = {key: value for key, value in text_item(from_user_id="IN.5").items() if key != "from"}
    store(log, envelope(messages_change(messages=[stop])), TICK)
    deployment.now = TICK + dt.timedelta(minutes=15)
    sweep()  # It is killed before anything was said.
    told.with_name("fails").touch()
    assert look_after().tasks["tell_at_once"] == "failed"
    assert look_after().tasks["tell_at_once"] == "failed"
    told.with_name("fails").unlink()
    look_after()
    look_after()

    (said,) = told.read_text(encoding="utf-8").split("---\n")[:-1]
    assert [line.split(":")[0] for line in said.splitlines()] == [SILENT, STOP_OF_NOBODY]


def test_what_operations_are_to_look_at_stands_in_the_run_s_note(deployment, log):
    put(log, "failed", meta_message_id="wamid.A", sender="in")
    put(log, "sent", meta_message_id="wamid.B", sender="in")
    store(log, of_statuses(status_item("wamid.A", "delivered"), number=NUMBER), TICK)

    (said,) = upkeep()["warnings"]

    counts = summarise_tick(log, tick(warnings=(said,)), {}, TICK).counts()
    assert f"To be looked at: {said}" in text_of(counts, sends_what_waits=True)


def test_what_was_never_delivered_is_given_up(deployment, log):
    sent = TICK - dt.timedelta(days=1)
    id_ = put(log, "sent", sent_at=sent, sent_at_meta=sent)
    later = TICK - dt.timedelta(hours=8)
    put(log, "read", "R2", sent_at=later, sent_at_meta=later, delivered_at=later)
    upkeep()

    assert row(log, id_)["expired_at_meta"]


@pytest.mark.parametrize(("minutes", "end"), [(1, "sent"), (6, "skipped")])
def test_a_reply_is_sent_once_and_in_time_or_not_at_all(deployment, log, graph_api, minutes, end):
    reminded(log)
    hear(log, "STOP", at=ANSWERED)
    deployment.now = ANSWERED + dt.timedelta(minutes=minutes)

    look_after()
    look_after()

    (reply,) = replies(log)
    assert (reply["status"], reply["attempts"]) == (end, 1 if end == "sent" else 0), reply["error_detail"]
    assert bool(reply["meta_message_id"]) is (end == "sent")


def test_a_reply_that_midnight_comes_before_is_sent(deployment, log, graph_api):
    reminded(log)
    midnight = dt.datetime(2026, 11, 23, 18, 30, tzinfo=dt.UTC)
    hear(log, "STOP", at=midnight - dt.timedelta(minutes=1))
    deployment.now = midnight + dt.timedelta(minutes=1)

    look_after()

    assert [one["status"] for one in replies(log)] == ["sent"]


def test_who_writes_stop_gets_no_earlier_reply_any_more_but_those_to_what_they_ask_for_later(
    deployment, log, graph_api
):
    id_ = reminded(log)
    second = dt.timedelta(seconds=1)
    hear(log, **tap(later_payload(id_), at=ANSWERED))
    hear(log, "STOP", at=ANSWERED + second)
    hear(log, **tap(help_payload(id_), at=ANSWERED + 2 * second))
    deployment.now = ANSWERED + dt.timedelta(minutes=1)

    look_after()

    ends = [(one["variables"]["reply"], one["status"], one["skip_reason"]) for one in replies(log)]
    assert ends == [("when", "skipped", "opted_out"), ("stopped", "sent", None), ("help", "sent", None)]


def test_who_writes_stop_in_the_same_second_gets_its_confirmation_alone(deployment, log, graph_api):
    id_ = reminded(log)
    hear(log, **tap(later_payload(id_)))
    hear(log, "STOP")
    deployment.now = ANSWERED + dt.timedelta(minutes=1)

    look_after()

    ends = {one["variables"]["reply"]: one["status"] for one in replies(log)}
    assert ends == {"when": "skipped", "stopped": "sent"}


def test_help_is_told_at_once_and_again_the_next_day_and_no_sooner(log, deployment, told):
    stall = AnsweredStall("R1", PARTNER_ID, "idle", TICK, moved=False)
    open_for_answer(log, stall, "asked_for_help", at=TICK, answer_id=None)
    open_for_answer(log, stall, "answered", at=TICK, answer_id=None)

    assert UPKEEP.tell_at_once({"params": {}}, tick().to_xcom()) == 1
    assert UPKEEP.tell_at_once({"params": {}}, tick().to_xcom()) == 0

    days = log.execute("SELECT reason, told_on FROM escalation ORDER BY reason").fetchall()
    assert [(one["reason"], one["told_on"]) for one in days] == [("answered", None), ("asked_for_help", DAY)]
