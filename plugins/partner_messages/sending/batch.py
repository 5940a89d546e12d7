"""One mapped task's work: what of its batch may still be sent, the sending, and how it ended."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import functools
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from partner_messages.config.ends import RepairNeeded
from partner_messages.config.schedule import day_of
from partner_messages.config.settings import MESSAGE_LOG_CONN_ID, Settings
from partner_messages.deployment.live_settings import load_portal, load_sender, load_settings
from partner_messages.deployment.params import parse_params
from partner_messages.message_log import acts, outbox
from partner_messages.message_log.before import why_tick_waits
from partner_messages.message_log.database import LogConnection
from partner_messages.message_log.ledger import Ledger
from partner_messages.message_log.position import check_position
from partner_messages.message_log.server import check_clocks
from partner_messages.message_log.spool import Spool
from partner_messages.messages.skip_reasons import SkipReason
from partner_messages.messages.statuses import TAKEN_BY_META, MessageStatus
from partner_messages.messages.tick import NotNow, RunPass, Tick, check_may_send
from partner_messages.messages.values import Claimed, Message, Settlement
from partner_messages.recipients.deeplink import Portal
from partner_messages.sending.carriers import connections_for
from partner_messages.sending.dispatch import Dispatch, TemplateRefusal
from partner_messages.sending.health import FIRST, SenderAnswers, why_leave_alone
from partner_messages.sending.payload import free_form_message, link_suffix, no_request, reply_message, template_message
from partner_messages.sending.rehearsal import lines_of
from partner_messages.templates.approvals.approvals import mark_refused
from partner_messages.webhook.heeding import heed_stops
from whatsapp_provider.api.errors import RECIPIENT_CODES
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.hooks.whatsapp import WhatsAppHook
from whatsapp_provider.templates.catalog import Catalog

log = logging.getLogger(__name__)

LOT_SECONDS = 45.0
"""The shop is asked at once about as many messages as leave within these seconds, where nobody else sends."""
LOOK_AGAIN_AFTER = 60.0
"""Seconds after which the shop is asked again of what is not claimed yet: it must be fresh at the claim."""

Hindrance: TypeAlias = SkipReason | dt.datetime
"""Why a message is not sent now: it is withdrawn for a reason, or held until a moment."""
NoLongerDue: TypeAlias = Callable[[Tick, Sequence[Message], Mapping[str, Any], Settings], Mapping[uuid.UUID, Hindrance]]


class MessagesMissing(RepairNeeded):
    """Messages that a task was given are not in the message log.

    Args:
        missing: How many.
        dealt: Of how many.
    """

    def __init__(self, missing: int, dealt: int) -> None:
        super().__init__(
            f"{missing} of the {dealt} messages that were dealt to this task are not in the message log, so nothing"
            f" more was claimed: connection {MESSAGE_LOG_CONN_ID} leads to another database than when they were"
            " planned, or that one has lost them; see to it, then trigger the DAG again."
        )


@dataclass(frozen=True)
class Outcome:
    """How a batch's messages stand after the work.

    Attributes:
        counts: Messages by status; those that wait for their time are `held`.
        broken: Failed for another reason than the recipient's own; a follow-up may fail without harm, and so may what a
            person says did not arrive.
        told: Unknown, and an earlier pass of the DAG run has failed for it.
    """

    counts: Mapping[str, int]
    broken: int
    told: int = 0

    @property
    def to_retry(self) -> int:
        """Still queued, or claimed by a process that may be gone."""
        return self.counts.get(MessageStatus.QUEUED, 0) + self.counts.get(MessageStatus.SENDING, 0)

    @property
    def unknown(self) -> int:
        """How many are unknown and were not reported yet."""
        return self.counts.get(MessageStatus.UNKNOWN, 0) - self.told

    @property
    def nothing_sent(self) -> bool:
        """Whether every message was withdrawn."""
        return self.counts.keys() <= {MessageStatus.SKIPPED}

    def __str__(self) -> str:
        return ", ".join(f"{number} {status}" for status, number in sorted(self.counts.items())) or "no messages"


@dataclass
class BatchSender:
    """Sends one batch of one tick.

    Attributes:
        connection: The message log.
        tick: The run's tick.
        run: The pass of the DAG run.
        ids: The messages.
        sender_label: The one sender of all of them.
        params: The DAG run's params.
        no_longer_due: Names the queued messages that must not go out now or any more.
        catalog: The templates.
        clock: The wall clock.
        spool: What this machine had to keep on its disk.
    """

    connection: LogConnection
    tick: Tick
    run: RunPass
    ids: Sequence[uuid.UUID]
    sender_label: str
    params: Mapping[str, Any]
    no_longer_due: NoLongerDue
    catalog: Catalog
    clock: Callable[[], dt.datetime]
    spool: Spool = field(default_factory=Spool.of_this_worker)
    _dispatch: Dispatch | None = field(default=None, init=False)
    _ledger: Ledger | None = field(default=None, init=False)
    _told_to_stop: bool = field(default=False, init=False)
    _keeps_send_window: bool = field(default=True, init=False)

    def stop(self) -> None:
        """Claim nothing more; what is under way is still waited for. A signal handler may call it."""
        self._told_to_stop = True
        if self._dispatch:
            self._dispatch.stop()

    def send(self) -> None:
        """Withdraw what is too late or has moved on, then send the rest.

        Raises:
            MessagesMissing: The message log does not have them all.
            RunRefused, NotNow, SenderStopped, MetaUnreachable: Why messages were left queued.
        """
        settings = load_settings()
        if self.tick.delivery != "dry_run":
            check_position(self.connection, self.tick.log_position)
            check_clocks(self.connection)
        outbox.restore_spooled(self.connection, self.spool, self.clock())
        lost, back = outbox.end_expired_claims(self.connection, settings.lease, self.ids)
        if lost:
            log.error("%d messages are unknown: whoever was sending them ended without an answer.", lost)
        if back:
            log.warning("%d messages are queued again: whoever had claimed them ended before they left.", back)
        queued = self._queued()
        if self.tick.delivery == "dry_run":
            self._rehearse(queued)
            return
        if not settings.allow_any_time:
            today = day_of(self.clock())
            self._skip({message.id: SkipReason.EXPIRED for message in queued if message.day < today})
            queued = self._queued()
        if not queued:
            return
        # An event's message keeps the recipient's own hours instead (`no_longer_due`); a reply is sent at once.
        self._keeps_send_window = any(
            message.event_name is None and message.message_kind != "reply" for message in queued
        )
        self._guard()
        self._send_now(queued, settings)

    def outcome(self) -> Outcome:
        """How the messages stand now; what a message of its own task said is shown."""
        with self._nothing_forgotten():
            messages = self._own()
        if len(self.ids) == 1 and self.tick.delivery != "dry_run":  # Among those of a chunk nobody would look for one.
            self._show([message for message in messages if message.status in TAKEN_BY_META])
        return Outcome(
            counts=collections.Counter("held" if message.held else message.status for message in messages),
            broken=sum(
                message.status == MessageStatus.FAILED
                and message.error_code not in RECIPIENT_CODES
                and message.message_kind not in ("followup", "reply")
                and message.settled_by is None
                for message in messages
            ),
            told=sum(self._was_told(message) for message in messages),
        )

    def _was_told(self, message: Message) -> bool:
        return (
            message.status == MessageStatus.UNKNOWN
            and message.unknown_told_by == self.run.dag_run_id
            and (message.unknown_told_in or 0) < self.run.clear_number
        )

    def _own(self) -> list[Message]:
        """The task's messages, without those that a later tick has taken over."""
        messages = outbox.messages_of(self.connection, self.ids, self.clock())
        if missing := len(set(self.ids)) - len(messages):
            raise MessagesMissing(missing, len(self.ids))
        return [message for message in messages if str(message.tick_id) == self.tick.id]

    def _queued(self) -> list[Message]:
        return [message for message in self._own() if message.status == MessageStatus.QUEUED]

    def _skip(self, reasons: Mapping[uuid.UUID, SkipReason]) -> None:
        if reasons:
            outbox.skip(self.connection, self.tick, reasons)
            counts = collections.Counter(reason.value for reason in reasons.values())
            log.info("Withdrawn: %s.", ", ".join(f"{number} {reason}" for reason, number in sorted(counts.items())))

    def _hold(self, moments: Mapping[uuid.UUID, dt.datetime]) -> None:
        if moments:
            outbox.hold(self.connection, self.tick, {id_: (until, day_of(until)) for id_, until in moments.items()})
            log.info("Held until %s at the earliest: %d.", min(moments.values()).isoformat(), len(moments))

    def _rehearse(self, queued: Sequence[Message]) -> None:
        """Do everything but the request, and show what it would have been."""
        good: list[Message] = []
        portal = load_portal()
        for message in queued:
            try:
                self._payload(portal, message)
            except Exception as error:  # As when sending: it fails alone.
                self._fail(message, error)
            else:
                good.append(message)
        outbox.rehearse(self.connection, [message.id for message in good])
        self._show(good)
        log.info("rehearsed %d, nothing sent", len(good))

    def _show(self, messages: Sequence[Message]) -> None:
        for line in lines_of(messages):
            log.info("%s", line)

    def _fail(self, message: Message, error: Exception) -> None:
        log.exception("Message %s cannot be put into a request.", message.id)
        token = uuid.uuid4()
        outbox.claim(self.connection, [message.id], token, self.clock(), heeds_stop=False)
        failed = Settlement(message.id, MessageStatus.FAILED, error_detail=no_request(error))
        outbox.settle(self.connection, token, [failed], self.clock())

    def _guard(self) -> None:
        wall, settings = self.clock(), load_settings()
        ignore_send_window = parse_params(self.params).ignore_send_window or not self._keeps_send_window
        halt = acts.standing_halt(self.connection)
        check_may_send(self.tick, wall, settings, halt, ignore_send_window=ignore_send_window)
        if waits := why_tick_waits(self.connection, self.tick):
            raise NotNow(waits)
        heed_stops(self.connection, self.clock)
        if day_of(wall) != self.tick.day and not settings.allow_any_time:
            raise NotNow(f"The day these messages speak for, {self.tick.day}, is over: nothing more was claimed.")

    def _payload(self, portal: Portal, message: Claimed | Message) -> dict[str, Any]:
        if message.message_kind == "reply":
            return reply_message(message)
        suffix = link_suffix(message, portal, now=self.clock())
        if message.message_kind == "followup":
            return free_form_message(message, portal, link_suffix=suffix)
        template = self.catalog.get(message.template_name or "")
        if template is None:
            raise LookupError(f"the catalog has no template {message.template_name}")
        return template_message(message, template, link_suffix=suffix)

    def _stop_trying(self, sender: Sender, refused: TemplateRefusal) -> None:
        """Note that Meta refuses a template, so that no run sends it before its account's templates are read again."""
        mark_refused(
            self.connection,
            sender.waba_id,
            refused.name,
            refused.language,
            code=refused.code,
            reason=refused.said,
            seen_at=self.clock(),
        )
        failed = outbox.fail_refused_template(
            self.connection, self.tick, sender.label, refused.name, refused.language, refused.code, refused.said
        )
        log.error(
            "%s in %s is refused for %s: %d more messages failed.", refused.name, refused.language, sender.label, failed
        )

    def _unwell(self, sender: Sender) -> tuple[int | None, str] | None:
        answers = SenderAnswers(
            **outbox.answers_of(self.connection, self.tick, sender.label, first=FIRST, recipient_codes=RECIPIENT_CODES)
        )
        reason = why_leave_alone(answers, load_settings().stop_after)
        return (answers.error_code, reason) if reason else None

    @contextlib.contextmanager
    def _nothing_forgotten(self) -> Iterator[None]:
        """At the end, write down again what the message log lacks: where a session is lost, commits may be lost too."""
        try:
            yield
        finally:
            if self._ledger:
                self._ledger.save(self.connection)

    def _send_now(self, queued: Sequence[Message], settings: Settings) -> None:
        """Send these messages; after each minute's worth of them, check again what they speak of."""
        sender, portal = load_sender(self.sender_label), load_portal()
        ledger = self._ledger = Ledger(
            settings.lease, self.clock, self.spool, lifecycle_after_opt_out=settings.lifecycle_after_opt_out
        )
        per_second = sender.messages_per_second
        hook = WhatsAppHook(
            sender=sender,
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            connections=connections_for(per_second),
        )
        with contextlib.closing(hook), self._nothing_forgotten():
            hook.get_conn()  # Whatever is wrong with the connection is found out before anything is claimed.
            size = max(1, int(per_second * LOT_SECONDS))
            left = list(queued)
            while left:
                messages, left = left[:size], left[size:]
                hindered = self.no_longer_due(self.tick, messages, self.params, settings)
                self._skip({id_: why for id_, why in hindered.items() if isinstance(why, SkipReason)})
                self._hold({id_: until for id_, until in hindered.items() if isinstance(until, dt.datetime)})
                self._dispatch = Dispatch(
                    connection=self.connection,
                    hook=hook,
                    sender=sender,
                    run=self.run,
                    payload=functools.partial(self._payload, portal),
                    guard=self._guard,
                    ledger=ledger,
                    per_second=per_second,
                    template_refused=functools.partial(self._stop_trying, sender),
                    unwell=functools.partial(self._unwell, sender),
                )
                if self._told_to_stop:
                    return
                ids = [message.id for message in messages if message.id not in hindered]
                late = set(self._dispatch.send(ids, within=LOOK_AGAIN_AFTER))
                left = [*(message for message in messages if message.id in late), *left]
