"""The commands that stand beside the provider's in `airflow whatsapp …`, and in `python -m partner_messages …`.

Every `airflow` command asks for the definitions, so this imports nothing of its own but where a command does its work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.cli.cli_config import ActionCommand, GroupCommand


def own() -> list[ActionCommand | GroupCommand]:
    """The commands of this package (entry point of the group `whatsapp_provider.commands`)."""
    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

    work = "partner_messages.commands.by_command"
    of_person = (
        Arg(("--by",), help="Who says so, for those who ask later", required=True),
        Arg(("--why",), help="Why", required=True),
    )
    why = ActionCommand(
        name="why",
        help="Day by day, what a run or a partner was sent, and where nothing was, why",
        func=lazy_load_command(f"{work}.why"),
        args=(
            Arg(("run_or_partner",), help="The id of a production run or of a partner"),
            Arg(("--days",), help="How many days back (default: 7; at most 28)", type=int, default=7),
        ),
    )
    return [
        GroupCommand(name="messages", help="What became of messages", subcommands=[why]),
        ActionCommand(
            name="halt",
            help="Halt all sending, from the next claim on",
            func=lazy_load_command(f"{work}.halt"),
            args=of_person,
        ),
        ActionCommand(
            name="go-on",
            help="Let sending go on that was halted by hand",
            func=lazy_load_command(f"{work}.go_on"),
            args=of_person,
        ),
    ]
