"""Sends one template message for a task or a notice; what both share."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from whatsapp_provider.ends import RepairNeeded, SettingsError, TryLater
from whatsapp_provider.needed_airflow import check_airflow

if TYPE_CHECKING:
    from whatsapp_provider.api.answers import Answer

check_airflow()

ARGUMENTS = ("to", "template", "language", "parameters", "picture", "buttons", "catalog")
"""What an operator and a notifier say of a message: their attributes of these names."""
_NAMESPACE = uuid.UUID("0f4c3c0e-7d0c-4d53-9d8a-2f7f1b6a5e10")


class Once(Protocol):
    """Lets one message leave at most once; what it keeps is not kept here (`dedup_key`)."""

    def sent_before(self) -> str | None:
        """The tracking id with which it was sent before; None where it was not. Raises where it may not be sent."""

    def let_go(self) -> None:
        """Called right before the request leaves; raises where another task was quicker."""

    def settle(self, answer: Answer) -> None:
        """Called with Meta's answer, whichever it is."""


def send_template(
    whatsapp_conn_id: str,
    *,
    to: str,
    template: str,
    language: str,
    parameters: Mapping[str, Any] | None,
    picture: str | None,
    buttons: Mapping[str, Any] | None,
    catalog: str | None,
    tracking_id: str,
    once: Once | None = None,
) -> str:
    """Send one message; the arguments are those of `WhatsAppSendTemplateOperator`.

    Returns:
        The message's tracking id; of the first one where it was sent before.

    Raises:
        RepairNeeded: Somebody must change something first, or it is not known whether the message has left.
        TryLater: It has certainly not left, and may later.
    """
    from whatsapp_provider.hooks.whatsapp import WhatsAppHook
    from whatsapp_provider.templates.message import TemplateMessage

    message = TemplateMessage(
        to=str(to).strip(),
        template=template,
        language=language,
        parameters={str(name): str(value) for name, value in (parameters or {}).items()},
        picture=picture or None,
        buttons={str(name): str(value) for name, value in (buttons or {}).items()},
        tracking_id=tracking_id,
        of_catalog=_template_of(catalog, template) if catalog else None,
    )
    if once and (sent := once.sent_before()):
        return sent
    with contextlib.closing(WhatsAppHook(whatsapp_conn_id)) as hook:
        hook.send_template(message, once)
    return tracking_id


def send_what_it_says(it: Any, tracking_id: str, once: Once | None = None) -> str:
    """Send the message that an operator or a notifier describes, over its connection; return its tracking id."""
    said = {name: getattr(it, name) for name in ARGUMENTS}
    return send_template(it.whatsapp_conn_id, tracking_id=tracking_id, once=once, **said)


def _template_of(catalog: str, name: str) -> Any:
    from whatsapp_provider.templates.catalog import load_catalog

    templates = load_catalog(Path(catalog))
    found = templates.get(name)
    if found is None:
        raise SettingsError(f"There is no template {name} in {catalog}, only {', '.join(templates.names)}.")
    return found


def tracking_id_of(context: Mapping[str, Any], what: str = "") -> str:
    """An id that is the same at each try of a task of a DAG run, and that says nothing of a person."""
    deadline = context.get("deadline") or {}
    return str(uuid.uuid5(_NAMESPACE, "\n".join((*who_sends(context), what, *map(str, deadline.values())))))


def who_sends(context: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """The DAG, its run, the task and its place among mapped ones; the triggerer has the run as a dict, and no task."""
    ti, dag_run = context.get("ti"), context.get("dag_run")
    run = dag_run if isinstance(dag_run, Mapping) else {key: getattr(dag_run, key, "") for key in ("dag_id", "run_id")}
    of_task = getattr(ti, "task_id", ""), getattr(ti, "map_index", -1)
    return str(run["dag_id"]), str(run["run_id"]), str(of_task[0]), str(of_task[1])


@contextlib.contextmanager
def airflow_endings() -> Iterator[None]:
    """What somebody must repair fails without a retry, what may pass is retried."""
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException

    try:
        yield
    except (RepairNeeded, AirflowNotFoundException) as error:
        raise AirflowFailException(str(error)) from None
    except TryLater as error:
        raise AirflowException(str(error)) from error
