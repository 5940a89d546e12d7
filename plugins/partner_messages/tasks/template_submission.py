"""Creates or edits one account's templates, as the mode says.

Safe to be killed and repeated at any point: it begins by reading what is there, asks only for what is still missing,
and what was asked for twice is there once. What it asks for is written down before, and what became of it after; where
it was killed between the two, the next listing of the account tells.
"""

from __future__ import annotations

import collections
import datetime as dt
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from partner_messages.config.ends import NothingToDo, TryLater
from partner_messages.config.schedule import SCHEDULE_TIMEZONE
from partner_messages.config.settings import PORTAL_CONN_ID
from partner_messages.deployment import run_context
from partner_messages.message_log.database import LogConnection
from partner_messages.ops.summarise import NeedsAnEngineer
from partner_messages.planning.template_listing import list_account, look_at_account
from partner_messages.tasks.template_job import Job
from partner_messages.templates.approvals.approvals import record_template
from partner_messages.templates.submission.change_log import (
    AskedChange,
    Change,
    Outcome,
    asked_changes,
    changes_since,
    note_change,
    settle_change,
)
from whatsapp_provider.api.management import TemplateApi
from whatsapp_provider.api.management_errors import Kind, ManagementError
from whatsapp_provider.api.management_limits import CREATES, EDITS, MAX_WINDOW, next_allowed_at
from whatsapp_provider.templates.catalog import Template
from whatsapp_provider.templates.definition import TemplateError
from whatsapp_provider.templates.language_policy import Account
from whatsapp_provider.templates.picture_formats import mime_type
from whatsapp_provider.templates.remote import Standing, standing
from whatsapp_provider.templates.submit_plan import Action, PlanRow, edit_request

log = logging.getLogger(__name__)

UNREACHABLE_AFTER = 3
"""Lost answers in a row after which the rest is left for a later try."""

Key = tuple[str, str]
"""A template's name and language."""


class NothingToSubmit(NothingToDo):
    """The account needs nothing of what this mode does."""


class AnswersLost(TryLater):
    """Some requests got no answer and did not do their work; the task is to be tried again."""


def submit_account(connection: LogConnection, api: TemplateApi, job: Job, account: Account) -> int:
    """Create or edit what the mode says, and look how it came out.

    Returns:
        How many templates were created or edited.

    Raises:
        NothingToSubmit: There was nothing to do.
        AnswersLost: Try again; what was done is not done twice.
        ManagementError: The account could not be read.
        NeedsAnEngineer: Some were refused or left for later; the others are done.
    """
    list_account(connection, api, account.waba_id)
    settle_what_was_asked(connection, job, account)
    rows = _to_submit(connection, job, account)
    if not rows:
        raise NothingToSubmit(f"{account.label}: there is nothing to do in mode {job.params.mode}.")
    submission = _Submission(connection, api, job, account)
    submission.go_through(rows)
    try:
        look_at_account(connection, api, account.waba_id)
    except ManagementError as error:
        log.warning("%s: what became of it could not be seen: %s", account.label, error)
    left = {_key(row) for row in _to_submit(connection, job, account)}
    lost = submission.settle_lost_answers(left)
    log.info("%s: %d of %d done in mode %s.", account.label, len(rows) - len(left), len(rows), job.params.mode)
    if left:
        reasons = collections.Counter(submission.reasons.get(key, "it differs since then.") for key in left)
        said = " ".join(f"{account.label}: {number} not done: {reason}" for reason, number in reasons.items())
        raise AnswersLost(said) if lost else NeedsAnEngineer(said)
    return len(rows)


def settle_what_was_asked(connection: LogConnection, job: Job, account: Account) -> None:
    """Write down what became of the changes whose process ended before it could, now that the account was listed."""
    if not (asked := asked_changes(connection, account.waba_id)):
        return
    rows = {_key(row): row for row in job.whole_plan(connection, [account])}
    for change in asked:
        row = rows.get((change.name, change.language))
        undone = row is None or (row.action is Action.CREATE if change.change is Change.CREATE else bool(row.editable))
        outcome = Outcome.UNCLEAR if undone else Outcome.TAKEN
        log.info("%s: %s %s (%s), asked for before: %s.", account.label, change.change, *_key(change), outcome)
        settle_change(connection, change.id, outcome, "Its process ended before the answer came." if undone else "")


def _to_submit(connection: LogConnection, job: Job, account: Account) -> list[PlanRow]:
    return [row for row in job.plan(connection, [account]) if job.change_for(row)]


def _key(row: PlanRow | AskedChange) -> Key:
    return row.name, row.language


_OUTCOMES = {
    Kind.EXISTS: Outcome.ADOPTED,
    Kind.TEMPLATE: Outcome.REFUSED,
    Kind.UNCLEAR: Outcome.UNCLEAR,
    Kind.LATER: Outcome.POSTPONED,
    Kind.ACCOUNT: Outcome.POSTPONED,
}


