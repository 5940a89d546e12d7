"""The notifier that sends one template message when a task or a DAG run succeeds or fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseNotifier

from whatsapp_provider.sending import ARGUMENTS, send_what_it_says, tracking_id_of


class WhatsAppNotifier(BaseNotifier):
    """Tells somebody of a task or a DAG run: `on_failure_callback=send_whatsapp_notification(to=…, template=…)`.

    WhatsApp lets a business write first only with an approved template, so what is told stands in its parameters. For
    a deadline, `AsyncCallback(send_whatsapp_notification, kwargs={…})` is awaited in the triggerer, where Airflow gives
    the parameters no more than `dag_run` and `deadline`.

    Args:
        to: The recipient's number in E.164.
        template: The template's name.
        language: Meta's code of the language.
        parameters: The texts, by the names of the template's variables.
        picture: The https URL of the picture above the body.
        buttons: By a button's label, or its place from `0`: how its URL ends, or what a tap on it sends back.
        catalog: A folder of template files, whose names the parameters then have.
        whatsapp_conn_id: The connection, of the type `whatsapp`.
    """

    template_fields: Sequence[str] = ("whatsapp_conn_id", *ARGUMENTS)

    def __init__(
        self,
        *,
        to: str,
        template: str,
        language: str = "en",
        parameters: Mapping[str, Any] | None = None,
        picture: str | None = None,
        buttons: Mapping[str, Any] | None = None,
        catalog: str | None = None,
        whatsapp_conn_id: str = "whatsapp_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.to = to
        self.template = template
        self.language = language
        self.parameters = parameters
        self.picture = picture
        self.buttons = buttons
        self.catalog = catalog
        self.whatsapp_conn_id = whatsapp_conn_id

    def notify(self, context: Any) -> None:
        """Send the message; Airflow logs what is raised, and the task ends as it would have."""
        send_what_it_says(self, tracking_id_of(context, "notice"))

    async def async_notify(self, context: Any) -> None:
        """The same in the triggerer, in a thread, so that its other work goes on."""
        from asgiref.sync import sync_to_async

        await sync_to_async(self.notify, thread_sensitive=False)(context)


send_whatsapp_notification = WhatsAppNotifier
