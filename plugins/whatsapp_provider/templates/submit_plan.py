"""Plan what to do with each template on each account, from the catalog, the listings and the language policy."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from whatsapp_provider.templates.catalog import Template
from whatsapp_provider.templates.comparison import COMPONENTS, Difference, Part, differences
from whatsapp_provider.templates.language_policy import Account, check_languages
from whatsapp_provider.templates.remote import (
    NAMED,
    RemoteTemplate,
    Standing,
    parameters_in_words,
)


class Action(enum.StrEnum):
    """What to do with a template, or its state if there is nothing to do."""

    CREATE = "create"
    """It is missing: mode upsert creates it."""
    SAME = "same"
    """It is approved and as in the catalog."""
    DIFFERS = "differs"
    """It is approved, but differs from the catalog: mode edit changes what Meta allows to change."""
    PENDING = "pending"
    """Meta is reviewing it."""
    REJECTED = "rejected"
    """Meta has rejected it: somebody must change the text, then mode edit submits it again."""
    PAUSED = "paused"
    """Meta has paused it for its quality, and resumes it by itself."""
    BLOCKED = "blocked"
    """It cannot be sent: disabled, archived, being deleted, or with an unknown status."""
    NOT_FOR_THIS_ACCOUNT = "not_for_this_account"
    """The catalog has the language, but the policy does not ask for it on this account."""
    UNKNOWN_THERE = "unknown_there"
    """The account has it, the catalog does not."""


ASKS_FOR: Mapping[Action, str] = {
    Action.CREATE: "missing there; mode upsert creates them",
    Action.DIFFERS: "sent with Meta's text until mode edit makes it the catalog's, once a day at most (a category alone"
    " that differs cannot be edited)",
    Action.PENDING: "in Meta's review; run this again later to see how it ended",
    Action.REJECTED: "refused by Meta; change the text in the catalog, then submit it with mode edit",
    Action.PAUSED: "not sent while Meta has paused them; it resumes them by itself",
    Action.BLOCKED: "cannot be sent; look at them in WhatsApp Manager",
    Action.UNKNOWN_THERE: "not in the catalog; nothing of this package sends or changes them",
}
"""What somebody has to know or do for an action; nothing for the others."""

_ACTION_BY_STANDING = {
    Standing.UNDER_REVIEW: Action.PENDING,
    Standing.REJECTED: Action.REJECTED,
    Standing.PAUSED: Action.PAUSED,
    Standing.BLOCKED: Action.BLOCKED,
}
_EDITABLE = (Action.DIFFERS, Action.REJECTED, Action.PAUSED)


@dataclass(frozen=True)
class PlanRow:
    """The plan for one template in one language on one account; texts may be empty.

    Attributes:
        account: The account.
        name: The template.
        language: Its language.
        action: What to do with it.
        id: Meta's id.
        status: Meta's status.
        category: The category in which Meta bills it.
        quality: Meta's quality score.
        reason: Why Meta rejected it.
        differences: The differences from the catalog.
        warning: A warning that needs no action here.
    """

    account: Account
    name: str
    language: str
    action: Action
    id: str = ""
    status: str = ""
    category: str = ""
    quality: str = ""
    reason: str = ""
    differences: tuple[Difference, ...] = ()
    warning: str = ""

    @property
    def editable(self) -> frozenset[Part]:
        """The parts that an edit would change."""
        if self.action not in _EDITABLE:
            return frozenset()
        parts = frozenset(one.part for one in self.differences)
        # The category of an approved template cannot be edited (docs/reference/whatsapp-cloud-api.md, section 4.4).
        return parts - {Part.CATEGORY} if self.action is Action.DIFFERS else parts

    @property
    def submits_components(self) -> bool:
        """Whether creating or editing it sends components, which need the handle of an uploaded picture."""
        return self.action is Action.CREATE or not self.editable.isdisjoint(COMPONENTS)

    @property
    def needs_human(self) -> str | None:
        """What a person must do before it can be sent, one sentence; None if nothing."""
        what = f"{self.account.label}: {self.name} ({self.language})"
        if self.action is Action.REJECTED:
            because = f", {self.reason}" if self.reason else ""
            if self.editable:
                return f"{what} was rejected{because}, and the catalog has changed since: submit it with mode edit."
            return f"{what} was rejected{because}: change its text in the catalog, then submit it with mode edit."
        if self.action is Action.BLOCKED and self.reason == NAMED:
            return (
                f"{what} was {NAMED}, which cannot be edited: give the catalog's template another name, or delete"
                " this one in WhatsApp Manager and submit it when Meta frees the name, after 30 days."
            )
        if self.action is Action.BLOCKED:
            return f"{what} is {self.status} and cannot be sent: look at it in WhatsApp Manager."
        return None

    @property
    def note(self) -> str:
        """Reason, differences and warning as one text."""
        warning = f"WARNING: {self.warning}" if self.warning else ""
        return "; ".join(filter(None, (self.reason, *map(str, self.differences), warning)))


def plan_submission(
    templates: Iterable[Template],
    remote_by_account: Mapping[Account, Iterable[RemoteTemplate]],
    languages_by_account: Mapping[Account, Sequence[str]],
    *,
    portal_url: str | None = None,
) -> list[PlanRow]:
    """Plan every template and language, account by account.

    Filter the rows afterwards if only some templates are wanted: without the whole catalog, the others would be
    `UNKNOWN_THERE`.

    Args:
        templates: The whole catalog.
        remote_by_account: The listing of each account; accounts whose listing failed are left out.
        languages_by_account: The result of `language_policy`.
        portal_url: The portal's base URL, see `comparison.differences`.

    Raises:
        LanguagePolicyError: The policy asks for a language that the catalog lacks.
        TemplateError: The portal's URL is invalid.
    """
    catalog = {template.name: template for template in templates}
    check_languages(catalog.values(), languages_by_account)
    rows: list[PlanRow] = []
    for account, remote in remote_by_account.items():
        # A listing may have a deleted template beside its replacement: the replacement counts.
        there = {(one.name, one.language): one for one in sorted(remote, key=_is_there)}
        for template in catalog.values():
            for language in template.languages:
                row = PlanRow(account, template.name, language, Action.CREATE)
                asked = language in languages_by_account[account]
                rows.append(_plan_row(row, template, there.pop((template.name, language), None), asked, portal_url))
        rows += [
            _with_remote(PlanRow(account, name, language, Action.UNKNOWN_THERE), one)
            for (name, language), one in sorted(there.items())
        ]
    return rows


def _is_there(remote: RemoteTemplate) -> bool:
    return remote.standing is not Standing.GONE


def _with_remote(row: PlanRow, remote: RemoteTemplate) -> PlanRow:
    """The row with the data of the account's template."""
    return replace(
        row,
        id=remote.id,
        status=remote.status,
        category=remote.category,
        quality=remote.quality,
        reason=remote.reason,
    )


