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


@pytest.mark.parametrize("asked", ["halt", "go-on"])
@pytest.mark.parametrize(("by", "why", "named"), [("", "It is corrected.", "--by"), ("Meera", " ", "--why")])
def test_an_empty_word_is_named_as_the_command_calls_it(command, log, asked, by, why, named):
    with pytest.raises(SystemExit, match=f"^{named} is empty; "):
        command(asked, "--by", by, "--why", why)

    assert standing_halt(log) is None


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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody_s",), "Neither the shop nor the log knows of nobody_s; see that the id is right"),
        (("",), "RUN_OR_PARTNER is empty; give the id of a production run or of a partner"),
        ((" ",), "RUN_OR_PARTNER is empty"),
        *(
            ((RAJESH, "--days", days), f"--days {days}: give a number from 1 to 28")
            for days in ("100", "29", "0", "-1")
        ),
    ],
)
def test_what_cannot_be_told_is_said_in_a_sentence(command, arguments, said):
    with pytest.raises(SystemExit, match=said):
        command("messages", "why", *arguments)


@pytest.mark.parametrize(
    "arguments", [("messages", "why", RAJESH), ("halt", "--by", "Meera", "--why", "A wrong text went out.")]
)
def test_without_a_message_log_what_to_add_is_said_before_any_setting_is_read(command, deployment, arguments):
    deployment.disconnect("message_log_db")
    deployment.set(halt="no value of it")

    with pytest.raises(SystemExit, match=r"^There is no connection message_log_db; add it .*_MESSAGE_LOG_DB\.$"):
        command(*arguments)
