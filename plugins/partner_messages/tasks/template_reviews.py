"""Waits for Meta's reviews, by looking again and again."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator

from partner_messages.message_log.database import open_message_log
from partner_messages.planning.template_listing import look_at_account, open_api
from partner_messages.tasks.template_job import Job
from whatsapp_provider.api.management_errors import ManagementError
from whatsapp_provider.templates.language_policy import Account
from whatsapp_provider.templates.submit_plan import Action

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 2, 60
"""Seconds between looks; each pause is twice the one before. An hour's waiting takes 65 of an account's 200 calls."""

pause = time.sleep
"""How time passes; tests let the local Graph API's clock run instead."""


def wait_for_reviews(job: Job) -> int:
    """Look until no template that was asked for is in review, or `wait_seconds` are over.

    Returns:
        How many are still in review.
    """
    pauses = _pauses(job.params.wait_seconds)
    while True:
        in_review = _in_review(job)
        seconds = next(pauses, None)
        if not in_review or seconds is None:
            return in_review.total()
        log.info("In review: %s; looking again in %d s.", ", ".join(map(str, in_review)), seconds)
        pause(seconds)
        for account in in_review:
            _look(job, account)


def _pauses(seconds: int) -> Iterator[int]:
    longest = FIRST_PAUSE
    while seconds > 0:
        yield min(longest, seconds)
        seconds -= longest
        longest = min(longest * 2, LONGEST_PAUSE)


def _in_review(job: Job) -> Counter[Account]:
    """How many templates each account has in review."""
    with open_message_log() as connection:
        return Counter(row.account for row in job.plan(connection) if row.action is Action.PENDING)


def _look(job: Job, account: Account) -> None:
    with open_message_log() as connection, open_api(job.senders[account], job.settings) as api:
        try:
            look_at_account(connection, api, account.waba_id)
        except ManagementError as error:
            # It was readable a moment ago: what is known of it stands, and the report says what is in review.
            log.warning("%s could not be read: %s", account, error)
