"""Whole ticks under a policy: the cadence over three weeks, partners' exceptions, holidays."""

from __future__ import annotations

import collections
import datetime as dt
import logging
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from partner_messages.database.session import Session
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.outbox import messages_of
from partner_messages.messages.kinds import ReminderKind
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.tick import Tick
from partner_messages.ops.summary import summarise_tick
from partner_messages.sending.recheck import no_longer_due
from partner_messages.sending.template_operator import WhatsAppTemplateOperator
from sandbox.shop import partner_id, run_id
from sandbox.shop.expectations import expectations
from support.dag_tasks import EVENTS, REMINDERS
from support.deployment import TICK, Deployment, airflow_run
from support.log_rows import Log, change

RUN = run_id("SENT10D")
RAJESH, MEERA = partner_id("RAJESH"), partner_id("MEERA")
MONDAY = dt.date(2026, 11, 2)
FRIDAY = dt.date(2026, 11, 20)
"""The last sending day before TICK."""
WEEKDAYS = [MONDAY + dt.timedelta(days=number) for number in range(19) if number % 7 < 5]
"""Three weeks, Monday 2 to Friday 20 November; in Rajasthan the 10th and the 11th are holidays."""


def context(day: dt.date | None = None, run_type: str = "manual", *, run: object = "", **params: Any) -> dict[str, Any]:
    now = TICK if day is None else TICK + (day - TICK.date())
    dag_run = airflow_run(
        f"{run_type} {now.isoformat()} {run} {params}", run_type=run_type, logical_date=now, run_after=now
    )
    return {"dag_run": dag_run, "params": params}


def planned(of: dict[str, Any]) -> tuple[Tick, list[dict[str, Any]]]:
    """What the tasks up to planning make of a DAG run."""
    tick = REMINDERS.preflight(of)
    for kind in ReminderKind:
        REMINDERS.find_stuck_runs(of, tick, kind)
    return Tick.from_xcom(tick), REMINDERS.plan_messages(of, tick)


def sent(of: dict[str, Any]) -> Tick:
    tick, batches = planned(of)
    for batch in batches:
        WhatsAppTemplateOperator(
            task_id="send_messages",
            tick=tick.to_xcom(),
            batch=batch,
        ).execute(of)
    return tick


def ends_of(log: Log, tick: Tick) -> dict[str, str]:
    rows = log.execute("SELECT * FROM message_log WHERE tick_id = %s", [tick.id]).fetchall()
    return {row["production_run_id"]: row["skip_reason"] or row["status"] for row in rows}


def days_with(log: Log, end: str) -> list[int]:
    """The days of November on which the rows of RUN came to this end."""
    found = log.execute(
        "SELECT day FROM message_log WHERE production_run_id = %s AND coalesce(skip_reason, status) = %s ORDER BY day",
        [RUN, end],
    ).fetchall()
    return [row["day"].day for row in found]


@pytest.fixture
def one_run(shop: Session) -> None:
    """A shop of one run, sent on Friday 30 October at 12:00 IST: past its 24 hours from Monday on."""
    shop.execute("DELETE FROM production_runs WHERE id <> %s", [RUN])
    shop.execute(
        "UPDATE production_runs SET created_at = %s, dispatch_completed_at = NULL",
        [dt.datetime(2026, 10, 30, 6, 30, tzinfo=dt.UTC)],
    )


@pytest.fixture
def backfilled(deployment: Deployment, one_run: None) -> Any:
    """Backfills the three weeks in their order under these settings; returns the days that were skipped."""

    def backfill(**settings: Any) -> list[int]:
        deployment.set(**settings)
        skipped = []
        for day in WEEKDAYS:
            try:
                sent(context(day, "backfill"))
            except AirflowSkipException:
                skipped.append(day.day)
        return skipped

    return backfill


def test_a_backfill_under_daily_rehearses_every_day(backfilled: Any, log: Log) -> None:
    assert backfilled() == []

    assert days_with(log, "rehearsed") == [day.day for day in WEEKDAYS]
    assert days_with(log, "not_due") == []


