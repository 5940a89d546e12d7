"""Meta's ids of the senders, with which what Meta says is compared."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from partner_messages.config.settings import SettingsError
from partner_messages.deployment.receiving import Receiving, load_receiving

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SenderIds:
    """Meta's ids of the senders.

    Attributes:
        phone_number_ids: The phone number id by the sender's label.
        waba_ids: The WABA id by the sender's label.
    """

    phone_number_ids: Mapping[str, str]
    waba_ids: Mapping[str, str]

    @classmethod
    def of(cls, receiving: Receiving) -> SenderIds:
        """Those of the senders whose webhooks are received."""
        return cls(receiving.phone_number_ids(), receiving.waba_ids())

    @classmethod
    def known_here(cls) -> SenderIds:
        """Those that this process can read; none where a connection is wrong (the tasks that send with it say so)."""
        try:
            return cls.of(load_receiving())
        except SettingsError as error:
            log.warning("The senders cannot be compared with what Meta says: %s", error)
            return cls({}, {})

    def of_account(self, waba_id: str) -> list[str]:
        """The labels of a WABA's senders, sorted."""
        return sorted(label for label, account in self.waba_ids.items() if account == waba_id)

    def of_number(self, phone_number_id: str, *, usual: str) -> str | None:
        """The label of the sender that has a number; None if it is another number's, such as one of the shop's.

        Args:
            phone_number_id: Meta's id; empty if not known (the shop's inbox does not say it).
            usual: The label that is returned where it has that number, or where nobody can say.
        """
        with_it = sorted(label for label, id_ in self.phone_number_ids.items() if id_ == phone_number_id)
        if with_it:
            return usual if usual in with_it else with_it[0]
        return usual if not phone_number_id or usual not in self.phone_number_ids else None
