"""The tasks of `whatsapp_templates`: what each does is decided by the run's mode, and done account by account."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from partner_messages.config.ends import NothingToDo
from partner_messages.deployment.installed_copies import copies_in_the_way
from partner_messages.deployment.last_words import leave
from partner_messages.deployment.live_settings import load_senders
from partner_messages.message_log.database import open_message_log
from partner_messages.message_log.migrations import migrate
from partner_messages.ops import run_notes
from partner_messages.ops.summarise import NeedsAnEngineer
from partner_messages.planning.template_listing import list_account, open_api
from partner_messages.tasks import template_report, template_reviews
from partner_messages.tasks.endings import sentences_of, unfinished
from partner_messages.tasks.number_check import CHECKED, check_numbers
from partner_messages.tasks.template_job import read_job
from partner_messages.tasks.template_submission import settle_what_was_asked, submit_account
from partner_messages.tasks.template_subscription import subscribe_account
from whatsapp_provider.templates.language_policy import check_languages

log = logging.getLogger(__name__)


def preflight(context: Mapping[str, Any]) -> list[str]:
    """Check params, settings, senders and catalog, and bring the message log up to date.

    Returns:
        The accounts that were asked for, each as the label of the sender through whose connection it is spoken to.
    """
    job = read_job(context)
    check_languages(job.catalog, job.languages)
    with open_message_log() as connection:
        migrate(connection)
    for account in job.senders:
        log.info("%s is to have %s.", account, ", ".join(job.languages[account]))
    for said in copies_in_the_way():
        log.warning("%s", said)
    return [sender.label for sender in job.senders.values()]


def list_templates(context: Mapping[str, Any], sender: str) -> int:
    """See `planning/template_listing.py`."""
    job = read_job(context)
    account = job.account(sender)
    with open_message_log() as connection, open_api(job.senders[account], job.settings) as api:
        listed = list_account(connection, api, account.waba_id)
        settle_what_was_asked(connection, job, account)
        return listed


def plan(context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """See `tasks/template_report.py`."""
    with open_message_log() as connection:
        return template_report.show_plan(connection, read_job(context))


def submit(context: Mapping[str, Any], sender: str) -> int:
    """See `tasks/template_submission.py`."""
    job = read_job(context)
    account = job.account(sender)
    if job.params.mode == "dry-run":
        raise NothingToDo("A dry run changes nothing.")
    on_it = [one for one in load_senders(job.settings) if one.waba_id == account.waba_id]
    if job.params.mode == "check":
        return check_numbers(on_it, job.settings)
    if job.params.mode == "subscribe":
        with open_api(job.senders[account], job.settings) as api:
            return subscribe_account(api, job.senders[account], on_it)
    with open_message_log() as connection, open_api(job.senders[account], job.settings) as api:
        if account in job.unreadable(connection):
            raise NothingToDo("The account could not be read, so there is no plan for it.")
        return submit_account(connection, api, job, account)


def wait_for_reviews(context: Mapping[str, Any], accounts: list[str] | None) -> int:
    """See `tasks/template_reviews.py`."""
    if accounts is None:
        raise NothingToDo("Preflight let nothing pass.")
    return template_reviews.wait_for_reviews(read_job(context))


def report(
    context: Mapping[str, Any], accounts: list[str] | None, planned: list[dict[str, Any]] | None
) -> list[dict[str, Any]]:
    """See `tasks/template_report.py`; runs whatever happened before, and is what makes a DAG run green or red."""
    if accounts is None:
        leave(run_notes.KEY, "\n\n".join(sentences_of(context, "preflight")))
        raise NeedsAnEngineer("\n".join(unfinished(context)))
    with open_message_log() as connection:
        checked = sentences_of(context, "submit", key=CHECKED)
        return template_report.report(connection, read_job(context), planned, unfinished(context), checked)
