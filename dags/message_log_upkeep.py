"""
### Message log upkeep

Looks after the message log every 15 minutes, between the ticks, and as soon as the receiver says that a partner has
answered (where it can: the asset `whatsapp://partner-messages/answers`).

- **Sends what has come due**: messages that waited until it was day for the recipient, or that Meta asked to be sent
  later. The run they speak of is looked at again first, and all guards hold: `halt`, the setting `delivery`, the day,
  the windows.
- **Closes what nobody will touch again**: queued messages of past days expire, and a message whose sender vanished
  becomes unknown if it may have left, and is queued again if it has not.
- **Finishes what a run has left** that broke off between sending and its end: the pictures and links that follow its
  messages, and the shop's inbox. It fails, once, for a message that is unknown and of which no run has told.
- **Counts what came of each day's messages**, for the page *Does it work?* (`docs/pages.md`).
- **Forgets what is old**: takes numbers, names and texts out of rows (setting `blank_days`) and deletes rows (setting
  `retain_days`; skips and rehearsals after 30 days), a bounded number each time, beside what is sent.
- **Halts all sending, or lets it go on**, if it is triggered with which of the two, who says so, and why. It is in
  force before the next claim of every DAG. The setting `halt` does the same; sending goes on when neither halts it. So
  that a halt waits for nobody, up to 16 runs of this DAG are under way at once, and its task goes before all others;
  runs that meet send nothing twice.
- **Closes an escalation by hand**, if it is triggered with its three params: which run, who says so, and why. The run
  is not escalated again for that reason until it has moved on.
- **Settles a message by hand**, if it is triggered with the other four: which message that is `unknown`, whether it
  arrived, who says so, and how they know. One that did not arrive may be sent again that day: trigger its DAG again.
- **Tells of help at once**: who has asked for help, and who wrote what sounds like STOP (setting `on_escalation`).
- **Replies** to what partners have written, within five minutes of it; what is found later is not replied to.
- **Enters a promise by hand** ("from Monday"), **opts a partner out**, undoes such a mistake, or decides whether what
  a partner wrote means STOP, each with who says so and why (`docs/answers.md`).
- **Leaves a partner or a run alone until a day**, or ends that, with who says so and why; it always ends.
- **Holds the tick of a day**, or lets it go on, with who says so and why, as the page *Before the tick* does.
- **Sends one preview** to a test phone: what the day's tick would say of a run, or a template with its examples.
- **Lets sending go on** after the message log was failed over or restored, if it is triggered with who says so and why
  (`docs/failover.md`, which comes first).

**What happened**: a run's note says whether it was live, its counts, and what needs an engineer. What the task
*Summarise* logs begins `Upkeep run —`, and says by name who was written to. An act by hand is in the log of its own
task (*Halt sending, or go on*, *Close an escalation by hand*, *Settle a message by hand*); where none was asked for,
that task is skipped.

Unpause it together with `production_run_reminders` and `production_run_events`: without it, a message that waits for
the recipient's morning expires unsent.
"""

from __future__ import annotations

import partner_messages.tasks  # noqa: F401 - first: it refuses an Airflow that has not what comes next

# isort: split
from typing import Any

import pendulum
from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable, dag, get_current_context

from partner_messages.config.schedule import ANSWERS_ASSET
from partner_messages.deployment.forms import UPKEEP
from partner_messages.tasks.flow import DEFAULT_ARGS, first_step, owner_links, send_and_say, step


