"""What the DAGs have in common: defaults, the failure's notice and, for those that send, all that follows planning.

DAG files import this, so it imports nothing heavy.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import get_current_context, task

from partner_messages.sending.template_operator import WhatsAppTemplateOperator

OWNER = "operations"
DEFAULT_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(minutes=10),
}


def owner_links() -> dict[str, str]:
    """Where the owner's name leads on Airflow's pages: a web or mail address of `PARTNER_MESSAGES_OWNER_LINK`."""
    link = os.environ.get("PARTNER_MESSAGES_OWNER_LINK", "").strip()
    return {OWNER: link if ":" in link else f"mailto:{link}"} if link else {}


def send_and_say(tick: Any, batches: Any, *, title: str, found: Any = None, of_all: bool = False) -> Any:
    """The tasks `send_messages`, `plan_followups`, `send_followups`, `mirror_to_shop`, `escalate` and `summarise`.

    Args:
        tick: What the first task returned.
        batches: What planning returned; each is one mapped task.
        title: How the line of `summarise` begins.
        found: What the tasks that look for stuck runs returned; the line then says what was found, and `escalate` opens
            and ends what needs a person. None where the DAG looks for none.
        of_all: Whether the DAG looks after the whole message log: it finishes what other runs have left, and tells of
            what none of them has told of.

    Returns:
        The task `summarise`, which runs whatever happened before.
    """

    @task(task_display_name="Plan follow-ups", trigger_rule="all_done")
    def plan_followups(tick: Any) -> list[dict[str, Any]]:
        """Follow what was taken by the design's picture and the link, where the partner has just written to us."""
        from partner_messages.tasks import sending

        return sending.plan_followups(tick, of_all=of_all)

    @task(task_display_name="Mirror to the shop's inbox", trigger_rule="all_done")
    def mirror_to_shop(tick: Any) -> dict[str, int]:
        """Write what was sent into the shop's own inbox (setting `mirror_to_shop`)."""
        from partner_messages.tasks import sending

        return sending.mirror_to_shop(tick, of_all=of_all)

    @task(task_display_name="Call for people", trigger_rule="all_done")
    def escalate(tick: Any) -> dict[str, int]:
        """Write down which runs need a person, and tell operations (setting `on_escalation`)."""
        from partner_messages.tasks import reminder_tasks as reminders

        return reminders.escalate(get_current_context(), tick)

    @task(task_display_name="Summarise", trigger_rule="all_done", on_failure_callback=notify_on_failure)
    def summarise(tick: Any, batches: Any, found: Any) -> dict[str, Any]:
        """Say what happened, and fail the run for what needs an engineer."""
        from partner_messages.tasks import sending

        return sending.summarise_run(
            get_current_context(), tick, batches, found, title, first=first, finds=finds, of_all=of_all
        )

    first, finds = tick.operator.task_id, found is not None
    sent = _send("send_messages", "Send messages", tick, batches)
    followups = plan_followups(tick)
    followed = _send("send_followups", "Send follow-ups", tick, followups)
    mirrored = mirror_to_shop(tick)
    said = summarise(tick, batches, found)
    sent >> followups
    [sent, followed] >> mirrored
    if finds:
        mirrored >> escalate(tick) >> said
    else:
        mirrored >> said
    return said


def _send(task_id: str, name: str, tick: Any, batches: Any) -> Any:
    return WhatsAppTemplateOperator.partial(
        task_id=task_id,
        task_display_name=name,
        map_index_template="{{ task.tick['delivery'] | replace('_', ' ') }} · {{ task.batch['label'] }}",
        execution_timeout=timedelta(hours=1),
        tick=tick,
        no_longer_due="partner_messages.sending.recheck.no_longer_due",
    ).expand(batch=batches)


def notify_on_failure(context: Any) -> None:
    """Tell operations of a failed run, as the setting `on_failure` says (an Airflow callback)."""
    from partner_messages.ops.summarise import notify_on_failure

    notify_on_failure(context)