@dataclass
class _Submission:
    """One pass over one account's rows.

    Attributes:
        connection: The message log.
        api: The account's template API.
        job: The run's work.
        account: The account.
        reasons: What there is to say of each row that may not be done.
    """

    connection: LogConnection
    api: TemplateApi
    job: Job
    account: Account
    reasons: dict[Key, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made = changes_since(self.connection, self.account.waba_id, run_context.wall_clock() - MAX_WINDOW)
        self._creates = [one.made_at for one in made if one.change is Change.CREATE]
        self._edits: dict[Key, list[dt.datetime]] = collections.defaultdict(list)
        for one in made:
            if one.change is Change.EDIT and _is_approved(one.status_before):
                self._edits[one.name, one.language].append(one.made_at)
        self._change = Change.CREATE if self.job.params.mode == "upsert" else Change.EDIT
        self._templates = {template.name: template for template in self.job.catalog}
        self._handles: dict[Path, str] = {}
        self._lost: list[tuple[PlanRow, int]] = []

    def go_through(self, rows: Iterable[PlanRow]) -> None:
        """Ask Meta for each row's change; a refusal of one does not stop the others."""
        lost_in_a_row, stopped = 0, ""
        for row in rows:
            reason, outcome = stopped or self._over_limit(row), Outcome.POSTPONED
            if reason:
                self._note(row, outcome, reason)
            else:
                id_ = self._note(row, Outcome.ASKED)
                reason, outcome = self._ask(row)
                lost_in_a_row = lost_in_a_row + 1 if outcome is Outcome.UNCLEAR else 0
                if outcome is Outcome.POSTPONED or lost_in_a_row == UNREACHABLE_AFTER:
                    stopped = reason
                if outcome is Outcome.UNCLEAR:
                    self._lost.append((row, id_))
                else:
                    self._settle(row, id_, outcome, reason)
            self.reasons[_key(row)] = reason

    def settle_lost_answers(self, left: Collection[Key]) -> bool:
        """Write down what became of requests without an answer, now that the account was looked at.

        Args:
            left: What is still to be done.

        Returns:
            Whether one of them did not do its work.
        """
        for row, id_ in self._lost:
            outcome = Outcome.UNCLEAR if _key(row) in left else Outcome.TAKEN
            self._settle(row, id_, outcome, self.reasons[_key(row)])
        return any(_key(row) in left for row, _ in self._lost)

    def _ask(self, row: PlanRow) -> tuple[str, Outcome]:
        try:
            self._request(row)
        except TemplateError as error:
            return str(error), Outcome.REFUSED
        except ManagementError as error:
            return str(error), _OUTCOMES[error.kind]
        return "Meta took it, but does not show it yet; run it again later.", Outcome.TAKEN

    def _request(self, row: PlanRow) -> None:
        template = self._templates[row.name]
        if row.submits_components and template.needs_portal and not self.job.portal_url:
            raise TemplateError(
                f"Its button opens the portal, and there is no connection {PORTAL_CONN_ID} with a host; add it, or"
                " leave such templates out (param templates)."
            )
        portal_url, header_handle = self.job.portal_url, self._handle(row, template)
        if self._change is Change.CREATE:
            request = template.create_request(row.language, portal_url=portal_url, header_handle=header_handle)
            answer = self.api.create(request)
            record_template(self.connection, self.account.waba_id, {**request, **answer}, run_context.wall_clock())
        else:
            self.api.edit(row.id, edit_request(row, template, portal_url=portal_url, header_handle=header_handle))

    def _handle(self, row: PlanRow, template: Template) -> str | None:
        """The handle of the template's example picture, uploaded once for all templates that share it."""
        file = template.picture
        if file is None or not row.submits_components:
            return None
        if file not in self._handles:
            picture = file.read_bytes()
            self._handles[file] = self.api.upload_example(picture, mime_type(picture) or "")
        return self._handles[file]

    def _over_limit(self, row: PlanRow) -> str:
        """Why Meta would not take this change now, one sentence; empty where it would."""
        now = run_context.wall_clock()
        if self._change is Change.CREATE:
            free = next_allowed_at(CREATES, self._creates, now)
            said = "Meta takes 100 new templates an hour on an account"
        else:
            free = next_allowed_at(EDITS, self._edits[_key(row)], now) if _is_approved(row.status) else now
            said = "Meta lets an approved template be edited once a day and ten times in 30 days"
        return (
            "" if free <= now else f"{said}; run it again after {free.astimezone(SCHEDULE_TIMEZONE):%d %b %H:%M} IST."
        )

    def _settle(self, row: PlanRow, id_: int, outcome: Outcome, detail: str) -> None:
        if outcome is Outcome.TAKEN:
            # Of no account for an edit that is not limited, and gone with this pass.
            made = self._creates if self._change is Change.CREATE else self._edits[_key(row)]
            made.append(run_context.wall_clock())
        log.info("%s: %s %s (%s): %s.", self.account.label, self._change, *_key(row), outcome)
        settle_change(self.connection, id_, outcome, detail)

    def _note(self, row: PlanRow, outcome: Outcome, detail: str = "") -> int:
        if outcome is not Outcome.ASKED:
            log.info("%s: %s %s (%s): %s.", self.account.label, self._change, *_key(row), outcome)
        return note_change(
            self.connection,
            dag_run_id=self.job.dag_run_id,
            waba_id=self.account.waba_id,
            name=row.name,
            language=row.language,
            change=self._change,
            status_before=row.status,
            outcome=outcome,
            detail=detail,
            made_at=run_context.wall_clock(),
        )


def _is_approved(status: str) -> bool:
    return standing(status) is Standing.APPROVED
