"""The commands `airflow whatsapp …` and `python -m whatsapp_provider …`, which are defined here once for both.

Every `airflow` command asks for the definitions, so this imports nothing of its own but where a command does its work.
What another package adds (entry points of the group `whatsapp_provider.commands`) stands among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable, Sequence

    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand

GROUP = "whatsapp"
ADDED = "whatsapp_provider.commands"


def airflow_commands() -> list[GroupCommand]:
    """The group, as Airflow's command line wants it."""
    from importlib.metadata import entry_points

    from airflow.cli.cli_config import GroupCommand

    added = [command for point in entry_points(group=ADDED) for command in point.load()()]
    return [
        GroupCommand(name=GROUP, help="Send WhatsApp messages, and look after templates", subcommands=own() + added)
    ]


def own() -> list[ActionCommand | GroupCommand]:
    """The commands of this package."""
    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

    def action(name: str, help: str, *args: Arg) -> ActionCommand:  # noqa: A002 - Airflow's name
        work = lazy_load_command(f"whatsapp_provider.command_work.{name}")
        return ActionCommand(name=name, help=help, func=work, args=(conn_id, *args))

    conn_id = Arg(
        ("-c", "--conn-id"),
        help="The connection, of the type whatsapp or http (default: whatsapp_default)",
        default="whatsapp_default",
    )
    catalog = Arg(("--catalog",), help="The folder with the template files")
    of_plan = (
        catalog,
        Arg(("--languages",), help="Only these languages, such as en,hi (default: the connection's)"),
        Arg(("--templates",), help="Only the templates whose names fit, such as 'order_*'"),
        Arg(("--url",), help="The address with which the URLs of buttons begin"),
    )
    return [
        GroupCommand(
            name="templates",
            help="Plan, submit and see the templates of an account",
            subcommands=[
                action("plan", "Compare template files with what the account has; changes nothing", *of_plan),
                action(
                    "submit",
                    "Create what the account lacks, and with --edit change what differs",
                    *of_plan,
                    Arg(("--edit",), help="Change what differs, too; Meta reviews it again", action="store_true"),
                ),
                action("status", "List the account's templates and how each stands"),
            ],
        ),
        action(
            "send",
            "Send one template message",
            Arg(("template",), help="The template's name"),
            Arg(("--to",), help="The recipient's number, such as +919812345678", required=True),
            Arg(("--language",), help="Meta's code of the language (default: en)", default="en"),
            Arg(("--parameter",), help="NAME=TEXT, once for each parameter", action="append", default=[]),
            Arg(("--picture",), help="The https URL of the picture above the text"),
            Arg(("--button",), help="LABEL=VALUE or PLACE=VALUE, once for each button", action="append", default=[]),
            catalog,
        ),
        action("check", "Ask Meta for the connection's number, and say its name, quality and limit"),
    ]


def run(prog: str, commands: Iterable[ActionCommand | GroupCommand], arguments: Sequence[str]) -> Any:
    """Run one of these commands without Airflow's command line, which some managed Airflows do not let one use."""
    import argparse

    from airflow.cli.cli_config import GroupCommand

    def add(parser: ArgumentParser, those: Iterable[ActionCommand | GroupCommand]) -> None:
        places = parser.add_subparsers(required=True, metavar="COMMAND")
        for command in those:
            place = places.add_parser(command.name, help=command.help, description=command.help)
            if isinstance(command, GroupCommand):
                add(place, command.subcommands)
                continue
            for argument in command.args:
                argument.add_to_parser(place)
            place.set_defaults(func=command.func)

    parser = argparse.ArgumentParser(prog=prog)
    add(parser, commands)
    chosen = parser.parse_args(arguments)
    return chosen.func(chosen)
