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

    With a `dedup_key` (which needs the message log of partner-messages) nothing is sent a second time under the same
    key: not by a retry, a clear, another task or another DAG. The task then succeeds with the first message's tracking
    id; it fails where that message may have arrived without our knowing, or went to another number.

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
        dedup_key: What tells this message from every other one, such as `order-17-shipped`.
        whatsapp_conn_id: The connection, of the type `whatsapp`.

    Returns:
        The tracking id. Meta's own id of the message is no XCom: the recipient's number can be read from it.
    """

    template_fields: Sequence[str] = ("whatsapp_conn_id", *ARGUMENTS, "tracking_id", "dedup_key")
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
        dedup_key: str | None = None,
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
        self.dedup_key = dedup_key
        self.whatsapp_conn_id = whatsapp_conn_id

    def execute(self, context: Any) -> str:
        """Send the message."""
        from whatsapp_provider.connections import read_each_once
        from whatsapp_provider.dedup_key import once_by

        tracking_id = self.tracking_id or tracking_id_of(context)
        with airflow_endings(), read_each_once():
            once = None if self.dedup_key is None else once_by(self.dedup_key, self.to, tracking_id, context)
            return send_what_it_says(self, tracking_id, once)
