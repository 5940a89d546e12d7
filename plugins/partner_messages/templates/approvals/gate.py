"""The template gate: whether a template may be sent on an account, in which language, and why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whatsapp_provider.languages import LAST_RESORT
from whatsapp_provider.templates.catalog import Template
from whatsapp_provider.templates.remote import (
    FLAGGED,
    NAMED,
    Standing,
    parameters_in_words,
    standing,
)

MARKETING = "MARKETING"
_CHEAPEST = "UTILITY"


@dataclass(frozen=True)
class Approval:
    """The stored state of one template in one language on one account; unknown texts are empty.

    Attributes:
        waba_id: The account.
        name: The template.
        language: Its language.
        status: Meta's status.
        category: The category in which Meta bills it.
        quality: Meta's quality score.
        reason: Why Meta refused it.
        parameters: The number of parameters of a message; None if unknown.
        named: Whether the parameters have names.
        announced: The category that Meta has announced.
        seen_at: The time of this state.
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


QUALITY_WARNINGS: Mapping[str, str] = {
    "RED": "rated RED by Meta for its quality, and paused next if that does not change",
    "YELLOW": "rated YELLOW by Meta for its quality: recipients block or report it",
}
"""What Meta's quality scores mean that are no good ones."""


def warning_of(approval: Approval) -> str | None:
    """A warning about a template that can be sent: one clause; None if there is none.

    An announced category blocks nothing yet, because Meta still bills the present one; nor does a quality.
    """
    warnings = []
    if approval.status == FLAGGED:
        warnings.append("flagged by Meta for its quality, and paused next if that does not change")
    elif approval.quality in QUALITY_WARNINGS and standing(approval.status) is Standing.APPROVED:
        warnings.append(QUALITY_WARNINGS[approval.quality])
    if approval.announced and approval.announced != approval.category:
        present = approval.category or "not known"
        warnings.append(f"to become {approval.announced}, as Meta has announced; it is {present} now")
    return "; ".join(warnings) or None


def why_not_sendable(template: Template, language: str, approval: Approval | None, allow_marketing: bool) -> str | None:
    """Why a template cannot be sent in a language on the approval's account.

    Args:
        template: The catalog's template.
        language: The wanted language.
        approval: Its approval; None if the account does not have it.
        allow_marketing: Whether a template that Meta bills as MARKETING may be sent.

    Returns:
        One clause, such as `rejected: TAG_CONTENT_MISMATCH`; None if it can be sent.
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
    if not _is_category_allowed(template, approval.category, allow_marketing):
        return f"is {approval.category}, not {template.category}, as seen on {approval.seen_at:%Y-%m-%d}"
    return _parameter_problem(template, approval)


def _parameter_problem(template: Template, approval: Approval) -> str | None:
    if approval.named:
        return NAMED
    if approval.parameters is not None and approval.parameters != template.parameter_count:
        return f"approved with {parameters_in_words(approval.parameters)}, the catalog has {template.parameter_count}"
    return None


def _is_category_allowed(template: Template, category: str, allow_marketing: bool) -> bool:
    return category in ("", _CHEAPEST, template.category) or (category == MARKETING and allow_marketing)


def sendable_language(
    template: Template,
    wanted: str,
    readable: Sequence[str],
    approvals: Mapping[str, Approval],
    allow_marketing: bool = False,
) -> str | None:
    """The language for a template on an account: the wanted one, else one the partner reads, else English.

    Args:
        template: The catalog's template.
        wanted: The language that the language rule chose.
        readable: The languages that the partner is known to read, best first.
        approvals: The template's approvals on this account, by language.
        allow_marketing: See `why_not_sendable`.

    Returns:
        The language; None if it can be sent in none of them.
    """
    for language in (wanted, *readable, LAST_RESORT):
        if why_not_sendable(template, language, approvals.get(language), allow_marketing) is None:
            return language
    return None
