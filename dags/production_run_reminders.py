"""
### Production run reminders

Finds the production runs that have stalled and reminds each partner once over WhatsApp, every weekday at 10:00 IST.

| stuck in | means | after |
|---|---|---|
| `assignment_pending` | sent to the partner, never accepted | 24 h |
| `not_started` | accepted, never started | 24 h |
| `idle` | started, not finished, gone quiet | 72 h |

**Before the first live run**: the setting `delivery` (Variable `partner_messages`) is `dry_run` until operations set
it to `live`. `auto` in the trigger form, and every scheduled tick, stand for that setting; the run's note says what it
was. A dry run does everything but the request. To send to one test phone, trigger with `delivery` = `redirect`.

**To stop everything now**: trigger *Message log upkeep* with *Halt all sending, or go on* = halt, your name and why; or
set `halt` to `true` in the Variable. Both are asked before every claim. Pausing this DAG stops the next tick, not the
running one.

**Before it sends**, somebody can look at what it would, leave a partner out, or hold the day's tick (page *Before the
tick*). With the setting `approve_first` a scheduled live tick waits for that in *Wait for approval*, until
`approve_until`; other runs skip that task.

**Nobody is written to at night**: a message waits until it is day for its partner (setting `partner_send_window`), and
`message_log_upkeep` sends it then, the same day. Unpause the two DAGs together.

**Once a day**: a second run on the same day sends nothing twice; it explains each skip as `duplicate`.
A redirect counts for its own test phone alone.

**What happened**: the run's note says whether it was live, its counts, and what needs an engineer. What the task
*Summarise* logs begins `Reminder run —` and says by name who was reminded, who was not and why, and what needs a
person. In a dry run, the log of each of *Send messages* shows the text. Every message and every skip is a row of
`partner_messages.message_log`.
"""

from __future__ import annotations

import partner_messages.tasks  # noqa: F401 - first: it refuses an Airflow that has not what comes next

# isort: split
from typing import Any

import pendulum
from airflow.sdk import CronTriggerTimetable, dag, get_current_context

from partner_messages.deployment.forms import KINDS, REMINDERS
from partner_messages.tasks.flow import DEFAULT_ARGS, first_step, owner_links, send_and_say, step, wait_for_approval
from partner_messages.tasks.page_links import WhoAndWhy, linked


@dag(
    dag_display_name="Production run reminders",
    description="Reminds each partner once of a production run that has stalled, on weekdays at 10:00 IST",
    schedule=CronTriggerTimetable("0 10 * * 1-5", timezone="Asia/Kolkata"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Kolkata"),
    catchup=False,
    is_paused_upon_creation=True,
    max_active_runs=1,
    params=dict(REMINDERS),
    doc_md=__doc__,
    tags=["whatsapp", "production-runs"],
    default_args=DEFAULT_ARGS,
    owner_links=owner_links(),
)
def production_run_reminders() -> None:
    """The weekday tick: find, decide, send, say."""

    @first_step("Preflight")
    def preflight() -> dict[str, Any]:
        """Check everything that must be right, and fix day, now and delivery."""
        from partner_messages.tasks.preflight import preflight_of_reminders

        return preflight_of_reminders(get_current_context())

    @step(
        "Find stuck runs",
        map_index_template="{{ task.op_kwargs['kind'] }}{% if stuck is defined %} · {{ stuck }}{% endif %}",
    )
    def find_stuck_runs(tick: Any, kind: str) -> dict[str, Any]:
        """Write down every run that is stuck in one kind."""
        from partner_messages.deployment.params import parse_params
        from partner_messages.planning.find import find_stuck_runs

        context: Any = get_current_context()
        found = find_stuck_runs(tick, kind, parse_params(context["params"]))
        context["stuck"] = found["found"]
        return found

    @step("Plan messages")
    def plan_messages(tick: Any) -> list[dict[str, Any]]:
        """Decide who is reminded of what, queue it, and deal it out."""
        from partner_messages.deployment.params import parse_params
        from partner_messages.planning.plan_reminders import plan_messages

        return plan_messages(tick, parse_params(get_current_context()["params"]))

    tick = preflight()
    found = find_stuck_runs.partial(tick=tick).expand(kind=KINDS)
    batches = linked(plan_messages(tick), WhoAndWhy())
    found >> batches
    send_and_say(tick, batches, title="Reminder run", found=found, approved=wait_for_approval(tick))


the_dag = production_run_reminders()
