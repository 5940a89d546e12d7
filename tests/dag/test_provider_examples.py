"""Every example of the provider runs after its templates were submitted, against the local Graph API."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import whatsapp_provider
from sandbox.connections import connections
from support.programs import PROJECT
from whatsapp_provider.commands import own, run
from whatsapp_provider.example_dags import TEMPLATES

FOLDER = Path(whatsapp_provider.__file__).parent / "example_dags"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("example_*.py"))
README = (PROJECT / "plugins/whatsapp_provider/README.md").read_text(encoding="utf-8")
PHONE = "+919812345678"
NUMBER = "111000000000001"


@pytest.fixture
def account(monkeypatch, graph_api):
    """The connection `whatsapp_default`, and the examples' templates, submitted as the README says."""
    sample = connections(shop_url="", message_log_url="", graph_api_url=graph_api.url)["whatsapp_in"]
    extra = {key: sample["extra"][key] for key in ("phone_number_id", "waba_id", "app_id")}
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")  # So that it is put back.
    monkeypatch.setenv("AIRFLOW_CONN_WHATSAPP_DEFAULT", json.dumps({**sample, "conn_type": "whatsapp", "extra": extra}))
    run("airflow whatsapp", own(), ["templates", "submit", "--catalog", TEMPLATES, "--url", "https://shop.example"])
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")
    graph_api.open_window(NUMBER, PHONE)
    return graph_api


FAILED = "In the pipeline {} the task {} has failed, so please have a look at its log."
SHIPPED = "Hello Asha, your order {run_id} has left our house and is on its way to you."
CLOSED = "Our house is closed tomorrow. What you have ordered leaves on the day after."
SENT = {
    "example_whatsapp_hook": [FAILED.format("orders", "load"), "We are looking at it."],
    "example_whatsapp_notifier": [FAILED.format("example_whatsapp_notifier", "load_orders")],
    "example_whatsapp_send_template": [SHIPPED, CLOSED, CLOSED],
    "of_the_readme": [FAILED.format("orders", "load"), SHIPPED],
}
IN_A_DAG = """from airflow.sdk import DAG, task

with DAG("of_the_readme", schedule=None) as the_dag:
"""
AS_A_TASK = """    @task
    def by_hook():
"""


def test_every_example_is_run_here():
    assert sorted(SENT) == [*EXAMPLES, "of_the_readme"]


def _of_the_readme():
    """The README's blocks of Python as one DAG: an operator, and what a task does with the hook."""
    operator, hook = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    indented = re.compile(r"^(?=.)", re.MULTILINE)
    return IN_A_DAG + indented.sub(" " * 4, operator) + AS_A_TASK + indented.sub(" " * 8, hook) + "    by_hook()\n"


@pytest.fixture(scope="module")
def examples(dags, tmp_path_factory):
    """The example DAGs and the README's by id, as Airflow reads them from their files."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    of_readme = tmp_path_factory.mktemp("of_the_readme")
    (of_readme / "of_the_readme.py").write_text(_of_the_readme(), encoding="utf-8")
    (bundle,) = DagBundlesManager().get_all_dag_bundles()
    found = {}
    for folder in (FOLDER, of_readme):
        bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name=bundle.name)
        assert bag.import_errors == {}
        sync_bag_to_db(bag, bundle.name, bundle_version=None)
        found |= bag.dags
    return found


@pytest.mark.parametrize("name", SENT)
def test_the_example_sends_what_it_says(examples, account, name):
    run = examples[name].test()

    assert sorted(one["text"] for one in account.outbox()) == sorted(
        text.format(run_id=run.run_id) for text in SENT[name]
    )
    assert str(run.state) == ("failed" if name == "example_whatsapp_notifier" else "success")
