"""Notifiers that the settings name: which may be, with what, and what their templates can see."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from partner_messages.config.setting_groups import NotifierSpec
from partner_messages.config.settings import SettingsError, parse_settings
from partner_messages.ops.judgement import Reason, Trouble
from partner_messages.ops.notifier import NotTold, check_notifiers, notify
from partner_messages.ops.notifier_classes import LISTED, NotANotifier, notifier_class
from support.dag_tasks import REMINDERS
from support.deployment import TICK, Deployment
from support.event_runs import context as context_of

SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
LIST_WRITER = "support.notifier.WritesTheList"


def refusal(class_path: str, **args: Any) -> str:
    """What is said of a notifier of the setting `on_failure`, which is refused."""
    settings = parse_settings({"on_failure": {"class": class_path, "args": args}})
    with pytest.raises(SettingsError) as refused:
        check_notifiers(settings)
    return str(refused.value)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, with a module that notes that it was imported."""
    (tmp_path / "elsewhere.py").write_text(
        "import pathlib\n"
        "from airflow.sdk import BaseNotifier\n"
        "pathlib.Path(__file__).with_suffix('.imported').touch()\n"
        "class Pager(BaseNotifier): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("elsewhere", None)


@pytest.mark.parametrize("setting", ["on_failure", "on_escalation", "on_summary"])
def test_what_is_no_notifier_is_refused_by_preflight_and_never_called(
    deployment: Deployment, tmp_path: Path, setting: str
) -> None:
    deployment.set(**{setting: {"class": "os.mkdir", "args": {"path": str(tmp_path / "made")}}})

    with pytest.raises(
        AirflowFailException, match=f'"{setting}": os.mkdir cannot be used: it is of no Airflow provider'
    ):
        REMINDERS.preflight(context_of("production_run_reminders", "run 1", {}))

    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "class_path",
    [
        "subprocess.Popen",
        "airflow.sdk.BaseNotifier",
        "airflow.providers.smtpx.Notifier",  # begins as an installed one does
        "airflow.providers.slack.notifications.slack.SlackNotifier",  # not installed here
        "partner_messages.ops.notifier.notify",
        "elsewhere.Pager",
    ],
)
def test_a_class_of_no_installed_provider_is_not_even_imported(elsewhere: Path, class_path: str) -> None:
    assert "it is of no Airflow provider that is installed" in refusal(class_path)
    assert not (elsewhere / "elsewhere.imported").exists()


@pytest.mark.parametrize(
    "class_path",
    [
        "airflow.providers.smtp.hooks.smtp.SmtpHook",
        "airflow.providers.smtp.notifications.smtp.Path",
        "airflow.providers.smtp.notifications.smtp.conf",
        "airflow.providers.smtp.notifications.smtp.Absent",
    ],
)
def test_what_a_provider_has_beside_its_notifiers_is_refused_uncalled(class_path: str) -> None:
    assert "there is no Airflow notifier (BaseNotifier) of that name" in refusal(class_path)


def test_a_name_leads_to_a_class_of_its_module_and_no_further() -> None:
    assert "cannot be made (ModuleNotFoundError" in refusal("airflow.providers.smtp.notifications.smtp.Path.home")


def test_a_notifier_of_an_installed_provider_is_taken() -> None:
    assert notifier_class(SMTP).__name__ == "SmtpNotifier"


def test_a_class_that_the_environment_lists_is_taken(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LISTED, " somebody.Else ,elsewhere.Pager")

    assert notifier_class("elsewhere.Pager").__name__ == "Pager"
    with pytest.raises(NotANotifier, match="of no Airflow provider"):
        notifier_class("elsewhere.Other")


def test_a_listed_class_must_be_a_notifier_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LISTED, "os.mkdir")

    assert "there is no Airflow notifier" in refusal("os.mkdir")


