"""
### Message log upkeep

Looks after the message log every 15 minutes, between the ticks.

- **Sends what has come due**: messages that waited until it was day for the recipient, or that Meta asked to be sent
  later. The run they speak of is looked at again first, and all guards hold: `halt`, the setting `delivery`, the day,
  the windows.
- **Closes what nobody will touch again**: queued messages of past days expire, and a message whose sender vanished
  becomes unknown.

Unpause it together with `production_run_reminders` and `production_run_events`: without it, a message that waits for
the recipient's morning expires unsent.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import CronTriggerTimetable, dag, get_current_context, task

from partner_messages.tasks.flow import DEFAULT_ARGS, send_and_say


@dag(
    schedule=CronTriggerTimetable("*/15 * * * *", timezone="Asia/Kolkata"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Kolkata"),
    catchup=False,
    is_paused_upon_creation=True,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["whatsapp", "production-runs"],
    default_args=DEFAULT_ARGS,
)
def message_log_upkeep() -> None:
    """Close what is over, send what has come due, say what happened."""

    @task
    def sweep() -> dict[str, Any]:
        """Bring the message log up to date, and close what nobody will touch again."""
        from partner_messages.tasks import message_log_upkeep as upkeep

        return upkeep.sweep(get_current_context())

    @task
    def release(tick: Any) -> list[dict[str, Any]]:
        """Take over the messages that have come due, and deal them out."""
        from partner_messages.tasks import message_log_upkeep as upkeep

        return upkeep.release(tick)

    tick = sweep()
    send_and_say(tick, release(tick), title="Upkeep run")


message_log_upkeep()
