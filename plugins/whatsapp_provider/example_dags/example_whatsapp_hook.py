"""Asks Meta about the business number before anything is sent, and sends a message of another kind by the hook."""

from __future__ import annotations

from airflow.sdk import dag, task


@dag(schedule=None, catchup=False, tags=["example", "whatsapp"], doc_md=__doc__)
def example_whatsapp_hook() -> None:
    """Look first, then answer somebody who has written within the last 24 hours."""

    @task
    def check_number() -> str:
        from whatsapp_provider.hooks.whatsapp import WhatsAppHook

        worked, said = WhatsAppHook("whatsapp_default").test_connection()
        if not worked:
            raise ValueError(said)
        return said

    @task
    def answer(to: str) -> None:
        from whatsapp_provider.api.outcomes import accepted
        from whatsapp_provider.hooks.whatsapp import WhatsAppHook

        hook = WhatsAppHook("whatsapp_default")
        text = {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "We are looking at it."}}
        accepted(hook.whatsapp_conn_id, hook.send_message(text))
        hook.close()

    check_number() >> answer("+919812345678")


the_dag = example_whatsapp_hook()
