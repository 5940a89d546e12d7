"""Runs one tick of `production_run_reminders` and three events of `production_run_events` end to end on this machine.

Shows on one screen what happened, keeps the whole of it in files, and stops everything.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import requests
from psycopg.rows import DictRow, dict_row

from sandbox import airflow_commands, airflow_env, embedded, postgres, processes, receiver, shop, stack
from sandbox.connections import SETTINGS, as_environment, connections
from sandbox.demo import hearing, report
from sandbox.graph_api import server as graph_api

FOLDER = airflow_env.SANDBOX / "demo"
REPORT = "report.txt"
"""All that is told, of which the screen shows the beginnings."""
PHONES = "phones.html"
"""The phones page as it stands at the end, when the local Graph API has gone."""
EVENTS = {"sent_to_partner": "SENT23H", "cancelled": "AXED", "completed": "ENDED"}
"""What has just happened in the sample shop, and to which of its runs."""
PARTNER = shop.partner_id("RAJESH")
"""Who has five runs that are stuck."""
TEMPLATES = ["*_reminder_*_v1", "*_digest_v1", "*_assigned_v1", "*_cancelled_v1", "*_completed_v1"]
QUERIES = Path(__file__).parent
INDIA = ZoneInfo("Asia/Kolkata")
TICK_SECONDS = 300.0
DEMO_SETTINGS: dict[str, Any] = SETTINGS | {"delivery": "live"}


class DemoError(processes.SandboxError):
    """The tick did not do what it should; the message says what."""


def demo() -> None:
    """The demo from its first step to its last."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    on_screen, tick = stack.telling(), dt.datetime.now(INDIA).replace(second=0, microsecond=0)
    with contextlib.ExitStack() as running:
        full = running.enter_context((FOLDER / REPORT).open("w", encoding="utf-8"))
        in_full = functools.partial(print, file=full, flush=True)

        def tell(line: str) -> None:
            on_screen(line)
            in_full(line)

        tell("PostgreSQL")
        server = running.enter_context(postgres.server(FOLDER / "postgres"))
        tell(f"Sample shop: {len(shop.expectations())} production runs around {report.day_and_time(tick)}")
        stack.make_databases(server, tick)
        tell("Local Graph API")
        api = running.enter_context(graph_api.running(templates=False))
        stack.tell_who_wrote(server, api)
        tell("Airflow's own database")
        made = _connections(server, api.url)
        airflow = running.enter_context(airflow_commands.running(FOLDER, _airflow(server, made), dag_runs=True))
        airflow.run(["db", "migrate"], FOLDER / "migrate.log")
        run = functools.partial(_run_dag, airflow.start, server.url_of(airflow_env.METADATA), in_full)
        tell(f"{stack.TEMPLATES_DAG}: plan for accounts that have no templates, then submit")
        run(stack.TEMPLATES_DAG, {"mode": "upsert", "templates": TEMPLATES}, shown={"plan": report.plan_of})
        in_full("Receiver of webhooks, as a process of its own")
        api.subscribe(running.enter_context(receiver.running(FOLDER, made)))
        api.set_webhooks(status_delays=hearing.BY_ORDER)
        tell(f"One tick of {stack.DAG}, live, to the local Graph API")
        run(stack.DAG, {"delivery": "live"}, at=tick)
        tell(f"{stack.EVENTS_DAG}: a run was assigned, one cancelled, one completed")
        run(stack.EVENTS_DAG, {"delivery": "live", "events": _events()})
        tell("The tick again for a partner with five runs, as a dry run with setting digest on")
        run(stack.DAG, {"delivery": "dry_run", "partner_ids": [PARTNER]}, changed={"digest": True}, log_name="digest")
        rows = functools.partial(_rows, server.url_of(stack.MESSAGE_LOG))
        cast = hearing.Cast.of(api.outbox(), {row["meta_message_id"]: row["run"] for row in rows("reminders.sql")})
        tell("Meta tells what became of them: all were read but one, which failed")
        heard = hearing.tell_statuses(api, cast, rows)
        in_full(f"  {heard['read']} read, {heard['failed']} failed")
        outbox = {message["id"]: message for message in api.outbox()}
        shown = _all_of_it(server.url_of(stack.MESSAGE_LOG), server.url_of(stack.SHOP), outbox, tick)
        tell("Two partners answer: one writes STOP, one asks for help")
        hearing.answer(api, cast)
        hearing.wait_until(lambda: rows("asked_for_help.sql") or None, "what the partners answered")
        tell(f"{stack.UPKEEP_DAG}: replies to them, and calls for people")
        run(stack.UPKEEP_DAG, {})
        tell("The tick again for what failed: it is made up for")
        again = [cast.run_of(rows, cast.unlucky)]
        run(stack.DAG, {"delivery": "live", "production_run_ids": again}, log_name="again")
        hearing.wait_until(lambda: rows("heard.sql")[0]["under_way"] == 0 or None, "what became of them")
        tell("Done.")
        shown.append(report.Part("What Meta and the partners answered, and what came of it", hearing.story(cast, rows)))
        for part in shown:
            in_full("\n".join(["", part.head, "", *part.lines]))
        print("\n".join(report.one_screen(shown)))
        (FOLDER / PHONES).write_text(report.kept_page(requests.get(api.url, timeout=30).text), encoding="utf-8")
        print(f"\nThe phones, as they are now: {(FOLDER / PHONES).resolve().as_uri()}")
        print(
            f"All of it: {os.path.relpath(FOLDER / REPORT)}; the logs of the DAG runs: {os.path.relpath(FOLDER)}/*.log"
        )
        print("To see it in Airflow's own pages, and to answer as a partner: make up", flush=True)


