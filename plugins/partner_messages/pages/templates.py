"""How each template stands on each account, how it looks on a phone, and having it submitted."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import FileResponse

from partner_messages.config import dag_ids
from partner_messages.config.settings import SettingsError
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_senders, load_settings, readable_settings
from partner_messages.deployment.triggering import is_paused, trigger
from partner_messages.message_log.acts import SUBMIT_TEMPLATES, note_once
from partner_messages.message_log.database import LogConnection, rows
from partner_messages.pages import render
from partner_messages.pages.asked import NotAsked
from partner_messages.pages.rights import Actor, Reader, may_act, may_trigger_templates
from partner_messages.templates.approvals.gate import QUALITY_WARNINGS
from partner_messages.templates.catalog.installed import installed_catalog
from whatsapp_provider.templates.picture_formats import mime_type

Text = Annotated[str, Form(max_length=2000)]


def router(log: Callable[[], AbstractContextManager[LogConnection]]) -> APIRouter:
    """The page's routes; `log` opens the message log as pages do."""
    routes = APIRouter()

    @routes.get("/templates")
    def templates_page(request: Request, person: Reader) -> Response:
        """How each template stands."""
        with log() as connection:
            return render.page(request, person, "templates", **templates(connection), wrong=readable_settings()[1])

    @routes.get("/templates/{name}/picture")
    def picture(name: str) -> Response:
        """The example picture of a template."""
        template = installed_catalog().get(name)
        if template is None or template.picture is None:
            raise NotAsked(f"The catalog has no picture of a template {name[:80]}.")
        return FileResponse(template.picture, media_type=mime_type(template.picture.read_bytes()))

    @routes.post("/templates", dependencies=[Depends(may_act), Depends(may_trigger_templates)])
    def submit(
        person: Actor,
        do: Annotated[Literal["upsert", "dry-run"], Form()],
        form: Annotated[uuid.UUID, Form()],
        why: Text = "",
    ) -> Response:
        """Have what is missing submitted on every account, or all of them read anew, by a DAG run."""
        if not (said := " ".join(why.split())):
            raise NotAsked("Write why.")
        if is_paused(dag_ids.TEMPLATES):
            raise NotAsked(f"The DAG {dag_ids.TEMPLATES} is paused in Airflow, so nothing would be done.")
        dag_run = f"by_hand__{form}"
        with log() as connection:
            now = run_context.wall_clock()
            note_once(connection, SUBMIT_TEMPLATES, dag_run, {"mode": do}, who=person.name, why=said, now=now)
        begun = trigger(dag_ids.TEMPLATES, dag_run, {"mode": do}, who=person.name)
        done = "Handed to Airflow; this page shows what Meta says once the DAG run has ended."
        return render.back_to("/templates", done if begun else "That was asked for already.")

    return routes


def templates(connection: LogConnection) -> dict[str, Any]:
    """What the page shows."""
    senders: dict[str, list[str]] = {}
    with contextlib.suppress(SettingsError):  # The page is shown without them, too.
        for sender in load_senders(load_settings()):
            senders.setdefault(sender.waba_id, []).append(sender.label)
    found = rows(connection, "templates_page")
    return {
        "senders": senders,
        "templates": found,
        "looks": {(row["name"], row["language"]): look(row["name"], row["language"]) for row in found},
        "accounts": {row["waba_id"]: row for row in rows(connection, "accounts_read")},
        "quality_warnings": QUALITY_WARNINGS,
        "form": uuid.uuid4(),
    }


def look(name: str, language: str) -> dict[str, Any] | None:
    """How the catalog's template looks on a phone, with its examples; None where the catalog has none."""
    template = installed_catalog().get(name)
    translation = template.translations.get(language) if template else None
    if template is None or translation is None:
        return None
    return {
        "picture": template.picture is not None,
        "header": translation.header,
        "body": template.text(language, translation.examples),
        "footer": translation.footer,
        "buttons": translation.buttons,
    }
