"""`airflow whatsapp …` and `python -m whatsapp_provider …` are one: each is run through both."""

from __future__ import annotations

import argparse
import logging

import pytest
import structlog

from partner_messages.config.paths import TEMPLATES
from whatsapp_provider.api.management import TemplateApi
from whatsapp_provider.commands import airflow_commands, own, run
from whatsapp_provider.ends import SettingsError

PHONE = "+919829012345"
IDLE = "jyt_production_run_reminder_idle_v1"
FIVE = [part for number in "12345" for part in ("--parameter", f"{number}=value {number}")]


def through_airflow(arguments):
    from airflow.cli.cli_parser import _add_command

    parser = argparse.ArgumentParser(prog="airflow")
    (group,) = airflow_commands()
    _add_command(parser.add_subparsers(), group)
    chosen = parser.parse_args(["whatsapp", *arguments])
    chosen.func(chosen)


def twin(arguments):
    run("python -m whatsapp_provider", own(), arguments)


@pytest.fixture(params=[through_airflow, twin])
def command(request, connect, monkeypatch):
    monkeypatch.delenv("_AIRFLOW_PROCESS_CONTEXT", raising=False)
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")  # So that it is put back.
    return lambda *arguments: request.param([*arguments])


def test_check_says_whose_number_it_is(command, capsys):
    command("check")

    assert capsys.readouterr().out == "JYT India (+91•••••0001): quality GREEN, limit 2,000 people in 24 hours.\n"


def test_send_sends_one_message(command, sent, capsys):
    command("send", IDLE, "--to", PHONE, *FIVE)

    (seen,) = sent()
    assert seen["template"]["components"][0]["parameters"][4] == {"type": "text", "text": "value 5"}
    assert seen["biz_opaque_callback_data"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("send", IDLE, "--to", PHONE), 'needs the parameter "1"'),
        (("send", IDLE, "--to", PHONE, "--parameter", "1"), "--parameter 1: write it as NAME=VALUE"),
        (
            ("check", "--conn-id", "whatsapp_of_nobody"),
            "There is no connection whatsapp_of_nobody; add it .*AIRFLOW_CONN_WHATSAPP_OF_NOBODY",
        ),
        (
            ("send", IDLE, "--to", PHONE, "--conn-id", "whatsapp_of_nobody"),
            "There is no connection whatsapp_of_nobody; add it",
        ),
        (("send", IDLE, "--to", PHONE, "--language", "de"), r"has it in en, hi"),
        (("send", IDLE, "--to", PHONE, "--catalog", "/nowhere"), "/nowhere: .*; name a folder that is there"),
        (("templates", "plan", "--catalog", "/nowhere"), "/nowhere: .*; name a folder that is there"),
        (
            ("templates", "plan", "--catalog", str(TEMPLATES), "--templates", "order_*"),
            r"--templates order_\*: no template of the catalog has such a name; it has jyt_",
        ),
        (("templates", "plan"), "--catalog is missing"),
        (
            ("templates", "plan", "--catalog", str(TEMPLATES), "--languages", "xx"),
            "--languages has xx; the catalog has",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(command, arguments, said):
    with pytest.raises(SystemExit, match=said):
        command(*arguments)


@pytest.mark.parametrize("arguments", [("check",), ("send", IDLE, "--to", PHONE, *FIVE), ("templates", "status")])
def test_a_stored_token_that_airflow_has_hidden_is_named_as_such(command, connect, arguments):
    connect(password="***")

    with pytest.raises(SystemExit, match=r"^whatsapp_default: the password is \*\*\*, with which .* the token itself"):
        command(*arguments)


def test_what_airflow_logs_and_goes_on_from_has_no_traceback(command, connect, capfd, caplog, monkeypatch):
    """As a secrets backend without a database, and an extra that is no JSON."""

    def asked(self):
        try:
            int("There is no table.")
        except ValueError:
            structlog.get_logger("task").exception("Unable to retrieve it.")
            logging.getLogger("airflow.secrets").exception("Unable to read it.")
        raise SettingsError("Add it.")

    monkeypatch.setattr(TemplateApi, "number", asked)
    with pytest.raises(SystemExit, match=r"^Add it\.$"):
        command("check")

    said = "".join(capfd.readouterr()) + caplog.text
    assert "Unable to retrieve it." in said
    assert "Unable to read it." in said
    assert "Traceback" not in said
    assert "There is no table." not in said


def test_templates_are_planned_submitted_once_and_listed(command, graph_api, capsys):
    wanted = ("--catalog", str(TEMPLATES), "--templates", "*_v2", "--url", "https://partners.example")
    command("templates", "plan", *wanted)
    planned = capsys.readouterr().out
    before = len(graph_api.templates("211000000000001"))
    command("templates", "submit", *wanted)
    first = capsys.readouterr().out
    command("templates", "submit", *wanted)
    second = capsys.readouterr().out
    command("templates", "status")
    listed = capsys.readouterr().out

    created = len(graph_api.templates("211000000000001")) - before
    assert created > 0
    assert planned.startswith("default (211000000000001): ")
    assert f"{created} create" in planned.splitlines()[0]
    assert (first.count("was created."), second.count("was created.")) == (created, 0)
    assert len(listed.splitlines()) == before + created + 1
    assert "jyt_production_run_reminder_idle_v2" in listed
