"""The two wheels, beside what the lock has: three lines make a deployment on any layout of Airflow.

CI measures what they cost who installs them; the rest is slow. `make release` checks them in an empty environment, too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from sandbox.connections import connections

PROJECT = Path(__file__).resolve().parents[3]
DAGS = sorted(path.stem for path in (PROJECT / "dags").glob("*.py"))
THREE_LINES = """from airflow.sdk import DAG
from partner_messages.dags import shipped_dags
globals().update(shipped_dags())
"""

PARSE = """
import json, socket, sys

def refused(*given, **also):
    raise AssertionError("nothing may be asked while a DAG is parsed")

socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refused

from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1])

import airflow.plugins_manager
from airflow.providers_manager import ProvidersManager
from partner_messages.config import paths
from partner_messages.database.named_sql import compile_all
from partner_messages.deployment.installed_copies import copies_in_the_way
from partner_messages.templates.catalog.installed import installed_catalog
from pathlib import Path
from whatsapp_provider.example_dags import TEMPLATES
from whatsapp_provider.hooks.whatsapp import WhatsAppHook
from whatsapp_provider.notifications.whatsapp import send_whatsapp_notification
from whatsapp_provider.operators.whatsapp import WhatsAppSendTemplateOperator
from whatsapp_provider.templates.catalog import load_catalog

WhatsAppHook(), send_whatsapp_notification(to="x", template="y")
WhatsAppSendTemplateOperator(task_id="t", to="x", template="y")
compile_all()
plugins, plugin_errors = airflow.plugins_manager._get_plugins()
providers = ProvidersManager()
print(json.dumps({
    "dags": sorted(bag.dags), "errors": bag.import_errors, "plugin_errors": plugin_errors,
    "plugins": [plugin.name for plugin in plugins if plugin.name == "partner_messages"],
    "hook": providers.hooks["whatsapp"].hook_class_name,
    "form": sorted(key for key in providers.connection_form_widgets if "extra__whatsapp__" in key),
    "include": str(paths.INCLUDE), "templates": len(installed_catalog().names), "copies": copies_in_the_way(),
    "examples": load_catalog(Path(TEMPLATES)).names,
}))
"""
LAYOUTS = {
    "plain home": ("home/dags", "home/plugins"),
    "MWAA: dags/, plugins/ and requirements under one home": ("usr/local/airflow/dags", "usr/local/airflow/plugins"),
    "Composer: a bucket beside the home": ("home/gcs/dags", "home/gcs/plugins"),
}


def environment_in(folder: Path) -> Path:
    """A new virtual environment over the packages of the lock; its Python."""
    subprocess.run([sys.executable, "-m", "uv", "venv", "-q", "--no-config", "-p", sys.executable, folder], check=True)
    python = folder / "bin/python"
    site = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    Path(site.strip(), "of_the_lock.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Both wheels, each built from its source distribution, with the lock's build system: nothing is fetched."""
    dist = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "uv", "build", "-q", "--offline", "--no-build-isolation", "--out-dir", dist]
    for source in (PROJECT, PROJECT / "plugins/whatsapp_provider"):
        subprocess.run([*build, source], check=True)
    return sorted(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheels, tmp_path_factory):
    """A Python with both wheels."""
    made = environment_in(tmp_path_factory.mktemp("installed") / "venv")
    install = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "-q",
        "--no-config",
        "--no-deps",
        "--compile-bytecode",
        "--python",
        made,
        *wheels,
    ]
    subprocess.run(install, check=True)
    return made


