"""docker-compose.yaml, Dockerfile and .env.example fit each other and the code; no engine is asked."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml
from airflow.cli.cli_parser import get_parser
from airflow.configuration import conf
from airflow.providers_manager import ProvidersManager

from partner_messages.config.settings import Settings
from partner_messages.deployment import first_start
from partner_messages.deployment.first_start import connections_of
from partner_messages.deployment.receiving import load_receiving
from sandbox.connections import connections

HAS_CELERY = importlib.util.find_spec("airflow.providers.celery") is not None
IMAGE = "partner-messages-airflow"
PROJECT = Path(__file__).resolve().parents[3]
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (PROJECT / "Dockerfile").read_text()


def strings(value):
    """Every string in a YAML value."""
    if isinstance(value, dict):
        value = list(value.values())
    return [text for item in value for text in strings(item)] if isinstance(value, list) else [str(value)]


def example():
    """The variables of .env.example."""
    lines = (PROJECT / ".env.example").read_text().splitlines()
    pairs = [line.partition("=")[::2] for line in lines if line and not line.startswith("#")]
    return {name: value.strip("'") for name, value in pairs}


def waited_for(condition):
    return {
        name
        for service in SERVICES.values()
        for name, wanted in service.get("depends_on", {}).items()
        if wanted["condition"] == condition
    }


def test_every_variable_is_in_the_example_and_every_secret_has_no_default():
    used = [match for text in strings(COMPOSE) for match in re.findall(r"(?<!\$)\$\{(\w+)(:\?|:-)?", text)]

    assert used
    assert {name for name, _ in used} <= example().keys()
    assert {name for name, kind in used if kind == ":?"} == {
        name for name, value in example().items() if value == "" and name != "FLOWER_BASIC_AUTH"
    }
    assert {kind for _, kind in used} == {":?", ":-"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_watched_or_ends_by_itself(name):
    service = SERVICES[name]

    if service["restart"] == "no":
        assert service["profiles"] == ["debug"], "a person starts it for one command"
        return
    ends = service["restart"] == "on-failure"
    assert ends != ("healthcheck" in service)
    assert ends or service["restart"] == "unless-stopped"


def test_what_is_waited_for_can_come_about():
    assert waited_for("service_healthy") <= {name for name in SERVICES if "healthcheck" in SERVICES[name]}
    assert waited_for("service_completed_successfully") <= {
        name for name in SERVICES if SERVICES[name]["restart"] == "on-failure"
    }


def longest_of(dags):
    """The most seconds that Airflow lets a task of these DAGs take."""
    limits = [task.execution_timeout for dag in dags for task in dag.tasks]
    assert None not in limits
    return max(limits).total_seconds()


@pytest.mark.parametrize("name", ["airflow-scheduler", "airflow-worker"])
def test_what_runs_tasks_has_time_for_them_when_it_is_told_to_end(name, dags):
    service = SERVICES[name]

    assert service["init"], "a signal would go to the tasks, too"
    assert int(service["stop_grace_period"].removesuffix("m")) * 60 > longest_of(
        dag for name, dag in dags.items() if name != "whatsapp_templates"
    ), "what sends must not be killed"


def test_a_task_that_is_gone_is_tried_again_when_its_lease_is_over_and_no_broker_hands_it_out_before(dags):
    given = COMPOSE["x-airflow-environment"]

    assert int(given["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"]) > Settings().lease.total_seconds()
    assert int(given["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"]) > longest_of(dags.values())
    assert json.loads(given["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])


def test_only_what_hands_out_and_takes_tasks_reaches_the_broker():
    reach = {name for name, service in SERVICES.items() if "broker" in service.get("networks", [])}

    assert reach == {"redis", "airflow-scheduler", "airflow-worker", "flower"}
    assert "ports" not in SERVICES["redis"]


OF_AIRFLOW = {name: service["command"] for name, service in SERVICES.items() if service.get("image") == IMAGE}


@pytest.mark.parametrize("name", [name for name, command in OF_AIRFLOW.items() if command[0] != "python"])
def test_airflow_knows_the_command(name):
    if OF_AIRFLOW[name][0] == "celery" and not HAS_CELERY:
        pytest.skip("the extra `celery` is not installed")
    assert get_parser().parse_args(OF_AIRFLOW[name]).func


@pytest.mark.parametrize("name", [name for name, command in OF_AIRFLOW.items() if command[0] == "python"])
def test_the_module_is_there(name):
    _, flag, module, *_ = OF_AIRFLOW[name]

    assert flag == "-m"
    found = importlib.util.find_spec(module)
    assert found
    assert not found.submodule_search_locations or importlib.util.find_spec(f"{module}.__main__")


@pytest.mark.skipif(not HAS_CELERY, reason="the extra `celery` is not installed")
def test_every_airflow_setting_exists():
    ProvidersManager().initialize_providers_configuration()
    for name in (*COMPOSE["x-airflow-environment"], *SERVICES["flower"]["environment"]):
        if name.startswith("AIRFLOW__"):
            _, section, key = name.lower().split("__")
            assert key in conf.configuration_description[section]["options"], name


def test_the_profiles_have_their_services_and_ports_are_open_on_loopback_alone():
    assert {name: service["profiles"] for name, service in SERVICES.items() if service.get("profiles")} == {
        "airflow-cli": ["debug"],
        "demo-shop": ["demo"],
        "demo-graph-api": ["demo"],
        "webhook": ["webhook", "demo", "celery"],
        "redis": ["celery"],
        "airflow-worker": ["celery"],
        "flower": ["celery"],
    }
    assert SERVICES["airflow-worker"]["deploy"] == {"replicas": "${AIRFLOW_WORKERS:-2}"}
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_folders_that_are_mounted_and_copied_are_there():
    mounted = [volume.split(":")[0] for volume in COMPOSE["x-airflow"]["volumes"]]
    copied = re.findall(r"^COPY (?:--\S+ )?(.+) \S+$", DOCKERFILE, re.MULTILINE)

    for place in [*(m for m in mounted if m.startswith("./")), *" ".join(copied).split()]:
        assert (PROJECT / place).exists(), place
    assert {m for m in mounted if not m.startswith("./")} <= COMPOSE["volumes"].keys()


def test_the_example_connects_to_the_demo():
    given = connections_of(example())
    meant = connections(shop_url="", message_log_url="", graph_api_url="http://demo-graph-api:8090", shop_inbox_url="x")

    assert given.keys() == meant.keys()
    assert example()["PARTNER_MESSAGES_TEST_HOSTS"] == "demo-graph-api"
    assert {name: given[name] for name in meant if meant[name]["conn_type"] == "http"} == {
        name: meant[name] for name in meant if meant[name]["conn_type"] == "http"
    }
    assert given["production_db"].endswith("@postgres/shop")
    assert given["shop_inbox_db"].endswith("@postgres/shop")
    assert given["message_log_db"].endswith("@postgres/messages")
    assert set(SERVICES["databases"]["command"][-1].split(" in ")[1].split(";")[0].split()) == {"messages", "shop"}
    assert json.loads(example()["INITIAL_SETTINGS"])["delivery"] == "dry_run"


def test_the_receiver_has_the_message_log_and_the_senders_secrets_and_nothing_else(monkeypatch):
    service, given = SERVICES["webhook"], example()
    environment = {
        name: re.sub(r"\$\{(\w+):[-?][^}]*\}", lambda found: given[found[1]], value)
        for name, value in service["environment"].items()
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    receiving = load_receiving()

    assert "env_file" not in service
    assert set(environment) == {
        "PYTHONPATH",
        "PARTNER_MESSAGES_WEBHOOK_SENDERS",
        "AIRFLOW_CONN_MESSAGE_LOG_DB",
        "AIRFLOW_CONN_AIRFLOW_API",
        *(f"AIRFLOW_CONN_WHATSAPP_{label.upper()}" for label in receiving.phone_number_ids()),
    }
    assert given["WEBHOOK_CONN_MESSAGE_LOG_DB"] == given["INITIAL_CONN_MESSAGE_LOG_DB"]
    for label in receiving.phone_number_ids():
        of_webhook = json.loads(given[f"WEBHOOK_CONN_WHATSAPP_{label.upper()}"])
        of_airflow = json.loads(given[f"INITIAL_CONN_WHATSAPP_{label.upper()}"])
        assert "password" not in of_webhook
        assert of_webhook["extra"].items() <= of_airflow["extra"].items()


def test_the_receiver_may_tell_airflow_of_answers_as_a_user_of_its_own():
    given = json.loads(SERVICES["webhook"]["environment"]["AIRFLOW_CONN_AIRFLOW_API"])

    assert COMPOSE["x-airflow-environment"]["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"{given['host']}/execution/"
    assert given["login"] == first_start.RECEIVER
    assert given["password"].startswith(f"${{{first_start.RECEIVER_PASSWORD}:?")
    assert {first_start.FIRST_USER, first_start.FIRST_PASSWORD} <= SERVICES["airflow-init"]["environment"].keys()


def test_nothing_that_airflow_takes_before_its_database_is_in_the_example():
    # What is set in the UI would have no effect: it was halt that had none.
    assert [name for name in example() if name.startswith(("AIRFLOW_VAR_", "AIRFLOW_CONN_"))] == []


def test_nothing_of_this_machine_goes_into_the_image():
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()

    assert ignored[1] == "*"
    assert not [line for line in ignored if line.startswith("!.")]
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER airflow$", DOCKERFILE, re.MULTILINE)
