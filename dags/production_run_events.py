"""
### Production run events

Tells a partner of what has just happened to a run: one DAG run for each event of the shop, or for a list of them.

| event | message | goes to |
|---|---|---|
| `production_run.sent_to_partner` | assigned | the run's partner, while it is still to be accepted |
| `production_run.cancelled` | cancelled | the run's partner while it is cancelled, or the previous one if it is named |
| `production_run.completed` | completed | the run's partner, once it is completed or finished |
| `production_run.reminder_<kind>` | that run's reminder, now | the run's partner, once a day with the weekday tick |

Other events of a run end as a skip `no_template_for_event`.

**Once**: one message for a run, event and partner within 60 minutes, and one for an `event_id` as long as its message
is kept (setting `retain_days`), unless it failed. Give the DAG run an id made from the event's (`dag_run_id`), and
Airflow answers a repeat with 409.

**Never late, never at night**: an event older than the setting `event_max_age` is skipped (`stale_event`), so
unpausing this DAG releases no flood. Outside the setting `event_window`, in the recipient's own time, a message waits
for `message_log_upkeep`, which must be unpaused too.

**What happened**: the run's note says whether it was live (`auto` stands for the setting `delivery`), its counts, and
what needs an engineer. What the task *Summarise* logs begins `Event run —`, and says by name who was told, and who was
not and why.

**To stop everything now**: trigger *Message log upkeep* with *Halt all sending, or go on* = halt, your name and why; or
set `halt` to `true` in the Variable `partner_messages`.
"""

from __future__ import annotations

import partner_messages.tasks  # noqa: F401 - first: it refuses an Airflow that has not what comes next

# isort: split
from typing import Any

import pendulum
from airflow.sdk import dag, get_current_context

from partner_messages.deployment.forms import EVENTS
from partner_messages.tasks.flow import DEFAULT_ARGS, first_step, owner_links, send_and_say, step
from partner_messages.tasks.page_links import WhoAndWhy, linked


@dag(
    dag_display_name="Production run events",
    description="Tells a partner of a production run that was assigned, cancelled or completed",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Kolkata"),
    catchup=False,
    is_paused_upon_creation=True,
    max_active_runs=16,
    params=dict(EVENTS),
    doc_md=__doc__,
    tags=["whatsapp", "production-runs"],
    default_args=DEFAULT_ARGS,
    owner_links=owner_links(),
)
def production_run_events() -> None:
    """One event, or a list: check, decide, send, say."""

    @first_step("Preflight")
    def preflight() -> dict[str, Any]:
        """Check everything that must be right, and fix day and delivery."""
        from partner_messages.tasks.preflight import preflight_of_events

        return preflight_of_events(get_current_context())

    @step("Check that the runs exist")
    def check_runs() -> int:
        """Fail, by name, for runs and partners that the shop does not have; the other events are told all the same."""
        from partner_messages.planning.events.event import parse_event_params
        from partner_messages.planning.plan_events import check_runs

        return check_runs(parse_event_params(get_current_context()["params"]))

    @step("Plan messages")
    def plan_messages(tick: Any) -> list[dict[str, Any]]:
        """Decide what becomes of each event, queue its message, and deal them out."""
        from partner_messages.planning.events.event import parse_event_params
        from partner_messages.planning.plan_events import plan_event_messages

        context = get_current_context()
        return plan_event_messages(tick, parse_event_params(context["params"]), context["dag_run"].run_after)

    tick = preflight()
    batches = linked(plan_messages(tick), WhoAndWhy())
    tick >> check_runs() >> send_and_say(tick, batches, title="Event run")


the_dag = production_run_events()
