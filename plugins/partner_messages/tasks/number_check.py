"""Whether Meta knows the business numbers: each is asked for, and its name, quality and limit are said."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from partner_messages.config.settings import Settings
from partner_messages.deployment.last_words import leave
from partner_messages.ops.summarise import NeedsAnEngineer
from partner_messages.planning.template_listing import open_api
from whatsapp_provider.api.management_errors import ManagementError
from whatsapp_provider.api.senders import Sender

log = logging.getLogger(__name__)

CHECKED = "checked"
"""Under which XCom the task leaves what Meta says of the numbers, for the run's note."""


def check_numbers(senders: Iterable[Sender], settings: Settings) -> int:
    """Ask Meta for each sender's number, as `airflow whatsapp check` does.

    Returns:
        How many there are.

    Raises:
        NeedsAnEngineer: Some cannot be used; one sentence for each.
    """
    said, wrong = [], []
    for sender in senders:
        try:
            with open_api(sender, settings) as api:
                said.append(f"{sender.conn_id}: {api.number().in_words()}")
        except ManagementError as error:
            wrong.append(str(error))
    for line in said:
        log.info("%s", line)
    leave(CHECKED, "\n".join(said))
    if wrong:
        raise NeedsAnEngineer("\n".join(wrong))
    return len(said)