def _acts_by_hand() -> list[Any]:
    """What people do by the params, a task each; one that is not asked for is skipped."""

    @step("Close an escalation by hand")
    def close_escalation() -> str:
        """Close by hand what the params name."""
        from partner_messages.ops.escalate import close_by_hand

        return close_by_hand(get_current_context()["params"])

    @step("Enter a promise by hand")
    def enter_promise() -> str:
        """Enter what a partner has promised, as the params say."""
        from partner_messages.ops.said_by_hand import promise_by_hand

        return promise_by_hand(get_current_context()["params"])

    @step("Opt a partner out by hand", priority_weight=900, weight_rule="absolute")
    def enter_opt_out() -> str:
        """Enter that a partner has opted out or has not, as the params say."""
        from partner_messages.ops.said_by_hand import opt_out_by_hand

        return opt_out_by_hand(get_current_context()["params"])

    @step("Leave alone by hand", priority_weight=900, weight_rule="absolute")
    def leave_alone() -> str | None:
        """Leave a partner or a run alone until a day, or end that, as the params say."""
        from partner_messages.ops.said_by_hand import leave_alone_by_hand

        return leave_alone_by_hand(get_current_context()["params"])

    @step("Settle a message by hand")
    def settle_message() -> str:
        """Settle by hand what the params name."""
        from partner_messages.ops.settle_by_hand import settle_by_hand

        return settle_by_hand(get_current_context()["params"])

    @step("Hold a tick by hand", priority_weight=900, weight_rule="absolute")
    def hold_tick() -> str:
        """Hold a day's scheduled tick, or let it go on, as the params say."""
        from partner_messages.ops.hold_by_hand import hold_by_hand

        return hold_by_hand(get_current_context()["params"])

    @step("Send a preview")
    def send_preview() -> dict[str, int]:
        """Send one preview to a test phone (setting `test_phones`), as the params say."""
        from partner_messages.ops.preview_by_hand import send_preview

        context: Any = get_current_context()
        return send_preview(context["params"], context)

    return [
        hold_tick(),
        send_preview(),
        close_escalation(),
        settle_message(),
        enter_promise(),
        enter_opt_out(),
        leave_alone(),
    ]


@dag(
    dag_display_name="Message log upkeep",
    description="Sends what has come due and closes what is over, every 15 minutes",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/15 * * * *", timezone="Asia/Kolkata"), assets=[Asset(ANSWERS_ASSET)]
    ),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Kolkata"),
    catchup=False,
    is_paused_upon_creation=True,
    max_active_runs=16,
    params=dict(UPKEEP),
    doc_md=__doc__,
    tags=["whatsapp", "production-runs"],
    default_args=DEFAULT_ARGS,
    owner_links=owner_links(),
)
def message_log_upkeep() -> None:
    """Close what is over, send what has come due, say what happened."""

    @step("Halt sending, or go on", priority_weight=1000, weight_rule="absolute")
    def halt_sending() -> str:
        """Do what the params say: first, and before whatever waits for a worker."""
        from partner_messages.ops.halt_by_hand import halt_by_hand

        context = get_current_context()
        return halt_by_hand(context["params"], context["dag_run"].run_after)

    @first_step("Close what is over", trigger_rule="none_failed")
    def sweep() -> dict[str, Any]:
        """Bring the message log up to date, and close what nobody will touch again."""
        from partner_messages.deployment.run_context import run_pass
        from partner_messages.ops.log_checks import trust_by_hand
        from partner_messages.ops.upkeep import look_after_the_log

        context = get_current_context()
        trust_by_hand(context["params"])
        return look_after_the_log(run_pass(context))

    @step("Release what has come due")
    def release(tick: Any) -> list[dict[str, Any]]:
        """Take over the messages that have come due, and deal them out."""
        from partner_messages.ops.upkeep import release_due

        return release_due(tick)

    @step("Tell of help at once")
    def tell_at_once(tick: Any) -> int:
        """Tell operations of help that was asked for, and of what sounds like STOP (setting `on_escalation`)."""
        from partner_messages.ops.escalate import tell_at_once

        return tell_at_once(tick, get_current_context())

    @step("Forget what is old, count what came of the rest")
    def forget() -> dict[str, int]:
        """Blank and delete what was kept long enough (settings `blank_days` and `retain_days`), and count the days."""
        from partner_messages.ops.upkeep import count_days, forget_what_is_old

        forgotten = forget_what_is_old()
        count_days()
        return forgotten

    tick = sweep()
    halt_sending() >> tick
    said = send_and_say(tick, release(tick), title="Upkeep run", of_all=True)
    tick >> [*_acts_by_hand(), tell_at_once(tick), forget()] >> said


the_dag = message_log_upkeep()
