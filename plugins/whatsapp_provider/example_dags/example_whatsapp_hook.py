"""Asks Meta about the business number, and sends a template and a message of another kind by the hook."""

from __future__ import annotations

from airflow.sdk import dag, task


@dag(schedule=None, catchup=False, tags=["example", "whatsapp"], doc_md=__doc__)
def example_whatsapp_hook() -> None:
    """Look first, then send a template, then answer somebody who has written within the last 24 hours."""

    @task
    def check_number() -> str:
        from whatsapp_provider.hooks.whatsapp import WhatsAppHook

        worked, said = WhatsAppHook("whatsapp_default").test_connection()
        if not worked:
            raise ValueError(said)
        return said

    @task
    def tell(to: str) -> None:
        from contextlib import closing
        from pathlib import Path

        from whatsapp_provider.example_dags import TEMPLATES
        from whatsapp_provider.hooks.whatsapp import WhatsAppHook
        from whatsapp_provider.templates.catalog import load_catalog
        from whatsapp_provider.templates.message import TemplateMessage

        message = TemplateMessage(
            to=to,
            template="task_failed",
            parameters={"dag": "orders", "task": "load"},
            of_catalog=load_catalog(Path(TEMPLATES)).get("task_failed"),
        )
        with closing(WhatsAppHook("whatsapp_default")) as hook:
            hook.send_template(message)

    @task
    def answer(to: str) -> None:
        from contextlib import closing

        from whatsapp_provider.api.outcomes import accepted
        from whatsapp_provider.hooks.whatsapp import WhatsAppHook

        text = {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "We are looking at it."}}
        with closing(WhatsAppHook("whatsapp_default")) as hook:
            accepted(hook.whatsapp_conn_id, hook.send_message(text))

    check_number() >> tell("+919812345678") >> answer("+919812345678")


the_dag = example_whatsapp_hook()
