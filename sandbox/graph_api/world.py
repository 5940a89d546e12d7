"""Everything the server remembers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, Account, Tokens, load_accounts
from sandbox.graph_api.clock import Clock
from sandbox.graph_api.faults import Faults
from sandbox.graph_api.limits import Limits, PairPace, SlidingWindow
from sandbox.graph_api.outbox import Inbound, Outbox
from sandbox.graph_api.request_log import RequestLog
from sandbox.graph_api.template_store import HOUR, TemplateStore
from sandbox.graph_api.uploads import Uploads


@dataclass(frozen=True)
class Options:
    """How the server is started.

    Attributes:
        accounts: The accounts file.
        rate: Messages a second per phone number.
        templates: Whether accounts start with the sample templates, approved.
        approval_delay: Seconds from a template's creation to the end of its review.
    """

    accounts: Path = SAMPLE_ACCOUNTS
    rate: int = 80
    templates: bool = True
    approval_delay: float = 0.0


@dataclass(frozen=True)
class Mark:
    """What is the matter with a recipient.

    Attributes:
        code: Meta's code, such as 131026 for a number that is not on WhatsApp.
        late: The message is accepted first and fails afterwards, as Meta reports most of these.
    """

    code: int
    late: bool = False


class World:
    """The state of the server; one for its life, emptied by `reset`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.accounts: tuple[Account, ...] = load_accounts(options.accounts)
        self.faults = Faults()
        self._begin()

    def reset(self) -> None:
        """Forget everything since the start; requests that hang are released."""
        self.faults.clear()
        self._begin()

    def _begin(self) -> None:
        options = self.options
        self.clock = Clock()
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
        self.templates = TemplateStore(self.limits, options.approval_delay)
        if options.templates:
            for account in self.accounts:
                self.templates.add_sample(account.waba_id, account.template_languages, self.clock.now())

    def receive(self, inbound: Inbound) -> None:
        """A partner writes to the business: their 24-hour window opens."""
        self.inbound.append(inbound)
        self._last_inbound[inbound.phone_number_id, inbound.sender] = inbound.received_at

    def close_window(self, phone_number_id: str, number: str) -> None:
        """End a partner's 24-hour window now."""
        self._last_inbound.pop((phone_number_id, number), None)

    def window_is_open(self, phone_number_id: str, number: str, now: float) -> bool:
        """Whether the partner wrote to this business number within the last 24 hours."""
        last = self._last_inbound.get((phone_number_id, number))
        return last is not None and now - last < 24 * HOUR
