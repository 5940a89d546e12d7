"""The numbers that a monitoring system is told of, through Airflow's own metrics (`[metrics]`; docs/metrics.md).

All of them are gauges. What a number is of stands in its name and not in a tag, because a plain StatsD has no tags.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from airflow.sdk import conf
from airflow.sdk.observability import stats

from partner_messages.config.schedule import day_of
from partner_messages.deployment.live_settings import load_settings
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.statuses import MessageStatus
from partner_messages.ops.reasons import Reason
from whatsapp_provider.masking import mask

log = logging.getLogger(__name__)

ROOT = "partner_messages"
"""How each name begins, after the prefix that Airflow is told to use (`[metrics] statsd_prefix`)."""


@dataclass(frozen=True)
class Metric:
    """A number, or a family of numbers that tell the same of several things.

    Attributes:
        name: What follows `ROOT` in its name; what stands in braces is a column of the query.
        unit: What one is.
        query: The named query that gives the numbers, as `value`; what it does not name is 0.
        meaning: What it tells.
    """

    name: str
    unit: str
    query: str
    meaning: str

    @property
    def labels(self) -> tuple[str, ...]:
        """What stands in braces."""
        return tuple(label for _, label, _, _ in string.Formatter().parse(self.name) if label)


METRICS = (
    Metric("messages.{kind}.{status}", "messages", "messages_by_kind", "Today's live messages"),
    Metric("senders.{sender}.{status}", "messages", "messages_by_sender", "The same by business number"),
    Metric("not_sent.{reason}", "messages", "messages_not_sent", "Today's live messages that were not sent"),
    Metric(
        "queue.age",
        "seconds",
        "oldest_queued",
        "How long the oldest live message has waited that may leave: not one that waits for its partner's morning",
    ),
    Metric(
        "escalations.{trouble}.{age}", "items", "escalations_by_age", "What needs a person, by why and for how long"
    ),
    Metric("webhook.lag", "seconds", "webhook_lag", "How long the oldest webhook has waited to be applied"),
    Metric(
        "webhook.silence.{sender}",
        "seconds",
        "webhook_silences",
        "For how long Meta has said nothing of messages that it took; 0 while it does",
    ),
)

KINDS = ("reminder", "digest", "event", "followup", "reply")
AGES = ("under_1_day", "1_to_3_days", "3_to_7_days", "over_7_days")
_KNOWN: Mapping[str, Sequence[str]] = {
    "kind": KINDS,
    "status": [status for status in MessageStatus if status is not MessageStatus.REHEARSED],
    "reason": [*SkipReason],
    "trouble": [*Reason],
    "age": AGES,
}


def emit_metrics(connection: LogConnection, now: dt.datetime) -> None:
    """Give Airflow's metrics the present numbers; an error here is logged, and fails nothing.

    Args:
        connection: The message log.
        now: The wall clock.
    """
    if not _are_wanted():
        return
    try:
        for name, value in measured(connection, load_settings().senders, now):
            stats.gauge(f"{ROOT}.{name}", value)
    except Exception as error:
        log.warning("The metrics could not be told: %s", mask(str(error)))


def measured(connection: LogConnection, senders: Sequence[str], now: dt.datetime) -> Iterator[tuple[str, float]]:
    """Every number by its name; 0 where there is none, because a gauge keeps the last value that it was given."""
    known = {**_KNOWN, "sender": senders}
    for metric in METRICS:
        found = {
            tuple(row[label] for label in metric.labels): row["value"]
            for row in rows(connection, metric.query, day=day_of(now), now=now)
        }
        for values in dict.fromkeys([*itertools.product(*(known[label] for label in metric.labels)), *found]):
            safe = (stats.normalize_name_for_stats(str(value).replace(".", "_"), log_warning=False) for value in values)
            yield metric.name.format(**dict(zip(metric.labels, safe, strict=True))), float(found.get(values) or 0)


def _are_wanted() -> bool:
    switches = ("statsd_on", "statsd_datadog_enabled", "otel_on")
    return any(conf.getboolean("metrics", switch, fallback=False) for switch in switches)