def test_a_backfill_under_a_cadence_shows_it_and_when_each_run_is_due_next(
    backfilled: Any, log: Log, graph_api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="partner_messages")
    assert backfilled(cadence=[1, 3, 7]) == []
    assert graph_api.outbox() == []

    assert days_with(log, "rehearsed") == [2, 4, 10, 19]
    assert days_with(log, "not_due") == [3, 5, 6, 9, 11, 12, 13, 16, 17, 18, 20]
    waiting = log.execute("SELECT variables FROM message_log WHERE skip_reason = 'not_due' ORDER BY day").fetchall()
    next_due = ["11-04", *["11-10"] * 3, *["11-19"] * 6, "11-30"]
    assert [row["variables"]["next_due"][-5:] for row in waiting] == next_due
    said = [one.message for one in caplog.records if one.message.startswith("Not due today")]
    assert said == [f"Not due today: {RUN} (next on 2026-{day})." for day in next_due]


def test_a_backfill_skips_holidays_and_the_cadence_waits_for_them(backfilled: Any, log: Log) -> None:
    assert backfilled(cadence=[1, 3, 7], holidays=["IN-RJ"]) == [10, 11]

    assert days_with(log, "rehearsed") == [2, 4, 12]


def test_a_reminder_of_the_very_day_on_which_the_run_was_sent_counts(
    deployment: Deployment, one_run: None, shop: Session, log: Log
) -> None:
    deployment.set(cadence=[1, 3, 7], thresholds={"assignment_pending": 4})
    shop.execute("UPDATE production_runs SET created_at = %s", [TICK - dt.timedelta(days=3) + dt.timedelta(hours=2)])
    evening = context(FRIDAY, "backfill")
    evening["dag_run"].logical_date += dt.timedelta(hours=8)

    assert ends_of(log, sent(evening)) == {RUN: "rehearsed"}
    assert ends_of(log, sent(context(delivery="dry_run"))) == {RUN: "not_due"}


def test_a_live_tick_does_not_count_what_was_rehearsed(backfilled: Any, deployment: Deployment, log: Log) -> None:
    backfilled(cadence=[1, 3, 7])

    assert ends_of(log, sent(context())) == {RUN: "sent"}
    assert ends_of(log, sent(context(run=2, delivery="dry_run"))) == {RUN: "not_due"}


def test_a_reminder_that_failed_is_made_up_for_and_one_that_is_unknown_is_not(
    deployment: Deployment, one_run: None, log: Log
) -> None:
    deployment.set(cadence=[1, 3, 7])
    tick = sent(context())
    (row,) = log.execute("SELECT id FROM message_log WHERE tick_id = %s", [tick.id]).fetchall()
    change(log, row["id"], day=dt.date(2026, 11, 20))
    log.execute("UPDATE message_run SET day = '2026-11-20'")

    assert ends_of(log, sent(context(run=1))) == {RUN: "not_due"}
    change(log, row["id"], status="failed", error_code=131049)
    assert ends_of(log, sent(context(run=2))) == {RUN: "sent"}


@pytest.mark.parametrize(
    ("copies", "said"),
    [
        (0, f"Not due today: {RUN} (next on 2026-11-24)."),
        (10, "Not due today: 11 runs, next due 11 on 2026-11-24."),
    ],
)
def test_few_runs_that_are_not_due_are_named_and_many_are_counted_by_day(
    deployment: Deployment, shop: Session, one_run: None, caplog: pytest.LogCaptureFixture, copies: int, said: str
) -> None:
    caplog.set_level(logging.INFO, logger="partner_messages")
    shop.execute(
        "INSERT INTO production_runs SELECT (jsonb_populate_record(run, jsonb_build_object('id', run.id || number))).*"
        " FROM production_runs AS run, generate_series(1, %s) AS number",
        [copies],
    )
    deployment.set(cadence=[1, 3, 7])
    sent(context(FRIDAY, "backfill"))
    assert "Not due" not in caplog.text

    planned(context(delivery="dry_run"))

    assert said in caplog.text


@pytest.mark.parametrize(
    "partners",
    [
        pytest.param({}, id="nobody"),
        pytest.param({RAJESH: {"thresholds": {"assignment_pending": 24 * 30}}}, id="a patient one"),
        pytest.param({MEERA: {"thresholds": dict.fromkeys(ReminderKind, 1)}}, id="a quick one"),
        pytest.param({RAJESH: {"never": True}}, id="one who is never written to"),
    ],
)
def test_the_census_adds_up_whoever_has_thresholds_of_their_own(
    deployment: Deployment, log: Log, partners: dict[str, Any]
) -> None:
    deployment.set(partners=partners)
    tick, _ = planned(context(delivery="dry_run"))

    with open_message_log() as connection:
        counts = summarise_tick(connection, tick, {}, TICK).counts()

    assert counts["inspected"] == sum(one.is_inspected for one in expectations().values())
    assert counts["inspected"] == counts["found"] + counts["no_partner"] + counts["not_overdue"]
    assert counts["found"] + counts["no_partner"] == len(ends_of(log, tick))
    assert counts["found"] == counts["queued"] + sum(counts["skipped"].values()) - counts["no_partner"]


