"""Sends an approved template to one number, and another to each of several."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from whatsapp_provider.example_dags import TEMPLATES
from whatsapp_provider.operators.whatsapp import WhatsAppSendTemplateOperator

with DAG(
    "example_whatsapp_send_template",
    schedule=None,
    catchup=False,
    params={"to": Param("+919812345678", type="string", description="A number in E.164")},
    tags=["example", "whatsapp"],
    doc_md=__doc__,
) as the_dag:
    WhatsAppSendTemplateOperator(
        task_id="tell_one",
        to="{{ params.to }}",
        template="order_shipped",
        parameters={"name": "Asha", "order": "{{ run_id }}"},
        picture="https://shop.example/a17.png",
        buttons={"Track": "A-17", "Help": "help:A-17"},
        catalog=TEMPLATES,
    )

    WhatsAppSendTemplateOperator.partial(task_id="tell_each", template="closed_tomorrow").expand(
        to=["+919812345678", "+61412345678"]
    )
