"""Reads what accounts have and writes it down, for the DAG `whatsapp_templates` and for the reminders' preflight."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager

from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.message_log.database import LogConnection
from partner_messages.templates.approvals.approvals import (
    Approvals,
    read_approvals,
    record_listing,
    record_unreadable,
)
from whatsapp_provider.api.management import TemplateApi, template_api
from whatsapp_provider.api.management_errors import ManagementError
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.templates.remote import FIELDS

log = logging.getLogger(__name__)

FRESH = dt.timedelta(hours=1)
"""What is no older need not be asked for again before sending."""


def open_api(sender: Sender, settings: Settings) -> AbstractContextManager[TemplateApi]:
    """The template API of a sender's account."""
    return template_api(sender, connect_timeout=settings.connect_timeout, read_timeout=settings.read_timeout)


def look_at_account(connection: LogConnection, api: TemplateApi, waba_id: str) -> int:
    """Read an account's templates and write them down.

    Returns:
        How many there are.

    Raises:
        ManagementError: They could not be read; what was known of the account stays.
    """
    began = run_context.wall_clock()
    listed = api.list_templates(FIELDS)
    record_listing(connection, waba_id, listed, began)
    return len(listed)


def list_account(connection: LogConnection, api: TemplateApi, waba_id: str) -> int:
    """Look at an account and, where that fails, write down why: it is not planned for until it could be read again.

    Raises:
        ManagementError: See `look_at_account`.
    """
    began = run_context.wall_clock()
    try:
        return look_at_account(connection, api, waba_id)
    except ManagementError as error:
        record_unreadable(connection, waba_id, str(error), began)
        raise


def fresh_approvals(connection: LogConnection, senders: Sequence[Sender], settings: Settings) -> Approvals:
    """What is known of the senders' accounts, each read again if that was more than an hour ago.

    It is also read again where a message was refused for its template since then: what Meta has just approved takes
    minutes to reach all its machines, and such a refusal is to hold for one run.

    An account that cannot be read keeps what was known of it; whether that is too old is for the caller to say
    (`Approvals.listed_at`, `Approvals.problem`).
    """
    by_account = {sender.waba_id: sender for sender in reversed(senders)}
    known = read_approvals(connection, by_account)
    now = run_context.wall_clock()
    for waba_id, sender in by_account.items():
        listed_at = known.listed_at(waba_id)
        if listed_at is None or now - listed_at > FRESH or known.refused_since(waba_id):
            try:
                with open_api(sender, settings) as api:
                    list_account(connection, api, waba_id)
            except ManagementError as error:
                log.warning("Templates could not be read: %s", error)
    return read_approvals(connection, by_account)
