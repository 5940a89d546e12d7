"""Whether Meta tells our app what happens on an account, and at which address: read, and made where it is missing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from partner_messages.deployment.page_addresses import PREFIX
from partner_messages.deployment.receiving import PATH
from partner_messages.ops.summarise import NeedsAnEngineer
from whatsapp_provider.api.management import TemplateApi, WebhookAddresses
from whatsapp_provider.api.senders import Sender

log = logging.getLogger(__name__)

HOOK = PREFIX + PATH


def subscribe_account(api: TemplateApi, sender: Sender, numbers: Iterable[Sender]) -> int:
    """Subscribe the app of a sender's token to its account, unless it is.

    Args:
        api: The account, through the sender's connection.
        sender: The sender.
        numbers: All senders of the account; of each Meta is asked where its webhooks go.

    Returns:
        How many apps hear what happens on the account.

    Raises:
        ManagementError: Meta does not let it be read or made.
        NeedsAnEngineer: The account, or a number of it, would be silent all the same; a sentence for each says why.
    """
    before = api.subscribed_apps()
    if sender.app_id is None:
        # And nothing is subscribed: that would take an override away which may be right.
        raise NeedsAnEngineer(
            f"Account {sender.waba_id} ({sender.label}) may be silent: nobody can say which of its apps"
            f' ({_names(before)}) is ours; set extra "app_id" in {sender.conn_id} to the id of the app whose token it'
            " has."
        )
    if sender.app_id not in before:
        api.subscribe()
    after = api.subscribed_apps()
    if sender.app_id not in after:
        raise NeedsAnEngineer(
            f"Account {sender.waba_id} ({sender.label}) would be silent: of its apps ({_names(after)}) none is"
            f' {sender.app_id}; compare "app_id" in {sender.conn_id} with the app whose token it has.'
        )
    for app_id, override in after.items():
        log.info(
            "Account %s (%s) tells app %s%s.",
            *(sender.waba_id, sender.label, app_id),
            f" at {override}" if override else "",
        )
    log.info("It was %s.", "subscribed before" if after.keys() == before.keys() else "subscribed just now")
    silent = [why for number in numbers if (why := _why_silent(api, number, after[sender.app_id]))]
    if silent:
        raise NeedsAnEngineer("\n".join(silent))
    return len(after)


def _why_silent(api: TemplateApi, number: Sender, override: str | None) -> str | None:
    """Why the receiver would not hear of a number's messages, in a sentence; None if it would."""
    told = api.webhook_addresses(number.phone_number_id)
    if told is None:
        log.warning("Meta does not tell whether number %s has an address of its own.", number.label)
    addresses = told or WebhookAddresses(None, override, None)
    used, whose = next(
        (
            (address, whose)
            for address, whose in (
                (addresses.phone_number, f"webhook_configuration of the number {number.phone_number_id}"),
                (addresses.account, f"override_callback_uri of the account {number.waba_id}"),
            )
            if address
        ),
        (addresses.app, "the app's own address"),
    )
    if used is None:
        why = "the app has no address (WhatsApp: Configuration, in the app)" if told else None
    elif urlsplit(used).path.endswith(HOOK):
        log.info("What concerns messages of %s goes to %s (%s).", number.label, used, whose)
        why = None
    else:
        why = f"what concerns its messages goes to {used}, which is no receiver of ours ({HOOK}); change it: {whose}"
    return why and f"Number {number.label} of account {number.waba_id} would be silent: {why}. See docs/webhook.md."


def _names(apps: Mapping[str, str | None]) -> str:
    return ", ".join(apps) or "there is none"
