"""A replay of what real ticks have found, under the settings that they had, has the very messages that they sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from partner_messages.config.settings import parse_settings
from partner_messages.database.session import Session
from partner_messages.message_log.database import open_message_log
from partner_messages.ops.replay import Replay, replay
from partner_messages.pages.past import read_history
from sandbox.shop.expectations import run_id
from support.deployment import TICK, Deployment
from support.log_rows import Log
from support.submitted import submit_templates
from support.ticks import go_through, look_after

DIGEST = "jyt_production_run_digest_v1"
DAYS = 10
"""From a Monday on; on eight of them there is a tick."""
HOLIDAY = dt.date(2026, 11, 26)


def go_through_days(deployment: Deployment, log: Log, shop: Session, settings: dict[str, Any]) -> None:
    """Scheduled ticks, each with what waits sent in the afternoon; a run is accepted, one finished, a message fails."""
    for day in range(DAYS):
        now = TICK + dt.timedelta(days=day)
        if now.weekday() >= 5 or (now.date() == HOLIDAY and "holidays_added" in settings):
            continue
        deployment.now = now + dt.timedelta(minutes=1)
        go_through(log, logical_date=now)
        if "partner_send_window" in settings:
            deployment.now = now + dt.timedelta(hours=7)
            look_after()
        if day == 2:
            change = "UPDATE production_runs SET status = 'in_progress', accepted_at = %s WHERE id = %s"
            shop.execute(change, [now + dt.timedelta(hours=4), run_id("SENT10D")])
            shop.execute("UPDATE production_runs SET finished_at = %s WHERE id = %s", [now, run_id("START73H")])
        if day == 3:
            log.execute(
                "UPDATE message_log SET status = 'failed', failed_at = now(), error_code = 131049, error_detail = 'No.'"
                " WHERE id = ("
                "SELECT message_id FROM message_run WHERE production_run_id = %s AND day = %s AND holds_slot)",
                [run_id("SENT25H"), now.date()],
            )


def sent(log: Log) -> set[tuple[dt.date, frozenset[str]]]:
    """The messages that have left, each with its day and the runs that it speaks of."""
    found = log.execute(
        "SELECT m.day, array_agg(r.production_run_id) AS runs"
        " FROM message_log AS m JOIN message_run AS r ON r.message_id = m.id"
        " WHERE m.status IN ('sent', 'failed') AND m.message_kind IN ('reminder', 'digest') GROUP BY m.id, m.day"
    ).fetchall()
    return {(row["day"], frozenset(row["runs"])) for row in found}


def messages(of: Replay) -> set[tuple[dt.date, frozenset[str]]]:
    return {(one.day, frozenset(one.production_run_ids)) for one in of.messages}


def called(log: Log) -> Iterator[tuple[dt.date, str, str]]:
    for row in log.execute("SELECT * FROM escalation WHERE kind IS NOT NULL").fetchall():
        yield row["opened_at"].astimezone(dt.UTC).date(), row["production_run_id"], row["reason"]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"max_reminders": 4, "escalate_after": 3, "digest": True}, id="daily, a cap and digests"),
        pytest.param(
            {
                "cadence": {"days": [1, 2], "then": "weekly"},
                "holidays_added": [HOLIDAY.isoformat()],
                "partner_send_window": ["08:00", "20:00"],
                "escalate_after": 2,
                "max_messages_per_run": 12,
            },
            id="a weekly cadence, a holiday, people's own hours and a limit",
        ),
    ],
)
def test_the_settings_under_which_it_was_made_give_the_very_messages_that_were_sent(
    deployment: Deployment, log: Log, shop: Session, graph_api: Any, settings: dict[str, Any]
) -> None:
    graph_api.set_limits(pair_seconds=0)
    submit_templates([DIGEST])
    submit_templates()
    deployment.set(**settings)
    go_through_days(deployment, log, shop, settings)

    with open_message_log() as connection:
        now = parse_settings(deployment.settings)
        history = read_history(connection, now, deployment.now)
    again = replay(history, now)

    assert len(sent(log)) > 40
    assert messages(again) == sent(log)
    assert {(one.day, one.trouble.production_run_id, str(one.trouble.reason)) for one in again.called} == set(
        called(log)
    )
