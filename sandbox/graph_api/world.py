"""The whole state of the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, Account, Tokens, load_accounts
from sandbox.graph_api.agenda import Agenda
from sandbox.graph_api.clock import Clock
from sandbox.graph_api.faults import Faults
from sandbox.graph_api.inbound import Inbound
from sandbox.graph_api.limits import Limits, PairPace, SlidingWindow
from sandbox.graph_api.outbox import Outbox
from sandbox.graph_api.request_log import RequestLog
from sandbox.graph_api.subscriptions import Subscriptions
from sandbox.graph_api.template_store import HOUR, TemplateStore
from sandbox.graph_api.uploads import Uploads
from sandbox.graph_api.webhook_accounts import template_change
from sandbox.graph_api.webhook_messages import inbound_change
from sandbox.graph_api.webhooks import Courier, Webhooks


@dataclass(frozen=True)
class Callback:
    """The receiver of webhooks from the start.

    Attributes:
        url: The receiver's URL.
        verify_token: The verify token for it.
    """

    url: str
    verify_token: str


@dataclass(frozen=True)
class Options:
    """The options of the server.

    Attributes:
        accounts: The accounts file.
        rate: Messages a second per phone number.
        templates: Whether accounts start with the sample templates, approved.
        approval_delay: Seconds from a template's creation to the end of its review.
        callback: The receiver for the webhooks of all accounts; None for none at the start.
        status_delays: `webhooks.WebhookSettings.status_delays` from the start.
    """

    accounts: Path = SAMPLE_ACCOUNTS
    rate: int = 80
    templates: bool = True
    approval_delay: float = 0.0
    callback: Callback | None = None
    status_delays: dict[str, float | None] | None = None


@dataclass(frozen=True)
class Mark:
    """The error for messages to a recipient.

    Attributes:
        code: Meta's code, such as 131026 for a number that is not on WhatsApp.
        late: Whether the message is accepted first and fails later, as usual at Meta.
    """

    code: int
    late: bool = False


class World:
    """The state of the server; `reset` empties it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.accounts: tuple[Account, ...] = load_accounts(options.accounts)
        self._by_phone = {account.phone_number_id: account for account in self.accounts}
        self.faults = Faults()
        self.courier = Courier()
        self._begin()

    def reset(self) -> None:
        """Reset to the state after the start; hanging requests are released, running deliveries cancelled."""
        self.faults.clear()
        self.stop()
        # The receiver of the options is verified only once, so its subscriptions are kept.
        self._begin(None if self.options.callback is None else self.subscriptions)

    def stop(self) -> None:
        """Stop all webhooks and scheduled actions."""
        self.webhooks.stop()
        self.agenda.clear()

    def _begin(self, subscriptions: Subscriptions | None = None) -> None:
        options = self.options
        self.clock = Clock()
        self.agenda = Agenda(self.clock)
        self.subscriptions = subscriptions or Subscriptions()
        for account in self.accounts:
            self.subscriptions.add_app(account.app_id, account.app_secret, "Sandbox app")
        self.webhooks = Webhooks(self.subscriptions, self.agenda, self.clock, self.courier)
        self.webhooks.settings.status_delays = options.status_delays
        self.has_history = True
        self.limits = Limits(messages_per_second=options.rate)
        self.throughput = SlidingWindow(seconds=1.0)
        self.pairs = PairPace()
        self.management_calls = SlidingWindow(seconds=HOUR)
        self.creates = SlidingWindow(seconds=HOUR)
        self.tokens = Tokens(self.accounts)
        self.uploads = Uploads()
        self.outbox = Outbox()
        self.requests = RequestLog()
        self.inbound: list[Inbound] = []
        self._last_inbound: dict[tuple[str, str], float] = {}
        self.marks: dict[str, Mark] = {}
        self.templates = TemplateStore(
            self.limits,
            options.approval_delay,
            self.agenda,
            lambda template, field, what, at: self.webhooks.tell(template_change(template, field, what, at)),
        )
        if options.templates:
            for account in self.accounts:
                self.templates.add_sample(account.waba_id, account.template_languages, self.clock.now())

    def receive(self, inbound: Inbound) -> None:
        """Add a message of a partner: it opens the 24-hour window and is sent as a webhook."""
        self.inbound.append(inbound)
        self._last_inbound[inbound.phone_number_id, inbound.sender] = inbound.received_at
        account = self.account_of(inbound.phone_number_id)
        self.webhooks.tell(inbound_change(account, inbound, self.webhooks.settings.leave_out))

    def account_of(self, phone_number_id: str) -> Account:
        """The account with this phone number."""
        return self._by_phone[phone_number_id]

    def close_window(self, phone_number_id: str, number: str) -> None:
        """Close a partner's 24-hour window now."""
        self._last_inbound.pop((phone_number_id, number), None)

    def window_is_open(self, phone_number_id: str, number: str, now: float) -> bool:
        """Whether the partner wrote to this business number within the last 24 hours."""
        last = self._last_inbound.get((phone_number_id, number))
        return last is not None and now - last < 24 * HOUR
