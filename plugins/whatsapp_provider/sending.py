"""Sends one template message for a task or a notice; what both share."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ARGUMENTS = ("to", "template", "language", "parameters", "picture", "buttons", "catalog")
"""What an operator and a notifier say of a message: their attributes of these names."""
_NAMESPACE = uuid.UUID("0f4c3c0e-7d0c-4d53-9d8a-2f7f1b6a5e10")


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
) -> None:
    """Send one message; the arguments are those of `WhatsAppSendTemplateOperator`.

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
    with contextlib.closing(WhatsAppHook(whatsapp_conn_id)) as hook:
        hook.send_template(message)


def send_what_it_says(it: Any, tracking_id: str) -> None:
    """Send the message that an operator or a notifier describes, over its connection."""
    send_template(it.whatsapp_conn_id, tracking_id=tracking_id, **{name: getattr(it, name) for name in ARGUMENTS})


def _template_of(catalog: str, name: str) -> Any:
    from whatsapp_provider.ends import SettingsError
    from whatsapp_provider.templates.catalog import load_catalog

    templates = load_catalog(Path(catalog))
    found = templates.get(name)
    if found is None:
        raise SettingsError(f"There is no template {name} in {catalog}, only {', '.join(templates.names)}.")
    return found


def tracking_id_of(context: Mapping[str, Any], what: str = "") -> str:
    """An id that is the same at each try of a task of a DAG run, and that says nothing of a person."""
    ti = context.get("ti")
    dag_run = context.get("dag_run")
    named = (
        getattr(dag_run, "dag_id", ""),
        getattr(dag_run, "run_id", ""),
        getattr(ti, "task_id", ""),
        getattr(ti, "map_index", -1),
        what,
    )
    return str(uuid.uuid5(_NAMESPACE, "\n".join(map(str, named))))


@contextlib.contextmanager
def airflow_endings() -> Iterator[None]:
    """What somebody must repair fails without a retry, what may pass is retried."""
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    from whatsapp_provider.ends import RepairNeeded, TryLater

    try:
        yield
    except RepairNeeded as error:
        raise AirflowFailException(str(error)) from None
    except TryLater as error:
        raise AirflowException(str(error)) from error
