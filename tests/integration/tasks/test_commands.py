"""`airflow whatsapp messages why`, `halt` and `go-on`: what they do and say."""

from __future__ import annotations

import pytest

from partner_messages.commands import own
from partner_messages.message_log.acts import standing_halt
from sandbox.shop import partner_id
from support.ticks import go_through
from whatsapp_provider.commands import run

RAJESH = partner_id("RAJESH")


@pytest.fixture
def command(deployment, monkeypatch, capsys):
    """Run a command as its twin does; return what it has printed."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")  # So that it is put back.

    def command(*arguments):
        capsys.readouterr()
        run("python -m partner_messages", own(), arguments)
        return capsys.readouterr().out

    return command


def test_a_halt_holds_until_somebody_lets_it_go_on(command, log):
    said = command("halt", "--by", "Meera", "--why", "A wrong text went out.")
    halted = standing_halt(log)
    gone_on = command("go-on", "--by", "Meera", "--why", "It is corrected.")

    assert said == f"Sending was halted {halted}\n"
    assert "Meera" in said
    assert "A wrong text went out." in said
    assert standing_halt(log) is None
    assert gone_on == "Nobody halts sending by hand any more; the setting halt still may.\n"
    assert [row["act"] for row in log.execute("SELECT act FROM audit ORDER BY id").fetchall()] == ["halt", "go_on"]


@pytest.mark.parametrize("arguments", [("halt",), ("halt", "--by", "Meera"), ("go-on", "--why", "It is corrected.")])
def test_who_and_why_are_asked_for(command, arguments):
    with pytest.raises(SystemExit):
        command(*arguments)


def test_why_tells_a_partner_s_or_a_run_s_days(command, deployment, log):
    go_through(log)
    (sent, *_) = log.execute(
        "SELECT production_run_id FROM message_log WHERE partner_id = %s AND status = 'sent'", [RAJESH]
    )

    of_partner = command("messages", "why", RAJESH)
    of_run = command("messages", "why", sent["production_run_id"], "--days", "1")

    assert of_partner.startswith("Mon 23 Nov 2026: Something was sent.\n")
    assert f"  {sent['production_run_id']}: Reminder (" in of_partner
    assert "Sun 22 Nov 2026: There was no tick: it was a weekend." in of_partner
    assert of_run.splitlines()[0] == "Mon 23 Nov 2026: Something was sent."
    assert of_run.splitlines()[1].startswith("  Reminder (")
    assert len({line for line in of_run.splitlines() if not line.startswith("  ")}) == 1


def test_an_id_that_nobody_knows_is_named(command):
    with pytest.raises(SystemExit, match="Neither the shop nor the log knows of nobody_s; see that the id is right"):
        command("messages", "why", "nobody_s")
