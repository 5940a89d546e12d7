"""What the commands do."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whatsapp_provider.ends import RepairNeeded, SettingsError, TryLater

if TYPE_CHECKING:
    from whatsapp_provider.api.management import TemplateApi
    from whatsapp_provider.api.senders import Sender
    from whatsapp_provider.templates.catalog import Catalog
    from whatsapp_provider.templates.submit_plan import PlanRow


def command(work: Callable[[Namespace], None]) -> Callable[[Namespace], None]:
    """Let a command end with a sentence and exit code 1 where it cannot do its work.

    It also lets it see the connections that are stored in Airflow's database, as the API server does.
    """

    @functools.wraps(work)
    def run(arguments: Namespace) -> None:
        os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            with _one_line_each():
                work(arguments)
        except (RepairNeeded, TryLater, AirflowNotFoundException) as error:
            sys.exit(f"{error}")

    return run


@contextlib.contextmanager
def _one_line_each() -> Iterator[None]:
    """Leave out the tracebacks of what Airflow logs and goes on from: what to change is said in a sentence."""
    import structlog

    def of_structlog(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.pop("exc_info", None)
        return event

    def of_logging(record: logging.LogRecord) -> bool:
        record.exc_info = None
        return True

    # The list itself is changed: loggers that were used before have it.
    processors, handlers = structlog.get_config()["processors"], list(logging.getLogger().handlers)
    processors.insert(0, of_structlog)
    for handler in handlers:
        handler.addFilter(of_logging)
    try:
        yield
    finally:
        processors.remove(of_structlog)
        for handler in handlers:
            handler.removeFilter(of_logging)


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


@contextlib.contextmanager
def _account(arguments: Namespace) -> Iterator[tuple[TemplateApi, Sender]]:
    from whatsapp_provider.api.management import TemplateApi
    from whatsapp_provider.hooks.whatsapp import WhatsAppHook

    with contextlib.closing(WhatsAppHook(arguments.conn_id)) as hook:
        yield TemplateApi(hook), hook.sender


@command
def check(arguments: Namespace) -> None:
    """Ask Meta for the number."""
    with _account(arguments) as (api, _):
        say(api.number().in_words())


@command
def send(arguments: Namespace) -> None:
    """Send one message."""
    import uuid

    from whatsapp_provider.sending import send_template

    tracking_id = str(uuid.uuid4())
    send_template(
        arguments.conn_id,
        to=arguments.to,
        template=arguments.template,
        language=arguments.language,
        parameters=_pairs("--parameter", arguments.parameter),
        picture=arguments.picture,
        buttons=_pairs("--button", arguments.button),
        catalog=arguments.catalog,
        tracking_id=tracking_id,
    )
    say(f"Meta has taken the message; its statuses will name {tracking_id}.")


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for one in given:
        name, found, value = one.partition("=")
        if not found:
            raise SettingsError(f"{option} {one}: write it as NAME=VALUE.")
        pairs[name] = value
    return pairs


@command
def status(arguments: Namespace) -> None:
    """List the account's templates."""
    from whatsapp_provider.templates.remote import FIELDS, remote_template

    with _account(arguments) as (api, _):
        found = sorted(map(remote_template, api.list_templates(FIELDS)), key=lambda one: (one.name, one.language))
    lines = [("template", "language", "status", "category", "quality", "reason")]
    lines += [(one.name, one.language, one.status, one.category, one.quality, one.reason) for one in found]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


@command
def plan(arguments: Namespace) -> None:
    """Compare template files with what the account has."""
    from whatsapp_provider.templates.submit_plan import plan_table

    with _account(arguments) as (api, sender):
        say(plan_table(_rows(arguments, _catalog(arguments), api, sender)))


@command
def submit(arguments: Namespace) -> None:
    """Create what the account lacks, and change what differs where that is wanted."""
    from whatsapp_provider.api.management_errors import Kind, ManagementError
    from whatsapp_provider.templates.definition import TemplateError
    from whatsapp_provider.templates.submit_plan import Action, plan_table

    catalog = _catalog(arguments)
    with _account(arguments) as (api, sender):
        refused = []
        for row in _rows(arguments, catalog, api, sender):
            create = row.action is Action.CREATE
            if not create and not (arguments.edit and row.editable):
                continue
            done = "created" if create else "changed"
            try:
                _submit(row, catalog, api, arguments.url)
            except (ManagementError, TemplateError) as error:
                refused.append(f"{row.name} ({row.language}) was not {done}: {error}")
                say(refused[-1])
                if isinstance(error, ManagementError) and error.kind in (Kind.ACCOUNT, Kind.LATER):
                    break
            else:
                say(f"{row.name} ({row.language}) was {done}.")
        say(plan_table(_rows(arguments, catalog, api, sender)))
    if refused:
        raise RepairNeeded(f"{len(refused)} were refused, see above; what was done is not done twice.")


def _submit(row: PlanRow, catalog: Catalog, api: TemplateApi, url: str | None) -> None:
    from whatsapp_provider.templates.picture_formats import mime_type
    from whatsapp_provider.templates.submit_plan import Action, edit_request

    template = catalog.get(row.name)
    if template is None:
        raise SettingsError(f"There is no template {row.name} in the catalog.")
    handle = None
    if template.picture and (row.action is Action.CREATE or row.submits_components):
        picture = template.picture.read_bytes()
        handle = api.upload_example(picture, mime_type(picture) or "")
    if row.action is Action.CREATE:
        api.create(template.create_request(row.language, portal_url=url, header_handle=handle))
    else:
        api.edit(row.id, edit_request(row, template, portal_url=url, header_handle=handle))


def _catalog(arguments: Namespace) -> Catalog:
    from whatsapp_provider.templates.catalog import load_catalog

    if not arguments.catalog:
        raise SettingsError("--catalog is missing: name the folder with the template files.")
    return load_catalog(Path(arguments.catalog))


def _rows(arguments: Namespace, catalog: Catalog, api: TemplateApi, sender: Sender) -> list[PlanRow]:
    """The plan for the connection's account; templates that only the account has are left out."""
    from whatsapp_provider.templates.language_policy import Account
    from whatsapp_provider.templates.remote import FIELDS, remote_template
    from whatsapp_provider.templates.submit_plan import Action, plan_submission

    account = Account(sender.label, sender.waba_id)
    asked = tuple(one.strip() for one in (arguments.languages or "").split(",") if one.strip()) or sender.languages
    known = {language for template in catalog for language in template.languages}
    if strange := [language for language in asked if language not in known] if arguments.languages else []:
        raise SettingsError(f"--languages has {', '.join(strange)}; the catalog has {', '.join(sorted(known))}.")
    remote = [remote_template(one) for one in api.list_templates(FIELDS)]
    languages = {account: tuple(language for language in asked if language in known)}
    rows = plan_submission(catalog, {account: remote}, languages, portal_url=arguments.url)
    pattern = arguments.templates or "*"
    if not fnmatch.filter(catalog.names, pattern):
        has = ", ".join(catalog.names)
        raise SettingsError(f"--templates {pattern}: no template of the catalog has such a name; it has {has}.")
    return [row for row in rows if row.action is not Action.UNKNOWN_THERE and fnmatch.fnmatchcase(row.name, pattern)]