def test_the_census_adds_up_where_a_run_loses_its_partner_after_it_was_found(
    deployment: Deployment, one_run: None, shop: Session
) -> None:
    of = context(delivery="dry_run")
    raw = REMINDERS.preflight(of)
    for kind in ReminderKind:
        REMINDERS.find_stuck_runs(of, raw, kind)
    shop.execute("UPDATE production_runs SET partner_id = NULL")
    REMINDERS.plan_messages(of, raw)

    with open_message_log() as connection:
        counts = summarise_tick(connection, Tick.from_xcom(raw), {}, TICK).counts()

    assert {name: counts[name] for name in ("inspected", "found", "no_partner", "not_overdue", "skipped")} == {
        **{"inspected": 1, "found": 1, "no_partner": 0, "not_overdue": 0},
        "skipped": {"no_partner": 1},
    }


def test_a_longer_threshold_of_one_partner_finds_less_of_theirs_alone(deployment: Deployment, log: Log) -> None:
    usual = ends_of(log, planned(context(delivery="dry_run"))[0])
    deployment.set(partners={RAJESH: {"thresholds": {"assignment_pending": 24 * 30}}})

    own = ends_of(log, planned(context(delivery="dry_run", run=2))[0])

    assert usual.keys() - own.keys() == {run_id("SENT10D"), run_id("SENT25H")}
    assert own.keys() <= usual.keys()


def test_a_shorter_threshold_of_one_partner_finds_that_partner_s_runs_alone(deployment: Deployment, log: Log) -> None:
    usual = ends_of(log, planned(context(delivery="dry_run"))[0])
    deployment.set(partners={MEERA: {"thresholds": {"assignment_pending": 1}}})

    own = ends_of(log, planned(context(delivery="dry_run", run=2))[0])

    more = own.keys() - usual.keys()
    assert run_id("SENT23H") in more
    rows = log.execute("SELECT partner_id FROM message_log WHERE production_run_id = ANY (%s)", [list(more)]).fetchall()
    assert {row["partner_id"] for row in rows} == {MEERA}


@pytest.mark.parametrize("exception", [{"never": True}, {"paused_until": "2026-11-24"}])
def test_a_paused_partner_gets_nothing_and_a_row_says_why(
    deployment: Deployment, log: Log, graph_api: Any, exception: dict[str, Any]
) -> None:
    deployment.set(partners={RAJESH: exception})

    tick = sent(context())

    by_partner = collections.defaultdict(set)
    for row in log.execute("SELECT * FROM message_log WHERE tick_id = %s", [tick.id]).fetchall():
        by_partner[row["partner_id"]].add(row["skip_reason"])
    assert by_partner.pop(RAJESH) == {"paused"}
    assert not any("paused" in reasons for reasons in by_partner.values())
    assert graph_api.outbox()


def test_a_partner_on_a_holiday_of_their_own_gets_nothing_and_the_others_do(
    deployment: Deployment, log: Log, graph_api: Any
) -> None:
    deployment.set(partners={RAJESH: {"holidays": ["JP"]}})  # TICK is Labor Thanksgiving Day

    tick = sent(context())

    rows = log.execute("SELECT * FROM message_log WHERE tick_id = %s", [tick.id]).fetchall()
    his = [(row["skip_reason"], row["variables"]) for row in rows if row["partner_id"] == RAJESH]
    assert his
    assert all(
        one == ("partner_holiday", {"holiday": "Labor Thanksgiving Day", "next_due": "2026-11-24"}) for one in his
    )
    assert "partner_holiday" not in {row["skip_reason"] for row in rows if row["partner_id"] != RAJESH}
    assert graph_api.outbox()


def test_a_pause_is_over_on_its_day(deployment: Deployment, one_run: None, log: Log) -> None:
    deployment.set(partners={RAJESH: {"paused_until": "2026-11-23"}})

    assert ends_of(log, sent(context())) == {RUN: "sent"}


