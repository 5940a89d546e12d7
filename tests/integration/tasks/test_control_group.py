"""Partners who are drawn get no reminder of a first stall, and all else as ever (setting `control_share`)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

import pytest

from partner_messages.database.session import Session
from sandbox.shop import partner_id, run_id
from support.deployment import TICK, Deployment
from support.log_rows import Log
from support.ticks import Tick

DRAWN, RUN = partner_id("GANESH"), run_id("START80H")
DAY = dt.timedelta(days=1)


def test_the_first_stall_is_not_reminded_of_and_the_second_is_and_a_person_is_called_as_ever(
    one_sender: None,
    run_tick: Callable[..., Tick],
    deployment: Deployment,
    log: Log,
    shop: Session,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="partner_messages")
    deployment.set(control_share=0.1, escalate_after=2)

    def tick(days: int) -> Tick:
        deployment.now = TICK + days * DAY + dt.timedelta(minutes=1)
        return run_tick(logical_date=TICK + days * DAY)

    first = tick(0)
    assert first.ends[RUN] == "control_group"
    assert {row["partner_id"] for row in first.rows if row["skip_reason"] == "control_group"} == {DRAWN}
    assert "skipped control_group 1 (The reminder was held back to see what reminders do" in caplog.text
    cases = log.execute("SELECT partner_id, held_back, production_run_id FROM trial_case").fetchall()
    assert len(cases) > 10
    assert [(case["partner_id"], case["production_run_id"]) for case in cases if case["held_back"]] == [(DRAWN, RUN)]

    assert tick(1).ends[RUN] == "control_group"
    (called,) = log.execute("SELECT reason FROM escalation WHERE production_run_id = %s", [RUN]).fetchall()
    assert called["reason"] == "no_reaction"
    assert log.execute("SELECT count(*) AS cases FROM trial_case").fetchone() == {"cases": len(cases)}

    shop.execute("UPDATE production_runs SET started_at = %s WHERE id = %s", [TICK + DAY / 2, RUN])
    assert tick(4).ends[RUN] == "sent"
