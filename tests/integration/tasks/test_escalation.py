"""What needs a person, over the real shop and message log: opened once, told once, told again, closed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from partner_messages.database.session import Session
from partner_messages.messages.tick import Tick
from partner_messages.ops import escalations
from partner_messages.ops.summarise import TaskResults, summarise
from sandbox.shop import partner_id, run_id
from support.at_once import at_once
from support.dag_tasks import REMINDERS, UPKEEP
from support.deployment import TICK, Deployment, run_pass
from support.escalations import DAY, escalated, goes, keep, lists, planned, rows
from support.log_rows import Log, put

PARKED, RUN = run_id("PARKED"), run_id("SENT10D")
RAJESH = partner_id("RAJESH")


def close(**params: Any) -> str:
    return UPKEEP.close_escalation({"params": params})


def test_the_sample_shop_s_runs_that_nobody_has_or_nobody_reaches_are_opened_once(
    deployment: Deployment, log: Log, shop: Session
) -> None:
    of, tick = planned(deployment)

    first = REMINDERS.escalate(of, tick)
    again = REMINDERS.escalate(of, tick)

    found = {run: reason for run, reason, _ in rows(log)}
    assert found[PARKED] == found[run_id("PARTNERGAP")] == "parked"
    assert run_id("PARENT") not in found
    skipped = log.execute(
        "SELECT production_run_id, skip_reason FROM message_log WHERE skip_reason = ANY (%s)",
        [["no_phone", "invalid_phone", "ambiguous_phone", "partner_inactive", "no_consent"]],
    ).fetchall()
    assert skipped
    assert {row["production_run_id"]: row["skip_reason"] for row in skipped}.items() <= found.items()
    assert first == {"opened": len(found), "ended": 0, "told": 0}
    assert again == {"opened": 0, "ended": 0, "told": 0}
    (parked,) = log.execute("SELECT since FROM escalation WHERE production_run_id = %s", [PARKED]).fetchall()
    assert parked["since"] == TICK - dt.timedelta(hours=800)


def test_a_run_without_a_partner_whose_parts_were_deleted_is_nobody_s(
    deployment: Deployment, log: Log, shop: Session
) -> None:
    keep(shop, run_id("PARENT"), run_id("PARENTA"), run_id("PARENTB"))
    shop.execute("UPDATE production_runs SET deleted_at = %s WHERE parent_run_id IS NOT NULL", [TICK - DAY])

    escalated(deployment)

    assert rows(log) == [(run_id("PARENT"), "parked", True)]


def test_one_list_is_told_once_and_again_after_seven_days(
    deployment: Deployment, log: Log, shop: Session, told: Path
) -> None:
    keep(shop, PARKED, run_id("NEHA30H"))
    of, tick = planned(deployment)

    assert REMINDERS.escalate(of, tick)["told"] == 2
    assert REMINDERS.escalate(of, tick)["told"] == 0
    assert [escalated(deployment, days)["told"] for days in (1, 4, 7, 8, 14)] == [0, 0, 2, 0, 2]
    assert len(lists(told)) == 3
    assert "2 production runs need a person" in lists(told)[0]
    assert PARKED in lists(told)[0]
    assert "+91" not in told.read_text()


def test_a_number_of_two_countries_is_told_with_both_readings_and_what_to_type(
    deployment: Deployment, log: Log, shop: Session, told: Path
) -> None:
    keep(shop, run_id("HENG30H"))

    assert escalated(deployment)["told"] == 1

    (line,) = [line for line in told.read_text().splitlines() if run_id("HENG30H") in line]
    assert "ambiguous_phone" in line
    assert "Type the number with + and the country code, such as +919812345678." in line
    assert "It may be +91•••••8574 or +65•••••8574." in line
    assert "581258574" not in told.read_text()


def test_a_list_that_could_not_be_told_is_told_at_the_next_try(
    deployment: Deployment, log: Log, shop: Session, told: Path
) -> None:
    keep(shop, PARKED)
    of, tick = planned(deployment)
    told.with_name("fails").touch()

    with pytest.raises(AirflowException, match="WritesTheList of setting on_escalation failed") as error:
        REMINDERS.escalate(of, tick)
    assert "9829012345" not in str(error.value)
    assert (rows(log), lists(told)) == ([(PARKED, "parked", True)], [])

    told.with_name("fails").unlink()
    assert REMINDERS.escalate(of, tick) == {"opened": 0, "ended": 0, "told": 1}
    assert len(lists(told)) == 1


def test_a_list_that_was_told_by_a_process_that_died_comes_again_with_the_same_key(
    deployment: Deployment, log: Log, shop: Session, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = {"path": str(told), "text": "{{ escalations_key }} {% for one in escalations %}{{ one.key }} {% endfor %}"}
    deployment.set(on_escalation={"class": "support.notifier.WritesTheList", "args": args})
    keep(shop, PARKED, run_id("NEHA30H"))
    of, tick = planned(deployment)

    with monkeypatch.context() as dying:
        dying.setattr(escalations, "note_told", dies)
        with pytest.raises(SystemExit):
            REMINDERS.escalate(of, tick)
    REMINDERS.escalate(of, tick)
    escalated(deployment, 7)

    first, again, a_week_later = lists(told)
    assert first == again
    assert len({*first.split(), *a_week_later.split()}) == 6


def dies(*_: Any) -> None:
    raise SystemExit


def test_two_runs_at_once_open_one_row_and_tell_it_once(
    deployment: Deployment, log: Log, shop: Session, told: Path
) -> None:
    keep(shop, PARKED)
    one, other = planned(deployment), planned(deployment, limit=5)

    done = at_once(lambda: REMINDERS.escalate(*one), lambda: REMINDERS.escalate(*other))

    assert [sum(each[what] for each in done) for what in ("opened", "told")] == [1, 1]
    assert rows(log) == [(PARKED, "parked", True)]
    assert len(lists(told)) == 1


@pytest.mark.parametrize(
    ("params", "row"), [({"delivery": "dry_run"}, 1), ({"delivery": "redirect", "redirect_to": "+919812399999"}, 1)]
)
def test_what_is_not_live_tells_nobody_and_is_kept_apart(
    deployment: Deployment, log: Log, shop: Session, told: Path, params: dict[str, Any], row: int
) -> None:
    keep(shop, PARKED)

    assert escalated(deployment, **params) == {"opened": 1, "ended": 0, "told": 0}
    assert escalated(deployment)["opened"] == 1
    assert {row["delivery"] for row in log.execute("SELECT delivery FROM escalation")} == {"live", params["delivery"]}
    assert len(lists(told)) == 1


def test_a_run_that_moved_on_closes_its_own(deployment: Deployment, log: Log, shop: Session) -> None:
    keep(shop, PARKED)
    escalated(deployment)
    shop.execute("UPDATE production_runs SET status = 'cancelled', cancelled_at = %s", [TICK])

    assert escalated(deployment, 1)["ended"] == 1
    assert rows(log) == [(PARKED, "parked", False)]


def test_a_narrowed_tick_leaves_the_others_open(deployment: Deployment, log: Log, shop: Session) -> None:
    keep(shop, PARKED, RUN)
    escalated(deployment)
    shop.execute("UPDATE production_runs SET status = 'cancelled', cancelled_at = %s", [TICK])

    assert escalated(deployment, 1, partner_ids=[RAJESH])["ended"] == 0
    assert escalated(deployment, 1, kinds=["idle"])["ended"] == 0
    assert escalated(deployment, 1, production_run_ids=[RUN])["ended"] == 0
    assert escalated(deployment, 1)["ended"] == 1


@pytest.mark.parametrize(
    ("arrives", "ended_that_day"),
    [
        pytest.param(["sent", "delivered"], 1, id="its phone says so"),
        pytest.param(["sent"], 0, id="Meta has not said otherwise by the next tick"),
    ],
)
def test_a_number_that_is_not_on_whatsapp_is_escalated_until_a_message_arrives(
    deployment: Deployment, log: Log, shop: Session, arrives: list[str], ended_that_day: int
) -> None:
    keep(shop, RUN)
    of, tick = planned(deployment)
    goes(log, "failed", error_code=131026)

    assert REMINDERS.escalate(of, tick)["opened"] == 1
    assert rows(log) == [(RUN, "not_on_whatsapp", True)]

    of, tick = planned(deployment, 1)
    assert REMINDERS.escalate(of, tick)["ended"] == 0  # only queued yet
    goes(log, *arrives)
    assert REMINDERS.escalate(of, tick)["ended"] == ended_that_day
    assert escalated(deployment, 2)["ended"] == 1 - ended_that_day


def test_a_number_of_which_meta_says_only_after_the_tick_that_it_is_not_on_whatsapp_is_escalated_once(
    deployment: Deployment, log: Log, shop: Session
) -> None:
    keep(shop, RUN)
    for days in range(3):
        of, tick = planned(deployment, days)
        goes(log, "sent")
        REMINDERS.escalate(of, tick)
        goes_wrong = log.execute("UPDATE message_log SET status = 'failed', error_code = 131026 WHERE status = 'sent'")
        assert goes_wrong.rowcount == 1

    assert rows(log) == [(RUN, "not_on_whatsapp", True)]


REFUSED = {"status": "failed", "error_code": 131026}


@pytest.mark.parametrize(
    ("last", "opened"),
    [
        pytest.param({RUN: (5, REFUSED)}, 1, id="refused"),
        pytest.param({RUN: (5, {"status": "read"})}, 0, id="read"),
        pytest.param({RUN: (5, REFUSED), "moved on": (4, {"status": "read"})}, 0, id="read elsewhere since"),
        pytest.param({RUN: (4, REFUSED), "moved on": (5, {"status": "read"})}, 1, id="read elsewhere before"),
        pytest.param({RUN: (5, {"status": "read"}), "moved on": (4, REFUSED)}, 1, id="refused elsewhere since"),
        pytest.param({RUN: (5, REFUSED), "moved on": (4, {"status": "unknown"})}, 1, id="no answer since"),
        pytest.param({"moved on": (4, {**REFUSED, "partner_id": "P2"})}, 0, id="another partner"),
    ],
)
def test_the_last_answer_over_all_a_partner_s_runs_says_whether_they_are_on_whatsapp(
    deployment: Deployment, log: Log, shop: Session, last: dict[str, tuple[int, dict[str, Any]]], opened: int
) -> None:
    keep(shop, RUN)
    for run, (days, columns) in last.items():
        left = TICK - days * DAY
        row = {"partner_id": RAJESH, "day": left.date(), "claimed_at": left, **columns}
        put(log, row.pop("status"), run, **row)

    assert escalated(deployment)["opened"] == opened


def test_a_run_past_its_cap_or_reminded_in_a_row_needs_a_person(
    deployment: Deployment, log: Log, shop: Session
) -> None:
    keep(shop, RUN)
    for days in (3, 4):
        day = (TICK - days * DAY).date()
        put(log, "sent", RUN, day=day, partner_id=RAJESH, reminder_kind="assignment_pending")

    deployment.set(escalate_after=2)
    escalated(deployment)
    deployment.set(escalate_after=7, max_reminders=2)
    shop.execute("UPDATE production_runs SET created_at = created_at - interval '1 hour'")  # another stall
    log.execute("DELETE FROM message_run WHERE day = '2026-11-23'")
    log.execute("DELETE FROM message_log WHERE day = '2026-11-23'")
    escalated(deployment, 1)

    assert rows(log) == [(RUN, "no_reaction", False), (RUN, "reminders_used_up", True)]
    (skipped,) = log.execute("SELECT * FROM message_log WHERE day = '2026-11-24'").fetchall()
    assert skipped["skip_reason"] == "escalated"


def test_one_closed_by_hand_says_who_and_why_and_stays_closed(
    deployment: Deployment, log: Log, shop: Session, told: Path
) -> None:
    keep(shop, PARKED)
    escalated(deployment)
    by_hand = {
        "production_run_id": PARKED,
        "closed_by": "ops",
        "closed_why": "A new partner signs on Monday.",
    }

    assert close(**by_hand) == close(**by_hand) == "parked"  # a retry

    (row,) = log.execute("SELECT closed_by, closed_why, over_at FROM escalation").fetchall()
    assert tuple(row.values()) == ("ops", "A new partner signs on Monday.", None)
    assert [escalated(deployment, days)["opened"] for days in (1, 8)] == [0, 0]
    assert len(lists(told)) == 1

    shop.execute(
        "UPDATE production_run_activity SET occurred_at = %s WHERE kind = 'reassignment_needed'", [TICK + 8 * DAY]
    )
    assert escalated(deployment, 9) == {"opened": 1, "ended": 1, "told": 1}
    assert [one["closed_by"] for one in log.execute("SELECT closed_by FROM escalation ORDER BY opened_at")] == [
        "ops",
        None,
    ]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"closed_by": "ops", "closed_why": "x"}, "production_run_id is missing"),
        ({"production_run_id": PARKED, "closed_why": "x"}, "closed_by is missing"),
        ({"production_run_id": PARKED, "closed_by": "ops", "closed_why": " "}, "closed_why is missing"),
        ({"production_run_id": PARKED, "closed_by": "ops", "closed_why": 3}, '"closed_why"'),
        ({"production_run_id": PARKED, "closed_by": "ops", "closed_why": "x\0"}, '"closed_why"'),
        ({"production_run_id": PARKED, "closed_by": "o\nps", "closed_why": "x"}, '"closed_by"'),
        ({"production_run_id": f"{PARKED}\0", "closed_by": "ops", "closed_why": "x"}, '"production_run_id"'),
        (
            {"production_run_id": RUN, "closed_by": "ops", "closed_why": "x"},
            f"Run {RUN} has no open escalation",
        ),
    ],
)
def test_closing_by_hand_is_refused_in_one_sentence(
    deployment: Deployment, shop: Session, params: dict[str, Any], said: str
) -> None:
    keep(shop, PARKED)
    escalated(deployment)

    with pytest.raises(AirflowFailException, match=said):
        close(**params)


def test_where_nothing_is_to_be_closed_the_task_is_skipped(deployment: Deployment) -> None:
    with pytest.raises(AirflowSkipException):
        close(production_run_id=None, closed_by="", closed_why=None)


def test_a_backfill_after_today_s_dry_run_shows_its_own_days(deployment: Deployment, log: Log, shop: Session) -> None:
    keep(shop, PARKED)
    dry = {"delivery": "dry_run"}
    escalated(deployment, **dry)

    assert [escalated(deployment, days, **dry)["opened"] for days in (-5, -4)] == [1, 0]
    assert [row["opened_at"] for row in log.execute("SELECT opened_at FROM escalation")] == [TICK - 5 * DAY]
    shop.execute("UPDATE production_runs SET status = 'cancelled', cancelled_at = %s", [TICK - 3.5 * DAY])
    assert escalated(deployment, -3, **dry)["ended"] == 1
    assert escalated(deployment, -4, **dry) == {"opened": 0, "ended": 0, "told": 0}
    assert rows(log) == [(PARKED, "parked", True)]  # as it stood on that day


def test_a_tick_that_never_planned_or_whose_day_is_over_changes_nothing(
    deployment: Deployment, log: Log, shop: Session
) -> None:
    of, tick = planned(deployment)
    log.execute("UPDATE tick SET planned = NULL")
    with pytest.raises(AirflowSkipException, match="Planning did not come to its end"):
        REMINDERS.escalate(of, tick)

    deployment.now = TICK + DAY
    with pytest.raises(AirflowSkipException, match=r"The day of this run .* is over"):
        REMINDERS.escalate(of, tick)
    assert rows(log) == []


def test_a_notifier_that_cannot_be_made_is_named(deployment: Deployment, shop: Session) -> None:
    keep(shop, PARKED)
    deployment.set(on_escalation={"class": "support.notifier.NoSuchClass"})

    with pytest.raises(AirflowFailException, match=r'"on_escalation": support\.notifier\.NoSuchClass cannot be used'):
        escalated(deployment)


def test_the_summary_counts_and_names_what_needs_a_person(
    deployment: Deployment, shop: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="partner_messages")
    keep(shop, PARKED, run_id("PARTNERGAP"))
    of, raw = planned(deployment)
    REMINDERS.escalate(of, raw)
    close(production_run_id=run_id("PARTNERGAP"), closed_by="ops", closed_why="It is being assigned.")
    tick = Tick.from_xcom(raw)

    counts = summarise(tick, run_pass(tick.dag_run_id), [], "Reminder run", told=TaskResults(), finds=True)

    assert counts["escalated"] == {"parked": 1, "closed by hand": 1}
    (named,) = counts["escalations"]
    assert (named["production_run_id"], named["reason"]) == (PARKED, "parked")
    said = [record.getMessage() for record in caplog.records]
    assert any(line.startswith("Reminder run — ") and line.endswith("live: sent 0; need a person: 1") for line in said)
    assert "need a person: closed by hand 1" in said
    assert "need a person: parked 1 (Give the run to a partner who is active)" in said
    (design,) = shop.execute(
        "SELECT d.name FROM design d JOIN production_runs r ON r.design_id = d.id WHERE r.id = %s", [PARKED]
    ).fetchall()
    (needs,) = [line for line in said if line.startswith("Needs a person: ")]
    assert needs == f"Needs a person: {design['name']}: parked since 2026-10-21 | run {PARKED}, no partner"


def test_the_summary_of_an_earlier_run_does_not_say_that_a_person_closed_what_a_later_one_has_ended(
    deployment: Deployment, shop: Session
) -> None:
    keep(shop, PARKED)
    of, raw = planned(deployment)
    REMINDERS.escalate(of, raw)
    shop.execute("UPDATE production_runs SET status = 'cancelled'")
    assert escalated(deployment, 1)["ended"] == 1
    tick = Tick.from_xcom(raw)

    counts = summarise(tick, run_pass(tick.dag_run_id), [], "Reminder run", told=TaskResults(), finds=True)

    assert counts["escalated"] == {}
