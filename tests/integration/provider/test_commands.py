"""`airflow whatsapp …` and `python -m whatsapp_provider …` are one: each is run through both."""

from __future__ import annotations

import argparse

import pytest

from partner_messages.config.paths import TEMPLATES
from whatsapp_provider.commands import airflow_commands, own, run

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
        (("check", "--conn-id", "whatsapp_of_nobody"), "whatsapp_of_nobody"),
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
