"""Deals what a tick has queued out to the mapped tasks that send it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import conf

from partner_messages.config.settings import Settings
from partner_messages.deployment.live_settings import load_senders
from partner_messages.messages.values import QueuedMessage
from partner_messages.planning.reminders.batches import deal


def deal_out(queued: Sequence[QueuedMessage], settings: Settings) -> list[dict[str, Any]]:
    """Deal messages, grouped by sender, out as the settings say; each batch is what one mapped task is given."""
    if not queued:
        return []
    batches = deal(
        queued,
        task_each_up_to=settings.task_each_up_to,
        chunk_size=settings.chunk_size,
        max_map_length=conf.getint("core", "max_map_length", fallback=1024),
        rates={sender.label: sender.messages_per_second for sender in load_senders(settings)},
    )
    return [batch.to_xcom() for batch in batches]