def test_a_partner_s_language_is_what_is_sent(deployment: Deployment, one_run: None, log: Log, graph_api: Any) -> None:
    deployment.set(partners={RAJESH: {"language": "en"}}, language="hi")

    sent(context())

    (message,) = graph_api.outbox(type="template")
    assert message["language"] == "en"


@pytest.mark.parametrize(
    ("settings", "hindered"),
    [
        pytest.param({}, None, id="nothing has changed"),
        pytest.param({"partners": {RAJESH: {"never": True}}}, SkipReason.PAUSED, id="paused since"),
        pytest.param({"runs": {RUN: {"never": True}}}, SkipReason.PAUSED, id="its run left alone since"),
        pytest.param({"runs": {RUN: {"paused_until": "2026-11-23"}}}, None, id="its run's pause is over"),
        pytest.param({"partners": {RAJESH: {"holidays": ["JP"]}}}, SkipReason.PARTNER_HOLIDAY, id="it is a holiday"),
        pytest.param(
            {"partners": {RAJESH: {"thresholds": {"assignment_pending": 24 * 300}}}},
            SkipReason.MOVED_ON,
            id="not overdue by the partner's own threshold",
        ),
        pytest.param(
            {"partners": {partner_id("SYDNEY"): {"never": True, "thresholds": {"assignment_pending": 1}}}},
            None,
            id="another partner's exception",
        ),
        pytest.param({"cadence": [30]}, None, id="the cadence is not asked again"),
        pytest.param({"senders": ["au"]}, SkipReason.NO_SENDER, id="its sender is one no more"),
        pytest.param({"senders": ["au", "in"]}, None, id="there is another sender"),
    ],
)
def test_just_before_sending_the_exceptions_are_looked_at_again(
    deployment: Deployment, one_run: None, log: Log, settings: dict[str, Any], hindered: SkipReason | None
) -> None:
    tick, (batch,) = planned(context())
    deployment.set(**settings)

    found = no_longer_due(tick, messages_of(log, batch["message_ids"], TICK), {}, load_settings())

    assert list(found.values()) == ([hindered] if hindered else [])


def test_a_scheduled_tick_on_a_holiday_is_skipped_and_says_so(deployment: Deployment, log: Log) -> None:
    deployment.set(holidays_added=["2026-11-23"])

    with pytest.raises(AirflowSkipException, match=r"2026-11-23 is a holiday .*holidays_added.*: nothing is sent"):
        REMINDERS.preflight(context(run_type="scheduled"))

    assert log.execute("SELECT FROM tick").fetchall() == []


def test_a_holiday_goes_by_its_name(deployment: Deployment) -> None:
    deployment.set(holidays=["IN-RJ"])
    guru_nanak = dt.date(2026, 11, 24)
    deployment.now = TICK + dt.timedelta(days=1)

    with pytest.raises(AirflowSkipException, match="2026-11-24 is a holiday \\(Guru Nanak's Birthday"):
        REMINDERS.preflight(context(guru_nanak, "scheduled"))

    deployment.set(holidays_removed=["2026-11-24"])
    assert REMINDERS.preflight(context(guru_nanak, "scheduled"))["day"] == "2026-11-24"


def test_a_tick_on_a_holiday_that_starts_late_asks_nobody_to_make_up_for_it(deployment: Deployment) -> None:
    deployment.set(holidays_added=["2026-11-23"])
    deployment.now = TICK + dt.timedelta(hours=3)

    with pytest.raises(AirflowSkipException, match="is a holiday"):
        REMINDERS.preflight(context(run_type="scheduled"))


def test_a_run_that_somebody_starts_on_a_holiday_goes_through_with_a_warning(
    deployment: Deployment, one_run: None, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    deployment.set(holidays_added=["2026-11-23"])

    assert ends_of(log, sent(context())) == {RUN: "sent"}

    assert "2026-11-23 is a holiday" in caplog.text
    assert "started by hand" in caplog.text


def test_events_keep_no_holidays(deployment: Deployment, caplog: pytest.LogCaptureFixture) -> None:
    deployment.set(holidays_added=["2026-11-23"])
    told = {"events": [{"event": "sent_to_partner", "production_run_id": RUN}]}

    assert EVENTS.preflight(context(run_type="asset_triggered", **told))["day"] == "2026-11-23"
    assert "holiday" not in caplog.text
