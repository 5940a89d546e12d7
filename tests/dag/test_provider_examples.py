"""Every example DAG of the provider runs, against the local Graph API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import whatsapp_provider
from sandbox.connections import connections
from support.picture_files import png
from whatsapp_provider.api.management import TemplateApi
from whatsapp_provider.hooks.whatsapp import WhatsAppHook

FOLDER = Path(whatsapp_provider.__file__).parent / "example_dags"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("example_*.py"))
PHONE = "+919812345678"
NUMBER = "111000000000001"


def body(text, **examples):
    named = [{"param_name": name, "example": one} for name, one in examples.items()]
    return {"type": "BODY", "text": text, **({"example": {"body_text_named_params": named}} if named else {})}


@pytest.fixture
def account(monkeypatch, graph_api):
    """The connection `whatsapp_default`, and what the examples send as approved templates."""
    sample = connections(shop_url="", message_log_url="", graph_api_url=graph_api.url)["whatsapp_in"]
    monkeypatch.setenv("AIRFLOW_CONN_WHATSAPP_DEFAULT", json.dumps({**sample, "conn_type": "whatsapp"}))
    api = TemplateApi(WhatsAppHook())
    track = {
        "type": "URL",
        "text": "Track",
        "url": "https://shop.example/t/{{1}}",
        "example": ["https://shop.example/t/1"],
    }
    for name, language, components in (
        ("hello_world", "en_US", [body("Hello, and welcome to this.")]),
        (
            "task_failed",
            "en",
            [
                body(
                    "In the pipeline {{dag}} the task {{task}} has failed, so please have a look at its log.",
                    dag="orders",
                    task="load",
                )
            ],
        ),
        (
            "order_shipped",
            "en",
            [
                {
                    "type": "HEADER",
                    "format": "IMAGE",
                    "example": {"header_handle": [api.upload_example(png(), "image/png")]},
                },
                body(
                    "Hello {{name}}, your order {{order}} has left our house and is on its way to you.",
                    name="Asha",
                    order="A-17",
                ),
                {"type": "BUTTONS", "buttons": [track, {"type": "QUICK_REPLY", "text": "Help"}]},
            ],
        ),
    ):
        asked = {"name": name, "language": language, "category": "UTILITY", "components": components}
        api.create({**asked, "parameter_format": "NAMED"} if "named" in json.dumps(components) else asked)
    graph_api.open_window(NUMBER, PHONE)
    return graph_api


SENT = {
    "example_whatsapp_hook": ["We are looking at it."],
    "example_whatsapp_notifier": [
        "In the pipeline example_whatsapp_notifier the task load_orders has failed, so please have a look at its log."
    ],
    "example_whatsapp_send_template": [
        "Hello Asha, your order {run_id} has left our house and is on its way to you.",
        "Hello, and welcome to this.",
        "Hello, and welcome to this.",
    ],
}


def test_every_example_is_run_here():
    assert sorted(SENT) == EXAMPLES


@pytest.fixture(scope="module")
def examples(dags):
    """The example DAGs by id, as Airflow reads them from their files."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    (bundle,) = DagBundlesManager().get_all_dag_bundles()
    bag = BundleDagBag(dag_folder=FOLDER, bundle_path=FOLDER, bundle_name=bundle.name)
    assert bag.import_errors == {}
    sync_bag_to_db(bag, bundle.name, bundle_version=None)
    return bag.dags


@pytest.mark.parametrize("name", SENT)
def test_the_example_sends_what_it_says(examples, account, name):
    run = examples[name].test()

    assert sorted(one["text"] for one in account.outbox()) == sorted(
        text.format(run_id=run.run_id) for text in SENT[name]
    )
    assert str(run.state) == ("failed" if name == "example_whatsapp_notifier" else "success")
