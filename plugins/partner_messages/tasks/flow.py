"""What the DAGs have in common: defaults, the failure's notice and, for those that send, all that follows planning.

DAG files import this, so it imports nothing heavy.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import TriggerRule, get_current_context, task

from partner_messages.sending.template_operator import WhatsAppTemplateOperator
from partner_messages.tasks.approval_sensor import ApprovalSensor
from partner_messages.tasks.page_links import NeedsAPerson, linked
from partner_messages.tasks.retrying import SameAfterAClear

Decorator = Callable[[Callable[..., Any]], Any]
"""What makes a task of a function; called in a DAG, that gives the task's value to come (an XComArg)."""

APPROVAL = "wait_for_approval"
OWNER = "operations"
DEFAULT_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": SameAfterAClear(),
    "execution_timeout": timedelta(minutes=10),
}


def step(name: str, *, of_first: bool = False, **more: Any) -> Decorator:
    """A task of this name, which ends in Airflow's ways (`deployment/endings.py`) and is given its tick as a `Tick`.

    Its value is one: Airflow would keep each key of a dict once more, a request each. The first of a run says so.
    """

    def of(work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def as_airflow_calls_it(*args: Any, **kwargs: Any) -> Any:
            from partner_messages.deployment.endings import airflow_endings
            from partner_messages.messages.tick import Tick

            given = inspect.signature(work).bind(*args, **kwargs)
            with airflow_endings(of_first=of_first):
                if tick := given.arguments.get("tick"):
                    given.arguments["tick"] = Tick.from_xcom(tick)
                return work(*given.args, **given.kwargs)

        its_task: Callable[..., Any] = task(task_display_name=name, multiple_outputs=False, **more)(as_airflow_calls_it)
        return its_task

    return of


def first_step(name: str, **more: Any) -> Decorator:
    """The task whose value is the run's tick; what will then have nothing to do is skipped with its end."""
    return step(name, of_first=True, post_execute=_skip_what_has_nothing_to_do, **more)


def owner_links() -> dict[str, str]:
    """Where the owner's name leads on Airflow's pages: a web or mail address of `PARTNER_MESSAGES_OWNER_LINK`."""
    link = os.environ.get("PARTNER_MESSAGES_OWNER_LINK", "").strip()
    return {OWNER: link if ":" in link else f"mailto:{link}"} if link else {}


def wait_for_approval(tick: Any) -> Any:
    """The task of that name: between planning and sending, where setting `approve_first` lets a tick wait."""
    return ApprovalSensor(task_id=APPROVAL, task_display_name="Wait for approval", tick=tick)


def send_and_say(
    tick: Any, batches: Any, *, title: str, found: Any = None, of_all: bool = False, approved: Any = None
) -> Any:
    """The tasks `send_messages`, `plan_followups`, `send_followups`, `mirror_to_shop`, `escalate` and `summarise`.

    Args:
        tick: What the first task returned.
        batches: What planning returned; each is one mapped task.
        title: How the line of `summarise` begins.
        found: What the tasks that look for stuck runs returned; the line then says what was found, and `escalate` opens
            and ends what needs a person. None where the DAG looks for none.
        of_all: Whether the DAG looks after the whole message log: it finishes what other runs have left, and tells of
            what none of them has told of.
        approved: The task that waits for approval, if the DAG has one; nothing is sent before it has ended well, or was
            left out.

    Returns:
        The task `summarise`, which runs whatever happened before.
    """

    @step("Plan follow-ups", trigger_rule="all_done")
    def plan_followups(tick: Any) -> list[dict[str, Any]]:
        """Plan the picture and the link that follow a message, where the partner has written to us within 24 hours."""
        from partner_messages.planning.plan_followups import plan_followups

        return plan_followups(tick, of_all=of_all)

    @step("Mirror to the shop's inbox", trigger_rule="all_done")
    def mirror_to_shop(tick: Any) -> dict[str, int]:
        """Write what was sent into the shop's own inbox (setting `mirror_to_shop`)."""
        from partner_messages.tasks.mirror import mirror_or_skip

        return mirror_or_skip(tick, of_all=of_all)

    @step("Call for people", trigger_rule="all_done")
    def escalate(tick: Any) -> dict[str, int]:
        """Write down which runs need a person, and tell operations (setting `on_escalation`)."""
        from partner_messages.ops.escalate import escalate

        return escalate(tick, get_current_context())

    @step("Summarise", trigger_rule="all_done", on_failure_callback=notify_on_failure)
    def summarise(tick: Any, batches: Any, found: Any) -> dict[str, Any]:
        """Say what happened, and fail the run for what needs an engineer."""
        from partner_messages.tasks.summarise_run import summarise_run

        return summarise_run(
            get_current_context(), tick, batches, found, title, first=first, finds=finds, of_all=of_all
        )

    first, finds = tick.operator.task_id, found is not None
    if approved is None:
        sent = _send("send_messages", "Send messages", tick, batches)
    else:
        sent = _send(
            "send_messages", "Send messages", tick, batches, trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
        )
        batches >> approved >> sent
    followups = plan_followups(tick)
    followed = _send("send_followups", "Send follow-ups", tick, followups)
    mirrored = mirror_to_shop(tick)
    said = summarise(tick, batches, found)
    sent >> followups
    [sent, followed] >> mirrored
    # Not after `mirrored` alone, which may be skipped before anything is sent.
    [sent, followed, mirrored] >> said
    if finds:  # Beside what follows the messages: each task that waits for another costs a small tick half a second.
        sent >> linked(escalate(tick), NeedsAPerson()) >> said
    return said


def _send(task_id: str, name: str, tick: Any, batches: Any, **more: Any) -> Any:
    return WhatsAppTemplateOperator.partial(
        task_id=task_id,
        task_display_name=name,
        map_index_template="{{ task.tick['delivery'] | replace('_', ' ') }} · {{ task.batch['label'] }}",
        execution_timeout=timedelta(hours=1),
        tick=tick,
        **more,
    ).expand(batch=batches)


def _skip_what_has_nothing_to_do(context: Any, tick: Any) -> None:
    """Skip what waits for approval or mirrors where there is nothing of that to do: a start takes most of a second.

    Airflow calls this at the end of the first task. What ends a task in this way leaves its value itself.
    """
    from airflow.sdk.exceptions import DownstreamTasksSkipped

    from partner_messages.tasks import approval, mirror

    optional = {APPROVAL: approval.is_left_out, "mirror_to_shop": mirror.is_left_out}
    following = context["task"].downstream_task_ids
    left_out = [name for name, is_left_out in optional.items() if name in following and is_left_out(tick)]
    if left_out:
        context["ti"].xcom_push(key="return_value", value=tick)
        raise DownstreamTasksSkipped(tasks=left_out)  # type: ignore[no-untyped-call]


def notify_on_failure(context: Any) -> None:
    """Tell operations of a failed run, as the setting `on_failure` says (an Airflow callback)."""
    from partner_messages.ops.summarise import notify_on_failure

    notify_on_failure(context)
