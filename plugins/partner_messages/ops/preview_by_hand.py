"""Sends one preview to a test phone: a message of the day's tick, or a template with its example values."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from partner_messages.config.schedule import day_of
from partner_messages.config.settings import Settings
from partner_messages.deployment import run_context
from partner_messages.deployment.live_settings import load_sender, load_settings
from partner_messages.deployment.params import PreviewParams
from partner_messages.message_log import acts, before
from partner_messages.message_log.database import LogConnection, open_message_log
from partner_messages.message_log.preferences import preferences
from partner_messages.message_log.queueing import write_drafts
from partner_messages.message_log.ticks import start_tick
from partner_messages.messages.statuses import MessageStatus
from partner_messages.messages.tick import RunRefused, Tick, TickSkipped, phone_mark
from partner_messages.messages.values import Draft
from partner_messages.ops.log_checks import may_be_sent_from
from partner_messages.planning.preview import preview
from partner_messages.sending.batch import BatchSender, Hindrance
from partner_messages.sending.template_operator import raise_for
from partner_messages.templates.approvals.approvals import read_approvals
from partner_messages.templates.approvals.gate import why_not_sendable
from partner_messages.templates.catalog.installed import installed_catalog
from whatsapp_provider.masking import mask, mask_phone

log = logging.getLogger(__name__)

_OF_MESSAGE = (
    *("message_kind", "reminder_kind", "production_run_id", "partner_id", "sender", "language", "template_name"),
    *("variables", "body_text", "image_url"),
)
NOBODY = "preview"
"""What stands for a partner where a template is tried with its examples."""


def what_is_tried(connection: LogConnection, settings: Settings, of: str, id_: str, wall: dt.datetime) -> Draft:
    """The message that is to be tried, without a recipient.

    Args:
        connection: The message log.
        settings: The settings.
        of: `run`: what the day's tick has to say of a run; `template`: a template with its examples.
        id_: The run's id; or the template, its language and the sender, as `name/language/sender`.
        wall: The wall clock.

    Raises:
        RunRefused: There is no such message, or it cannot be sent.
    """
    return _of_run(connection, settings, id_, wall) if of == "run" else _of_template(connection, settings, id_)


def _of_run(connection: LogConnection, settings: Settings, run: str, wall: dt.datetime) -> Draft:
    day = day_of(wall)
    tick = before.scheduled_tick(connection, day)
    if tick:
        found = before.waiting_messages(connection, tick["dag_run_id"], tick["id"])
    else:
        found = [asdict(one) for one in preview(connection, settings, day, wall).messages]
    for one in found:
        if run in one["production_run_ids"]:
            return _as_preview({name: one[name] for name in _OF_MESSAGE})
    raise RunRefused(f"The tick of {day} has nothing to send of run {run}, so there is nothing to try.")


def _of_template(connection: LogConnection, settings: Settings, id_: str) -> Draft:
    name, language, label = (*id_.split("/"), "", "")[:3]
    template = installed_catalog().get(name)
    if template is None or language not in template.languages or label not in settings.senders:
        raise RunRefused(f"There is no template {name} in {language} of sender {label}; see the page Templates.")
    sender = load_sender(label)
    approval = read_approvals(connection, [sender.waba_id]).of(sender.waba_id, name).get(language)
    if why := why_not_sendable(template, language, approval, settings.allow_marketing):
        raise RunRefused(f"Template {name} in {language} of sender {label} cannot be sent: {why}.")
    if template.picture:
        raise RunRefused(f"Template {name} shows a design's picture: try a message of the tick (page Before the tick).")
    examples = template.translations[language].examples
    return _as_preview(
        {
            "message_kind": "reminder",
            "partner_id": NOBODY,
            "sender": label,
            "language": language,
            "template_name": name,
            "variables": {"run_id": "example", **examples},
            "body_text": template.text(language, examples),
        }
    )


def _as_preview(columns: Mapping[str, Any]) -> Draft:
    """A row that nothing counts: it takes no slot of a run, and is redirected, which has a history of its own."""
    # (A digest would be one that a redirect of the day looks for.)
    as_one = {**columns, "message_kind": "reminder"}
    return Draft("partner", f"{columns['partner_id']}:preview", production_run_ids=(), **as_one)


def chosen_phone(asked: str, settings: Settings) -> str:
    """The phone of setting `test_phones` that is asked for, by its number or by its mark (`phone_mark`).

    Raises:
        RunRefused: It is none of them.
    """
    for phone in settings.test_phones:
        if asked in (phone, phone_mark(phone)):
            return phone
    raise RunRefused(f"Phone {mask_phone(asked)} is none of setting test_phones, so nothing is sent to it.")


def send_preview(of_run: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, int]:
    """Send the preview that the params ask for, once a DAG run; return how many messages are in which status.

    Raises:
        TickSkipped: None was asked for, or this DAG run has sent it.
        RunRefused: The phone is none that is tried on, or has opted out; or there is no such message.
    """
    params = PreviewParams.of(of_run)
    if params is None:
        raise TickSkipped("No preview is to be sent.")
    settings, wall = load_settings(), run_context.wall_clock()
    phone = chosen_phone(params.preview_phone, settings)
    run = replace(run_context.run_pass(context), now=wall)
    tick = Tick.of(run, delivery="redirect", asked="redirect", day=day_of(wall), redirect_to=phone)
    with open_message_log() as connection:
        if preferences(connection, [phone]).has_stopped(phone):
            raise RunRefused(f"Test phone {mask_phone(phone)} has opted out (STOP); only a later START lifts that.")
        tick = may_be_sent_from(connection, replace(tick, by_hand=True))
        tried = what_is_tried(connection, settings, params.preview_of, params.preview_id, wall)
        # A later try of this DAG run finds its message again.
        id_ = uuid.uuid5(uuid.NAMESPACE_OID, run.dag_run_id)
        draft = replace(tried, id=id_, context_id=f"{tried.context_id}:{run.dag_run_id}", to_phone=phone)
        with connection.transaction():
            first = acts.note_once(
                connection,
                acts.SEND_PREVIEW,
                run.dag_run_id,
                {"message": str(draft.id), "of": params.preview_of, "id": params.preview_id},
                who=params.preview_by,
                why=params.preview_why,
                now=wall,
            )
            if not first and (acts.status_of(connection, id_) or {}).get("status") != MessageStatus.QUEUED:
                raise TickSkipped("This DAG run has sent its preview; for another one, trigger the DAG anew.")
            start_tick(connection, tick)
            write_drafts(connection, tick, [draft])
        sender = BatchSender(
            connection=connection,
            tick=tick,
            run=run,
            ids=[draft.id],
            sender_label=draft.sender or "",
            params={},
            no_longer_due=_always_due,
            catalog=installed_catalog(),
            clock=run_context.wall_clock,
        )
        log.info("A preview to %s, asked for by %s.", mask_phone(phone), mask(params.preview_by))
        sender.send()
        outcome = sender.outcome()
        raise_for(outcome)
        return dict(outcome.counts)


def _always_due(*_: Any) -> dict[uuid.UUID, Hindrance]:
    """Nothing of a preview's run matters: it is a trial of its words."""
    return {}
