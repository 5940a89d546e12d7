"""Whether Meta tells our app what happens on an account: read, made where it is missing, and looked at again."""

from __future__ import annotations

import logging

from partner_messages.ops.summarise import NeedsAnEngineer
from whatsapp_provider.api.management import TemplateApi
from whatsapp_provider.api.senders import Sender

log = logging.getLogger(__name__)


def subscribe_account(api: TemplateApi, sender: Sender) -> int:
    """Subscribe the app of a sender's token to its account, unless it is.

    Returns:
        How many apps hear what happens on the account.

    Raises:
        ManagementError: Meta does not let it be read or made.
        NeedsAnEngineer: The account would be silent all the same; the message says why.
    """
    before = api.subscribed_apps()
    if not _hears(before, sender):
        api.subscribe()
    after = api.subscribed_apps()
    if not _hears(after, sender):
        raise NeedsAnEngineer(
            f"Account {sender.waba_id} ({sender.label}) would be silent: of its apps ({_names(after)}) none is"
            f' {sender.app_id or "known"}; compare "app_id" in {sender.conn_id} with the app whose token it has.'
        )
    for app_id, override in after.items():
        log.info(
            "Account %s (%s) tells app %s%s.",
            *(sender.waba_id, sender.label, app_id),
            f" at {override}" if override else "",
        )
    log.info("It was %s.", "subscribed before" if after.keys() == before.keys() else "subscribed just now")
    return len(after)


def _hears(apps: dict[str, str | None], sender: Sender) -> bool:
    """Whether our app is among the subscribed ones; where its id is not known, whether any app is."""
    return sender.app_id in apps if sender.app_id else bool(apps)


def _names(apps: dict[str, str | None]) -> str:
    return ", ".join(apps) or "there is none"
