"""Which senders' webhooks are taken, and the secrets by which they are known, as they are at this moment.

A process of its own sees connections and Variables of the environment and of a secrets backend; those in Airflow's own
database only Airflow's processes see (docs/webhook.md).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from partner_messages.config.settings import SENDER_CONN_PREFIX, SettingsError
from partner_messages.deployment.live_settings import load_settings
from whatsapp_provider.api.senders import ReceivingNumber, receiving_number
from whatsapp_provider.connections import connection_of, sender_extra

PATH = "/webhook"
"""Where the receiver listens, below `page_addresses.PREFIX`."""
SENDERS = "PARTNER_MESSAGES_WEBHOOK_SENDERS"
"""The environment variable with the labels, where neither the settings nor the environment's connections say them."""
_IN_THE_ENVIRONMENT = re.compile(rf"AIRFLOW_CONN_{SENDER_CONN_PREFIX}([a-z0-9_]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Receiving:
    """The senders whose webhooks are taken.

    Attributes:
        numbers: Each with its secrets.
    """

    numbers: tuple[ReceivingNumber, ...] = field(default=(), repr=False)

    @property
    def app_secrets(self) -> tuple[str, ...]:
        """All secrets with which a body may be signed, each once."""
        return tuple(dict.fromkeys(secret for number in self.numbers for secret in number.app_secrets))

    @property
    def verify_tokens(self) -> tuple[str, ...]:
        """All tokens with which Meta may ask, each once."""
        return tuple(dict.fromkeys(number.verify_token for number in self.numbers if number.verify_token))

    def phone_number_ids(self) -> dict[str, str]:
        """Meta's id of each number, by the sender's label."""
        return {number.label: number.phone_number_id for number in self.numbers}

    def waba_ids(self) -> dict[str, str]:
        """Meta's id of each number's account, by the sender's label."""
        return {number.label: number.waba_id for number in self.numbers}

    def check(self) -> None:
        """See that there is anything by which a webhook could be known.

        Raises:
            SettingsError: No sender has an app secret.
        """
        if not self.app_secrets:
            known = ", ".join(SENDER_CONN_PREFIX + number.label for number in self.numbers) or "none is known here"
            raise SettingsError(
                f'No sender has an app secret, so no webhook could be believed: set extra "app_secret" in a connection'
                f" {SENDER_CONN_PREFIX}<label> that this process can see ({known}; docs/webhook.md)."
            )


def load_receiving() -> Receiving:
    """Read the connections of the senders.

    Raises:
        SettingsError: A connection is missing or wrong; the key is named.
    """
    return Receiving(tuple(_number(label) for label in _labels()))


def _labels() -> list[str]:
    given = [label.strip() for label in os.environ.get(SENDERS, "").split(",") if label.strip()]
    return given or list(load_settings().senders) or _labels_in_the_environment()


def _labels_in_the_environment() -> list[str]:
    return sorted(found[1].lower() for name in os.environ if (found := _IN_THE_ENVIRONMENT.fullmatch(name)))


def _number(label: str) -> ReceivingNumber:
    from airflow.sdk.exceptions import AirflowNotFoundException

    conn_id = SENDER_CONN_PREFIX + label
    try:
        connection = connection_of(conn_id)
    except AirflowNotFoundException:
        raise SettingsError(
            f"There is no connection {conn_id} that this process can see; a receiver of its own sees those of the"
            " environment and of a secrets backend (docs/webhook.md)."
        ) from None
    return receiving_number(label, sender_extra(connection))