def _events() -> list[dict[str, str]]:
    return [
        {"event": f"production_run.{event}", "production_run_id": shop.run_id(run)} for event, run in EVENTS.items()
    ]


def _connections(server: postgres.Server, graph_api_url: str) -> dict[str, dict[str, Any]]:
    return connections(
        shop_url=stack.shop_reader_url(server),
        message_log_url=server.url_of(stack.MESSAGE_LOG),
        graph_api_url=graph_api_url,
    )


def _airflow(server: postgres.Server, made: dict[str, dict[str, Any]]) -> dict[str, str]:
    """A new Airflow's environment, with the project's connections and settings in it."""
    home = FOLDER / "airflow"
    shutil.rmtree(home, ignore_errors=True)
    airflow = airflow_env.airflow_environment(home, server, airflow_env.new_secrets(), port=embedded.free_port())
    return airflow | as_environment(made, DEMO_SETTINGS)


def _run_dag(
    start: Callable[..., processes.Running],
    metadata_url: str,
    tell: Callable[[str], None],
    dag_id: str,
    conf: Mapping[str, Any],
    *,
    at: dt.datetime | None = None,
    changed: Mapping[str, Any] | None = None,
    log_name: str | None = None,
    shown: Mapping[str, Callable[[str], str]] | None = None,
) -> None:
    """Run a DAG once; tell of each task that is over or will be tried again.

    Args:
        start: Begins an `airflow` command (`airflow_commands.AirflowCommands.start`).
        metadata_url: Airflow's own database.
        tell: Told of each task, and of what is to be shown.
        dag_id: The DAG.
        conf: The run's params.
        at: Its logical date.
        changed: Settings that are different in this run.
        log_name: What its log is called; by default as the DAG.
        shown: By task, what to tell of the log when the task is over.

    Raises:
        processes.ProcessFailedError: The DAG run failed, or took too long.
    """
    log = FOLDER / f"{log_name or dag_id}.log"
    settings = as_environment({}, {**DEMO_SETTINGS, **(changed or {})})
    arguments = ["dags", "test", dag_id, *([at.isoformat()] if at else []), "--conf", json.dumps(conf)]
    began, told = dt.datetime.now(dt.UTC), set[tuple[str, bool]]()
    dag_run = start(f"The DAG run of {dag_id}", arguments, log=log, changed=settings)
    for _ in processes.pauses(TICK_SECONDS, longest=0.5):
        status = dag_run.status()
        for row in _rows(metadata_url, "progress.sql", dag_id=dag_id, began=began):
            news = (row["task"], row["is_over"])
            if (row["is_over"] or row["will_be_tried_again"]) and news not in told:
                told.add(news)
                tell(f"  {row['task']}: {row['states']}")
                if shown and row["task"] in shown:
                    tell("\n" + shown[row["task"]](log.read_text(encoding="utf-8")) + "\n")
        if status == 0:
            return
        if status is not None:
            break
    raise dag_run.failure()


def _all_of_it(
    message_log_url: str, shop_url: str, outbox: Mapping[str, Mapping[str, Any]], tick: dt.datetime
) -> list[report.Part]:
    """What the tick and the events led to, from the message log, the shop and what Meta took.

    Raises:
        DemoError: The two disagree, or nothing was sent.
    """
    found = {row["kind"]: row["runs"] for row in _rows(message_log_url, "found.sql")}
    decisions = [report.Decision(**row) for row in _rows(message_log_url, "decisions.sql")]
    messages = report.in_order(
        report.Sent(taken=outbox.get(row.pop("meta_message_id")), **row)
        for row in _rows(message_log_url, "messages.sql")
    )
    problems = [f"{message.production_run_id}: {message.problem}" for message in messages if message.problem]
    if problems or not messages or len(outbox) != len(messages):
        raise DemoError(
            "\n".join(problems)
            or f"The message log says {len(messages)} messages left, the outbox holds {len(outbox)}."
        )
    (census,) = _rows(message_log_url, "census.sql", dag_id=stack.DAG)
    logged = [report.Logged(**row) for row in _rows(shop_url, "logged.sql", tick=tick)]
    idle = {row["production_run_id"] for row in _rows(message_log_url, "idle.sql")}
    told = [report.Told(**row) for row in _rows(message_log_url, "to_partner.sql", partner_id=PARTNER)]
    blocks = (report.message_block(number, message) for number, message in enumerate(messages, start=1))
    head = f"What was sent: {report.census_line(census['inspected'], found, census['no_partner'])}"
    return [
        report.Part(head, report.decision_table(found, decisions)),
        report.Part("What is idle", report.not_called_idle(logged, idle, tick), on_screen=False),
        report.Part("The messages, as Meta took them", [line for block in blocks for line in (*block, "")]),
        report.Part("One message for several runs", report.both_policies(told), on_screen=False),
    ]


def _rows(url: str, query: str, **parameters: Any) -> list[DictRow]:
    """The rows that a query of this folder gives."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute((QUERIES / query).read_bytes(), parameters).fetchall()


if __name__ == "__main__":
    sys.exit(processes.run(demo))