@pytest.mark.parametrize("module", ["elsewhere", "elsewhere.get_provider_info"])
def test_a_provider_of_somebody_else_counts_by_its_entry_point(elsewhere: Path, module: str) -> None:
    made = elsewhere / "theirs-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (made / "entry_points.txt").write_text(f"[apache_airflow_provider]\nprovider_info={module}:get_provider_info\n")
    (elsewhere / "elsewhere.py").unlink()
    (elsewhere / "elsewhere").mkdir()
    (elsewhere / "elsewhere" / "__init__.py").touch()
    (elsewhere / "elsewhere" / "pager.py").write_text(
        "from airflow.sdk import BaseNotifier\nclass Pager(BaseNotifier): pass\n"
    )

    assert notifier_class("elsewhere.pager.Pager").__name__ == "Pager"
    sys.modules.pop("elsewhere.pager")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"files": ["/etc/passwd"]}, '"files" names a file or an address'),
        ({"template": "/etc/passwd"}, '"template" names a file or an address'),
        ({"base_url": "https://elsewhere.example"}, '"base_url" names a file or an address'),
        ({"smtp_conn_id": "whatsapp_in"}, '"smtp_conn_id" must name a connection that is not one of this package'),
        ({"smtp_conn_id": "message_log_db"}, '"smtp_conn_id" must name'),
        ({"smtp_conn_id": "WHATSAPP_IN"}, '"smtp_conn_id" must name'),
        ({"smtp_conn_id": "Message_Log_DB "}, '"smtp_conn_id" must name'),
        ({"smtp_conn_id": "airflow_api"}, '"smtp_conn_id" must name'),
        ({"smtp_conn_id": "{{ 'whatsapp' ~ '_in' }}"}, '"smtp_conn_id" must name'),
        ({"smtp_conn_id": ["whatsapp_in"]}, '"smtp_conn_id" must name'),
    ],
)
def test_a_setting_names_no_file_no_address_and_no_connection_of_this_package(args: dict[str, Any], said: str) -> None:
    assert said in refusal(SMTP, to="ops@example.com", **args)


def test_who_lists_a_class_lets_it_have_files_but_no_connection_of_this_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(LISTED, SMTP)
    text = tmp_path / "text"
    text.touch()

    check_notifiers(parse_settings({"on_failure": {"class": SMTP, "args": {"to": "x", "template": str(text)}}}))
    assert '"smtp_conn_id" must name' in refusal(SMTP, to="x", smtp_conn_id="partner_portal")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ escalation_text }}", "'escalation_text' is undefined; it is told {{ dag_run }}"),
        ("{{ dag_run.runid }}", "has no attribute 'runid'"),
        ("{{ escalations_text", "is no template"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_refused_before_there_is_something_to_tell(
    monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setenv(LISTED, LIST_WRITER)
    spec = {"class": LIST_WRITER, "args": {"path": "x", "text": text}}

    with pytest.raises(SettingsError, match=r'"on_escalation": .*its argument "text"') as refused:
        check_notifiers(parse_settings({"on_escalation": spec}))

    assert said in str(refused.value)


def test_what_a_template_may_mention_is_known_to_preflight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LISTED, LIST_WRITER)
    text = (
        "{{ dag_run.run_id }} {{ dag_run.logical_date.year }} {{ ti.log_url }} {{ exception }} {{ escalations_text }}"
    )
    trouble = Trouble(production_run_id="R1", partner_id="P1", kind=None, since=TICK, reason=Reason.PARKED)
    text += "".join(f"{{{{ escalations[0].{name} }}}}" for name in trouble.as_json())

    check_notifiers(parse_settings({"on_escalation": {"class": LIST_WRITER, "args": {"path": "x", "text": text}}}))


def told(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a notifier with this templated argument says of a failed task."""
    monkeypatch.setenv(LISTED, LIST_WRITER)
    said = tmp_path / "said"
    ti = SimpleNamespace(task_id="summarise", try_number=1, max_tries=3, get_template_context=lambda: "all of it")
    context = {
        **context_of("production_run_reminders", "run 1", {}, run_after=TICK),
        "ti": ti,
        "dag": DAG("a_dag", schedule=None),
        "conn": {"whatsapp_in": SimpleNamespace(password="the token")},
        "exception": ValueError("+919829012345 is no number"),
    }
    notify(
        NotifierSpec.model_validate({"class": LIST_WRITER, "args": {"path": str(said), "text": text}}),
        "on_failure",
        context,
        {"escalations_text": "one run"},
    )
    return said.read_text()


def test_a_template_is_told_which_task_of_which_run_failed_and_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "{{ dag_run.dag_id }} {{ ti.task_id }} {{ task_instance.max_tries + 1 }} {{ exception }} {{ escalations_text }}"
    )

    said = told(tmp_path, text, monkeypatch)

    assert said.startswith("production_run_reminders summarise 4 +91•••••2345 is no number one run")


@pytest.mark.parametrize(
    "text",
    [
        "{{ conn.whatsapp_in.password }}",
        "{{ var.value.partner_messages }}",
        "{{ ti.get_template_context() }}",
        "{% include 'test_notifiers.py' %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os }}",
    ],
)
def test_a_template_reaches_no_secret_and_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(NotTold):
        told(tmp_path, text, monkeypatch)