def _plan_row(
    row: PlanRow, template: Template, remote: RemoteTemplate | None, asked: bool, portal_url: str | None
) -> PlanRow:
    if remote is None or remote.standing is Standing.GONE:
        return row if asked else replace(row, action=Action.NOT_FOR_THIS_ACCOUNT)
    row = replace(_with_remote(row, remote), warning="; ".join(_warnings(template, remote)))
    if not asked:
        return replace(row, action=Action.NOT_FOR_THIS_ACCOUNT)
    if remote.named:
        return replace(row, action=Action.BLOCKED, reason=NAMED)
    different = differences(template, row.language, remote, portal_url=portal_url)
    approved = Action.DIFFERS if different else Action.SAME
    return replace(row, action=_ACTION_BY_STANDING.get(remote.standing, approved), differences=different)


def _warnings(template: Template, remote: RemoteTemplate) -> Iterator[str]:
    if remote.category and remote.category != template.category:
        if remote.previous_category == template.category:
            yield f"Meta has moved it from {template.category} to {remote.category}"
        else:
            yield f"it was submitted as {template.category} and came back as {remote.category}"
    count = remote.parameter_count
    if remote.standing is Standing.APPROVED and count is not None and count != template.parameter_count:
        has = parameters_in_words(count)
        yield f"it is approved with {has}, the catalog has {template.parameter_count}: it is not sent"
    if remote.quality == "RED":
        yield "recipients block or report it: Meta may pause it"


def edit_request(
    row: PlanRow, template: Template, *, portal_url: str | None = None, header_handle: str | None = None
) -> dict[str, Any]:
    """The body of `POST /{template_id}` that changes only the parts in `row.editable`.

    Args:
        row: The row of the plan.
        template: The catalog's template of that name.
        portal_url: The portal's base URL; needed for URL buttons if the row submits components.
        header_handle: The handle of the uploaded picture; needed for an IMAGE header if the row submits components.

    Raises:
        TemplateError: The portal's URL or the picture's handle is missing.
    """
    request: dict[str, Any] = {}
    if Part.CATEGORY in row.editable:
        request["category"] = template.category
    if Part.TIME_TO_LIVE in row.editable:
        request["message_send_ttl_seconds"] = template.ttl_seconds
    if row.submits_components:
        whole = template.create_request(row.language, portal_url=portal_url, header_handle=header_handle)
        request["components"] = whole["components"]
    return request


_COLUMNS = ("template", "language", "action", "status", "category", "quality", "note")


def plan_table(rows: Sequence[PlanRow]) -> str:
    """The rows as a table for the log, account by account, with counts."""
    cells = [_cells(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *cells, strict=True)]
    lines: list[str] = []
    for account, of_account in groupby(zip(rows, cells, strict=True), key=lambda pair: pair[0].account):
        together = list(of_account)
        sums = Counter(row.action for row, _ in together)
        counted = ", ".join(f"{sums[action]} {action}" for action in Action if sums[action])
        lines += [f"{account}: {counted}", _line(_COLUMNS, widths)]
        lines += [_line(line, widths) for _, line in together]
        lines.append("")
    return "\n".join(lines).rstrip()


def _cells(row: PlanRow) -> tuple[str, ...]:
    return (row.name, row.language, row.action, row.status, row.category, row.quality, row.note)


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def to_json(rows: Iterable[PlanRow]) -> list[dict[str, Any]]:
    """The rows for JSON, one object each."""
    return [
        {
            "account": row.account.label,
            "waba_id": row.account.waba_id,
            "name": row.name,
            "language": row.language,
            "action": row.action.value,
            "id": row.id,
            "status": row.status,
            "category": row.category,
            "quality": row.quality,
            "reason": row.reason,
            "differences": [str(one) for one in row.differences],
            "warning": row.warning,
        }
        for row in rows
    ]
