"""The gate before anything is sent: which templates Meta has approved, on which account, in which language."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence

from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.message_log.database import LogConnection
from partner_messages.messages.tick import RunRefused, Tick
from partner_messages.planning.template_listing import fresh_approvals
from partner_messages.templates.approvals.approvals import Approvals, read_approvals
from partner_messages.templates.approvals.gate import Approval, warning_of, why_not_sendable
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.templates.catalog import Catalog, Template

log = logging.getLogger(__name__)

STILL_COUNTS = dt.timedelta(hours=24)
"""What an account had this long ago still counts where it cannot be read now."""
SUBMIT = """airflow dags test whatsapp_templates --conf '{"mode": "upsert"}'"""

ByTemplate = Mapping[tuple[str, str], Mapping[str, Approval]]
"""By account and template, then by language."""


def check_templates(
    connection: LogConnection,
    tick: Tick,
    senders: Sequence[Sender],
    templates: Sequence[Template],
    settings: Settings,
) -> tuple[str, ...]:
    """Read the accounts' approvals again where that is due, and say what is not sendable and why.

    A dry run asks Meta nothing: it says what is known.

    Args:
        connection: The message log.
        tick: The run's tick.
        senders: All that are configured.
        templates: What this DAG sends.
        settings: The settings.

    Returns:
        What Meta has flagged or announced of templates that can be sent, in sentences.

    Raises:
        RunRefused: Nothing at all could be sent (the message has the command that submits what is missing).
    """
    sends = tick.delivery != "dry_run"
    known = (
        fresh_approvals(connection, senders, settings)
        if sends
        else read_approvals(connection, {sender.waba_id for sender in senders})
    )
    approvals = what_counts(known, senders, [template.name for template in templates])
    reasons = list(_reasons(approvals, known, senders, templates, settings))
    for sender, template, language, reason in reasons:
        if reason:
            log.warning("Not sendable by %s: %s in %s is %s.", sender, template, language, reason)
    if sends and all(reason for *_, reason in reasons):
        raise RunRefused(
            "None of this DAG's templates can be sent by any sender, so nothing could be sent (the warnings above say"
            f" why); submit what is missing with: {SUBMIT}"
        )
    return tuple(_warnings(approvals, senders))


def _warnings(approvals: ByTemplate, senders: Sequence[Sender]) -> Iterator[str]:
    for (account, name), languages in sorted(approvals.items()):
        of = ", ".join(sender.label for sender in senders if sender.waba_id == account)
        for language, approval in sorted(languages.items()):
            if warning := warning_of(approval):
                yield f"Template {name} in {language} of {of} is {warning}."


def approvals_of_run(
    connection: LogConnection, tick: Tick, senders: Sequence[Sender], catalog: Catalog
) -> ByTemplate | None:
    """What planning keeps to; None for a dry run, which rehearses with everything in the catalog."""
    if tick.delivery == "dry_run":
        return None
    return what_counts(read_approvals(connection, {sender.waba_id for sender in senders}), senders, catalog.names)


def what_counts(
    known: Approvals, senders: Sequence[Sender], names: Sequence[str], *, within: dt.timedelta = STILL_COUNTS
) -> ByTemplate:
    """The approvals of these templates on those accounts that were read within some time."""
    oldest = run_context.wall_clock() - within
    accounts = {
        sender.waba_id for sender in senders if (listed := known.listed_at(sender.waba_id)) and listed >= oldest
    }
    return {(account, name): known.of(account, name) for account in accounts for name in names}


def _reasons(
    approvals: ByTemplate,
    known: Approvals,
    senders: Sequence[Sender],
    templates: Sequence[Template],
    settings: Settings,
) -> Iterator[tuple[str, str, str, str | None]]:
    """Why each sender cannot send each template in each of its languages; None where it can."""
    for sender in senders:
        for template in templates:
            found = approvals.get((sender.waba_id, template.name))
            unread = f"not known: {known.problem(sender.waba_id) or 'its account was never read'}"
            for language in sender.languages:
                yield (
                    sender.label,
                    template.name,
                    language,
                    why_not_sendable(template, language, found.get(language), settings.allow_marketing)
                    if found is not None
                    else unread,
                )
