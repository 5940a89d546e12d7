"""What one run of `whatsapp_templates` is about: its params, the accounts with their languages, the catalog."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from partner_messages.config.problems import first_problem
from partner_messages.config.settings import PORTAL_CONN_ID, Settings, SettingsError
from partner_messages.deployment.live_settings import load_senders, load_settings
from partner_messages.deployment.params import check_names
from partner_messages.deployment.run_context import run_pass
from partner_messages.message_log.database import LogConnection
from partner_messages.recipients.deeplink import base_url
from partner_messages.templates.approvals.approvals import read_approvals, read_listing
from partner_messages.templates.catalog.installed import installed_catalog
from partner_messages.templates.submission.change_log import Change
from whatsapp_provider.api.senders import Sender
from whatsapp_provider.connections import connection_of
from whatsapp_provider.templates.catalog import Catalog
from whatsapp_provider.templates.language_policy import OVERRIDE, Account, language_policy
from whatsapp_provider.templates.submit_plan import Action, PlanRow, plan_submission

Texts = tuple[Annotated[str, Field(pattern=r"\S")], ...]


class TemplateParams(BaseModel):
    """The params of `whatsapp_templates`, validated again where they are used (a run's conf can be anything)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["dry-run", "upsert", "edit", "subscribe", "check"] = "dry-run"
    senders: Texts = ()
    templates: Texts = ()
    languages: Texts = ()
    wait_seconds: Annotated[int, Field(strict=True, ge=0, le=3600)] = 0


def parse_template_params(raw: Mapping[str, Any]) -> TemplateParams:
    """Validate a DAG run's params.

    Raises:
        SettingsError: Naming the param that is wrong; one that does not exist is a typing mistake, and never ignored.
    """
    check_names(raw, TemplateParams.model_fields)
    try:
        return TemplateParams.model_validate({name: value for name, value in raw.items() if value is not None})
    except ValidationError as error:
        raise SettingsError(f"DAG run params: {first_problem(error, TemplateParams)}") from None


@dataclass(frozen=True)
class Job:
    """One run's work.

    Attributes:
        dag_run_id: The run.
        params: What was asked for.
        settings: The settings at this moment.
        catalog: Every template there is.
        languages: The languages of every account, asked for or not.
        senders: The accounts that were asked for, each with the sender through whose connection it is spoken to.
        portal_url: The portal's base URL; None where there is no such connection.
    """

    dag_run_id: str
    params: TemplateParams
    settings: Settings
    catalog: Catalog
    languages: Mapping[Account, Sequence[str]]
    senders: Mapping[Account, Sender]
    portal_url: str | None

    def account(self, sender_label: str) -> Account:
        """The account that is spoken to through this sender.

        Raises:
            SettingsError: There is none: the setting `senders` was changed while the run was under way.
        """
        for account, sender in self.senders.items():
            if sender.label == sender_label:
                return account
        raise SettingsError(f'The setting senders no longer has "{sender_label}"; trigger the DAG again.')

    def change_for(self, row: PlanRow) -> Change | None:
        """What this run's mode does about a row; None where that is nothing."""
        if self.params.mode == "upsert" and row.action is Action.CREATE:
            return Change.CREATE
        return Change.EDIT if self.params.mode == "edit" and row.editable else None

    def plan(self, connection: LogConnection, accounts: Iterable[Account] | None = None) -> list[PlanRow]:
        """Compare the catalog with what accounts had when they were last read.

        Args:
            connection: The message log.
            accounts: Only these; None for all that were asked for. One that could not be read is left out.
        """
        return [row for row in self.whole_plan(connection, accounts) if self._is_asked_for(row)]

    def whole_plan(self, connection: LogConnection, accounts: Iterable[Account] | None = None) -> list[PlanRow]:
        """Compare the whole catalog with what accounts had, whichever templates and languages were asked for."""
        wanted = list(self.senders if accounts is None else accounts)
        known = read_approvals(connection, [account.waba_id for account in wanted])
        there = {
            account: read_listing(connection, account.waba_id)
            for account in wanted
            if known.listed_at(account.waba_id) and not known.problem(account.waba_id)
        }
        return plan_submission(self.catalog, there, self.languages, portal_url=self.portal_url)

    def unreadable(self, connection: LogConnection) -> dict[Account, str]:
        """The accounts that could not be read, with the reason."""
        known = read_approvals(connection, [account.waba_id for account in self.senders])
        problems = {account: known.problem(account.waba_id) for account in self.senders}
        return {account: problem for account, problem in problems.items() if problem}

    def _is_asked_for(self, row: PlanRow) -> bool:
        names, languages = self.params.templates, self.params.languages
        name_fits = not names or any(fnmatch.fnmatchcase(row.name, pattern) for pattern in names)
        return name_fits and (not languages or row.language in languages)


def read_job(context: Mapping[str, Any]) -> Job:
    """Read what a run is about from its context, the settings, the connections and the environment.

    Raises:
        SettingsError, LanguagePolicyError, CatalogError: Something must be changed first; the message names it.
    """
    params = parse_template_params(context["params"])
    settings = load_settings()
    senders, catalog = load_senders(settings), installed_catalog()
    languages = language_policy(senders, os.environ.get(OVERRIDE))
    _check_params(params, senders, catalog, languages)
    return Job(
        dag_run_id=run_pass(context).dag_run_id,
        params=params,
        settings=settings,
        catalog=catalog,
        languages=languages,
        senders=_chosen(params, senders, languages),
        portal_url=_portal_url(),
    )


def _check_params(
    params: TemplateParams,
    senders: Sequence[Sender],
    catalog: Catalog,
    languages: Mapping[Account, Sequence[str]],
) -> None:
    """See that the params name what there is: a typing mistake must not end as a run that finds nothing to do."""
    asked_for = sorted({language for of_account in languages.values() for language in of_account})
    unknown = (
        *(("senders", one, [sender.label for sender in senders]) for one in params.senders if not _named(senders, one)),
        *(("templates", one, catalog.names) for one in params.templates if not fnmatch.filter(catalog.names, one)),
        *(("languages", one, asked_for) for one in params.languages if one not in asked_for),
    )
    for param, value, known in unknown:
        raise SettingsError(f'DAG run params: {param} has "{value}", but there is only {", ".join(known)}.')


def _named(senders: Sequence[Sender], label: str) -> list[Sender]:
    """The senders that a label means: the connection's (`in`) or the shop's (`IN`), in any case."""
    return [one for one in senders if label.casefold() in (one.label.casefold(), one.platform_label.casefold())]


def _chosen(
    params: TemplateParams, senders: Sequence[Sender], languages: Mapping[Account, Sequence[str]]
) -> dict[Account, Sender]:
    """The accounts of the chosen senders, each with the first sender on it."""
    chosen = {sender.waba_id for label in params.senders for sender in _named(senders, label)}
    first = {sender.waba_id: sender for sender in reversed(senders)}
    return {account: first[account.waba_id] for account in languages if not chosen or account.waba_id in chosen}


def _portal_url() -> str | None:
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        host = connection_of(PORTAL_CONN_ID).host
    except AirflowNotFoundException:
        return None
    return base_url(host) if host else None
