"""What the commands do; each says the same as the page or the DAG run that does it too."""

from __future__ import annotations

from argparse import Namespace

from whatsapp_provider.command_work import command, say


@command
def why(arguments: Namespace) -> None:
    """Tell of a run or a partner, day by day."""
    from partner_messages.deployment import run_context
    from partner_messages.deployment.live_settings import load_settings
    from partner_messages.message_log.database import open_message_log
    from partner_messages.pages import words
    from partner_messages.pages.asked import NotAsked
    from partner_messages.pages.history import DAYS, history
    from partner_messages.pages.messages import is_partner_of_a_message
    from whatsapp_provider.ends import SettingsError

    id_, now = arguments.run_or_partner.strip(), run_context.wall_clock()
    if not id_:
        raise SettingsError("RUN_OR_PARTNER is empty; give the id of a production run or of a partner.")
    if not 1 <= arguments.days <= DAYS:
        raise SettingsError(f"--days {arguments.days}: give a number from 1 to {DAYS}.")
    with open_message_log() as connection:
        settings = load_settings()
        of = {"partner_id": id_} if is_partner_of_a_message(connection, id_) else {"run": id_}
        try:
            told = history(connection, settings, now, **of)
        except NotAsked as error:
            raise SettingsError(str(error)) from None
    for day in told["days"][: arguments.days]:
        say(f"{words.day(day.day)}: {day.why_nothing or 'Something was sent.'}")
        for one in day.said:
            about = f"{one.production_run_id}: " if one.production_run_id and "partner_id" in of else ""
            say(f"  {about}{one.text}")


@command
def halt(arguments: Namespace) -> None:
    """Halt all sending."""
    _by_hand("halt", arguments)


@command
def go_on(arguments: Namespace) -> None:
    """Let sending go on."""
    _by_hand("go_on", arguments)


def _by_hand(sending: str, arguments: Namespace) -> None:
    from partner_messages.deployment import run_context
    from partner_messages.message_log.acts import standing_halt
    from partner_messages.message_log.database import open_message_log
    from partner_messages.ops.halt_by_hand import halt_by_hand
    from whatsapp_provider.ends import SettingsError

    for option in ("by", "why"):
        if not getattr(arguments, option).strip():
            raise SettingsError(f"--{option} is empty; say it for those who ask later.")
    asked = {"sending": sending, "sending_by": arguments.by, "sending_why": arguments.why}
    halt_by_hand(asked, run_context.wall_clock())
    with open_message_log() as connection:
        halted = standing_halt(connection)
    say(
        f"Sending was halted {halted}"
        if halted
        else "Nobody halts sending by hand any more; the setting halt still may."
    )
