"""The operator that sends one template message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow.sdk import BaseOperator

from whatsapp_provider.sending import ARGUMENTS, airflow_endings, send_what_it_says, tracking_id_of


class WhatsAppSendTemplateOperator(BaseOperator):
    """Sends one message that uses an approved template.

    It asks Meta for the template first: that it is approved, and has the parameters, the picture and the buttons that
    are given here. A message that Meta has certainly not taken is sent again by the task's retries. One of which that
    is not known fails the task without a retry, because the recipient may have it.

    Args:
        to: The recipient's number in E.164, such as `+919812345678`.
        template: The template's name.
        language: Meta's code of the language.
        parameters: The texts, by the names of the template's variables; those of a numbered template are called `1`,
            `2`, …, and `header` above the body.
        picture: The https URL of the picture above the body.
        buttons: By a button's label, or its place from `0`: how its URL ends, or what a tap on it sends back.
        catalog: A folder of template files, whose names the parameters then have.
        tracking_id: What Meta gives back with every status of the message; by default it is made of the DAG run and the
            task.
        whatsapp_conn_id: The connection, of the type `whatsapp`.

    Returns:
        The tracking id. Meta's own id of the message is no XCom: the recipient's number can be read from it.
    """

    template_fields: Sequence[str] = ("whatsapp_conn_id", *ARGUMENTS, "tracking_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"parameters": "json", "buttons": "json"}
    ui_color = "#dcf8c6"

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
        tracking_id: str | None = None,
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
        self.tracking_id = tracking_id
        self.whatsapp_conn_id = whatsapp_conn_id

    def execute(self, context: Any) -> str:
        """Send the message."""
        tracking_id = self.tracking_id or tracking_id_of(context)
        with airflow_endings():
            send_what_it_says(self, tracking_id)
        return tracking_id
