"""One preview to a test phone: what would be sent to which, and the DAG run that does it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response

from partner_messages.config import dag_ids
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_settings
from partner_messages.deployment.triggering import is_paused, trigger
from partner_messages.message_log.database import LogConnection
from partner_messages.messages.tick import phone_mark
from partner_messages.ops.preview_by_hand import NOBODY, chosen_phone, what_is_tried
from partner_messages.pages import render
from partner_messages.pages.asked import NotAsked
from partner_messages.pages.names import names_of
from partner_messages.pages.rights import Actor, Reader, may_act, may_trigger_upkeep
from whatsapp_provider.masking import mask_phone

Text = Annotated[str, Form(max_length=2000)]


def router(log: Callable[[], AbstractContextManager[LogConnection]]) -> APIRouter:
    """The page's routes; `log` opens the message log as pages do."""
    routes = APIRouter()

    @routes.get("/preview")
    def preview_page(request: Request, person: Reader, of: Literal["run", "template"], id: str) -> Response:  # noqa: A002
        """What would be sent, from which number, and to which phones it can be."""
        settings = load_settings()
        with log() as connection:
            tried = what_is_tried(connection, settings, of, id, run_context.wall_clock())
        return render.page(
            request,
            person,
            "preview",
            of=of,
            id=id,
            tried=tried,
            phones=[(phone_mark(phone), mask_phone(phone)) for phone in settings.test_phones],
            names=names_of(settings.tables, [tried.partner_id] if tried.partner_id != NOBODY else [], []),
            form=uuid.uuid4(),
        )

    @routes.post("/preview", dependencies=[Depends(may_act), Depends(may_trigger_upkeep)])
    def send_preview(
        person: Actor,
        of: Annotated[Literal["run", "template"], Form()],
        id: Text,  # noqa: A002
        form: Annotated[uuid.UUID, Form()],
        phone: Text = "",
        why: Text = "",
    ) -> Response:
        """Have it sent by a DAG run, once for each time that the form was opened."""
        if not why.strip():
            raise NotAsked("Write why.")
        to = mask_phone(chosen_phone(phone, load_settings()))
        if is_paused(dag_ids.UPKEEP):
            raise NotAsked(f"The DAG {dag_ids.UPKEEP} is paused in Airflow, so nothing would be sent.")
        asked = {"preview_of": of, "preview_id": id, "preview_phone": phone}
        dag_run = f"preview__{form}"
        begun = trigger(
            dag_ids.UPKEEP, dag_run, {**asked, "preview_by": person.name, "preview_why": why.strip()}, who=person.name
        )
        done = f"Handed to Airflow: one message to {to}. It stands here as soon as it is queued; open the page again."
        return render.back_to(
            f"/messages?delivery=redirect&dag={dag_ids.UPKEEP}&dag_run={dag_run}",
            done if begun else "That was asked for already; nothing is sent a second time.",
        )

    return routes