def settings(home: Path, **more: str) -> dict[str, str]:
    """The environment of an Airflow of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON", "PARTNER"))}
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        **more,
    }


def parsed(python: Path, root: Path, dags: str, plugins: str) -> dict:
    folder = root / dags
    folder.mkdir(parents=True, exist_ok=True)
    (root / plugins).mkdir(parents=True, exist_ok=True)
    (folder / "partner_messages_dags.py").write_text(THREE_LINES)
    folders = {"AIRFLOW__CORE__DAGS_FOLDER": str(folder), "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / plugins)}
    ran = subprocess.run(
        [python, "-c", PARSE, folder],
        env=settings(root / "home", **folders),
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_three_lines_are_a_deployment(python, tmp_path, layout):
    seen = parsed(python, tmp_path, *LAYOUTS[layout])

    assert (seen["dags"], seen["errors"], seen["plugin_errors"]) == (DAGS, {}, {})
    assert seen["plugins"] == ["partner_messages"]
    assert seen["hook"] == "whatsapp_provider.hooks.whatsapp.WhatsAppHook"
    assert Path(seen["include"]).is_relative_to(python.parents[1])
    assert seen["templates"] > 10
    assert seen["examples"] == ["closed_tomorrow", "order_shipped", "task_failed"]
    assert seen["copies"] == []


@pytest.mark.slow
def test_an_upgrade_from_a_copied_folder_says_what_to_delete(python, tmp_path):
    shutil.copytree(PROJECT / "plugins", tmp_path / "home/plugins", ignore=shutil.ignore_patterns("__pycache__"))

    seen = parsed(python, tmp_path, *LAYOUTS["plain home"])

    assert (seen["dags"], seen["plugins"]) == (DAGS, ["partner_messages"])
    assert [said.partition(" is there twice")[0] for said in seen["copies"]] == [
        "partner_messages",
        "whatsapp_provider",
    ]
    assert all("; the wheel runs. Delete " in said for said in seen["copies"])


@pytest.mark.slow
def test_airflow_s_own_command_reads_a_stored_connection_and_asks_meta(python, tmp_path, graph_api):
    sample = connections(shop_url="", message_log_url="", graph_api_url=graph_api.url)["whatsapp_in"]
    stored = {**sample, "conn_type": "whatsapp", "extra": json.dumps(sample["extra"])}
    (tmp_path / "connections.json").write_text(json.dumps({"our_number": stored}))

    def airflow(*arguments: str) -> str:
        command = [python, "-m", "airflow", *arguments]
        ran = subprocess.run(command, env=settings(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr + ran.stdout
        return ran.stdout

    airflow("db", "migrate")
    airflow("connections", "import", "connections.json")
    said = airflow("whatsapp", "check", "--conn-id", "our_number")

    assert "JYT India (+91•••••0001): quality GREEN, limit 2,000 people in 24 hours." in said


COST = """
import resource, sys
sys.argv = ["airflow", "version"]
from airflow.__main__ import main
main()
used = resource.getrusage(resource.RUSAGE_SELF)
print((used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss / 1024, "partner_messages.config.settings" in sys.modules)
"""
TASK = """
import resource, sys
import airflow.sdk.execution_time.task_runner
from airflow.sdk.plugins_manager import _get_plugins
_get_plugins()
used = resource.getrusage(resource.RUSAGE_SELF)
print((used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss / 1024, "fastapi" in sys.modules)
"""


@pytest.mark.parametrize(("what", "program"), [("airflow version", COST), ("an unrelated task's start", TASK)])
def test_installing_costs_almost_nothing(python, tmp_path, what, program, capsys):
    without = environment_in(tmp_path / "without")
    (tmp_path / "plugins").mkdir()
    found: list[tuple[float, float]] = []
    for one in (python, without):
        ran = subprocess.run(
            [one, "-c", program], env=settings(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=True
        )
        milliseconds, megabytes, heavy = ran.stdout.splitlines()[-1].split()
        found.append((float(milliseconds), float(megabytes)))
        assert heavy == "False"
    ours, bare = found
    more = f"+{ours[0] - bare[0]:.0f} ms of {bare[0]:.0f} (CPU), +{ours[1] - bare[1]:.1f} MB of {bare[1]:.0f}"
    with capsys.disabled():
        sys.stdout.write(f"\n{what}: {more}\n")
    assert ours[1] - bare[1] <= 5
