"""The gate: what may be sent on an account, in which language, and why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from partner_messages.config.languages import LAST_RESORT
from partner_messages.templates.approvals.remote import (
    FLAGGED,
    NAMED,
    Standing,
    parameters_in_words,
    standing,
)
from partner_messages.templates.catalog.catalog import Template

MARKETING = "MARKETING"
_CHEAPEST = "UTILITY"


@dataclass(frozen=True)
class Approval:
    """What was last learnt of one template in one language on one account; texts are empty where nothing was said.

    Attributes:
        waba_id: The account.
        name: The template.
        language: Its language.
        status: In Meta's words.
        category: What Meta bills it as.
        quality: What recipients make of it, in Meta's words.
        reason: Why Meta refused it.
        parameters: How many parameters a message must give; None where that is not known.
        named: Whether it must give them by name.
        announced: The category that Meta says it will have.
        seen_at: When that was so.
    """

    waba_id: str
    name: str
    language: str
    status: str
    category: str
    quality: str
    reason: str
    parameters: int | None
    seen_at: dt.datetime
    named: bool = False
    announced: str = ""


def warning_of(approval: Approval) -> str | None:
    """What is to be said of a template that can be sent all the same: one clause; None where there is nothing.

    A category that is only announced blocks nothing yet: that of now is what Meta bills.
    """
    if approval.status == FLAGGED:
        return "flagged by Meta for its quality, and paused next if that does not change"
    if approval.announced and approval.announced != approval.category:
        return f"to become {approval.announced}, as Meta has announced; it is {approval.category or 'not known'} now"
    return None


def why_not_sendable(template: Template, language: str, approval: Approval | None, allow_marketing: bool) -> str | None:
    """Why a template cannot be sent in a language on the approval's account.

    Args:
        template: The catalog's.
        language: The one that is wanted.
        approval: What is known of it there; None where it was never seen.
        allow_marketing: Whether what Meta bills as MARKETING may be sent all the same.

    Returns:
        One clause for people, such as `rejected: TAG_CONTENT_MISMATCH`; None where it can be sent.
    """
    if language not in template.languages:
        return "not in the catalog"
    if approval is None:
        return "not submitted"
    match standing(approval.status):
        case Standing.GONE:
            return "not submitted (it was deleted there)"
        case Standing.UNDER_REVIEW:
            return f"under review ({approval.status})"
        case Standing.REJECTED:
            return f"rejected: {approval.reason}" if approval.reason else "rejected"
        case Standing.PAUSED:
            return "paused"
        case Standing.BLOCKED:
            return f"cannot be sent ({approval.status or 'without a status'})"
    if not _category_will_do(template, approval.category, allow_marketing):
        return f"is {approval.category}, not {template.category}, as seen on {approval.seen_at:%Y-%m-%d}"
    return _why_parameters_do_not_fit(template, approval)


def _why_parameters_do_not_fit(template: Template, approval: Approval) -> str | None:
    if approval.named:
        return NAMED
    if approval.parameters is not None and approval.parameters != template.parameter_count:
        return f"approved with {parameters_in_words(approval.parameters)}, the catalog has {template.parameter_count}"
    return None


def _category_will_do(template: Template, category: str, allow_marketing: bool) -> bool:
    return category in ("", _CHEAPEST, template.category) or (category == MARKETING and allow_marketing)


def sendable_language(
    template: Template,
    wanted: str,
    readable: Sequence[str],
    approvals: Mapping[str, Approval],
    allow_marketing: bool = False,
) -> str | None:
    """The language to send a template in on one account.

    The wanted one; else another that the partner is known to read; else English; none of which counts unless it can be
    sent.

    Args:
        template: The catalog's.
        wanted: What the language rule chose.
        readable: The languages that the partner is known to read, best first.
        approvals: What is known of this template on this account, by language.
        allow_marketing: See `why_not_sendable`.

    Returns:
        None where it cannot be sent in any of them.
    """
    for language in (wanted, *readable, LAST_RESORT):
        if why_not_sendable(template, language, approvals.get(language), allow_marketing) is None:
            return language
    return None
