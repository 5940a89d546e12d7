"""The operator that sends rows of the message log as WhatsApp templates; one mapped task sends one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:  # Heavy imports are made when a task runs, never when a DAG file is parsed.
    from partner_messages.message_log.database import LogConnection
    from partner_messages.sending.batch import BatchSender, Outcome


class WhatsAppTemplateOperator(BaseOperator):
    """Sends messages that are queued in the message log, each at most once, and settles their rows.

    How the task ends: skipped where nothing was left to send; green where all is well or a refusal concerned the
    recipient alone; failed without a retry for failed or unknown messages, a stopped sender or a closed guard; retried
    for messages that Meta would take later, and for a sender whose token may just be rotated.

    Args:
        tick: The run's tick (`Tick.to_xcom`).
        batch: What to send (`Batch.to_xcom`).
    """

    template_fields: Sequence[str] = ("tick", "batch")
    ui_color = "#dcf8c6"

    def __init__(self, *, tick: Mapping[str, Any], batch: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tick = tick
        self.batch = batch
        self._sender: BatchSender | None = None
        self._told_to_stop = False

    def execute(self, context: Any) -> dict[str, int]:
        """Send the batch; return how many of its messages are in which status."""
        from partner_messages.deployment.endings import airflow_endings
        from partner_messages.message_log.database import open_message_log

        with airflow_endings(), open_message_log() as connection:
            sender = self._sender = self._batch_sender(connection, context)
            if not self._told_to_stop:
                _send(sender)
            outcome = sender.outcome()
            raise_for(outcome)
            return dict(outcome.counts)

    def on_kill(self) -> None:
        """Airflow is told to end the task (SIGTERM): claim nothing more, but wait for what is under way.

        What was not sent goes back into the queue. Airflow gives five seconds, then kills; an answer that comes later
        is lost, and its message becomes unknown.
        """
        self._told_to_stop = True
        if self._sender:
            self._sender.stop()

    def _batch_sender(self, connection: LogConnection, context: Any) -> BatchSender:
        import uuid

        from partner_messages.deployment import run_context
        from partner_messages.messages.tick import Tick
        from partner_messages.sending import recheck
        from partner_messages.sending.batch import BatchSender
        from partner_messages.templates.catalog.installed import installed_catalog

        return BatchSender(
            connection=connection,
            tick=Tick.from_xcom(dict(self.tick)),
            run=run_context.run_pass(context),
            ids=[uuid.UUID(id_) for id_ in self.batch["message_ids"]],
            sender_label=self.batch["sender"],
            params=dict(context["params"]),
            no_longer_due=recheck.no_longer_due,
            catalog=installed_catalog(),
            clock=run_context.wall_clock,
        )


def _send(sender: BatchSender) -> None:
    """Send; an error that stops it also says how the batch's messages stand."""
    from partner_messages.config.settings import SettingsError
    from partner_messages.messages.tick import NotNow, RunRefused
    from partner_messages.sending.dispatch import MetaUnreachable
    from partner_messages.sending.gate import SenderStopped

    try:
        sender.send()
    except (NotNow, RunRefused, SettingsError, SenderStopped, MetaUnreachable) as error:
        error.args = (f"{error} Now: {sender.outcome()}.",)
        raise


def raise_for(outcome: Outcome) -> None:
    """End the task as its messages ended.

    Raises:
        NothingToDo: Every message was withdrawn.
        TryLater: Some are to be tried again later.
        RepairNeeded: Some failed, or are unknown and nobody was told yet; none is to be tried again.
    """
    from partner_messages.config.ends import NothingToDo, RepairNeeded, TryLater

    if outcome.to_retry:
        raise TryLater(f"{outcome.to_retry} messages are to be tried again later. Now: {outcome}.")
    if outcome.broken or outcome.unknown:
        raise RepairNeeded(f"Not every message was sent; the message log has each one's error_detail. Now: {outcome}.")
    if outcome.nothing_sent:
        raise NothingToDo(f"Nothing was left to send: {outcome}.")
